//! An image out of its layers: fold their inventories, store its package set, match what is not
//! matched yet, and end the scans that waited for it.

use std::time::Instant;

use metrics::histogram;
use scanyard_assessment::match_set;
use scanyard_inventory::{
    CATALOGER_SET, DecodeError, FoldedLayer, ImageInventory, LayerInventory, fold,
};
use scanyard_package::{Coverage, CoverageKind, Digest};
use scanyard_store::{ImageLayer, PackageSet, StoredLayer};
use scanyard_telemetry::name;

use crate::WorkerContext;
use crate::failure::JobError;

/// Assembles an image all of whose layers have inventories. Idempotent: whoever dies on the way
/// leaves an image that still has scans waiting, and the next one does the same again.
pub async fn assemble(worker: &WorkerContext, image: Digest) -> Result<(), JobError> {
    let begun = Instant::now();
    let store = &worker.store;
    let Some(stored) = store.image_inventories(image, CATALOGER_SET).await? else {
        return Ok(());
    };
    let folding = tokio::task::spawn_blocking(move || fold_stored(&stored));
    let inventory = folding.await.map_err(|error| JobError::of_task(&error))??;
    let layers = store.image_layers(image).await?.unwrap_or_default();
    let coverage = image_coverage(&inventory, &layers);
    let set = package_set(&inventory);
    store
        .assemble_image(image, CATALOGER_SET, &set, &coverage)
        .await?;
    histogram!(name::STEP_SECONDS, "step" => "assemble").record(begun.elapsed());
    if let Some(advisories) = worker.advisories.current() {
        let begun = Instant::now();
        match_set(store.as_ref(), &advisories, set.digest).await?;
        histogram!(name::STEP_SECONDS, "step" => "match").record(begun.elapsed());
    }
    store.finish_scans(image).await?;
    Ok(())
}

fn fold_stored(stored: &[StoredLayer]) -> Result<ImageInventory, DecodeError> {
    let inventories: Vec<_> = stored
        .iter()
        .map(|layer| LayerInventory::decode(&layer.inventory))
        .collect::<Result<_, _>>()?;
    let layers: Vec<_> = stored
        .iter()
        .zip(&inventories)
        .map(|(layer, inventory)| FoldedLayer {
            digest: layer.digest,
            inventory,
        })
        .collect();
    Ok(fold(&layers))
}

fn package_set(inventory: &ImageInventory) -> PackageSet {
    let mut packages: Vec<_> = inventory
        .packages
        .iter()
        .map(|located| (inventory.purl(located), located.package.clone()))
        .collect();
    packages.sort_unstable();
    packages.dedup_by(|a, b| a.0 == b.0);
    PackageSet {
        digest: inventory.package_set_digest(),
        distro: inventory.distro.clone(),
        packages,
    }
}

/// What of the image itself could not be read, whatever the advisories are.
fn image_coverage(inventory: &ImageInventory, layers: &[ImageLayer]) -> Vec<Coverage> {
    let foreign = layers.iter().filter(|layer| layer.foreign).map(|layer| {
        Coverage::new(
            CoverageKind::ForeignLayer,
            layer.digest.to_string(),
            "the layer's bytes are not in the registry, so what is in it is not known",
        )
    });
    let mut coverage = inventory.coverage.clone();
    coverage.extend(foreign);
    coverage.sort();
    coverage.dedup();
    coverage
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_inventory::FileEvidence;
    use scanyard_package::{Distro, Package, PackageKind};

    fn stored(packages: Vec<Package>, distro: Option<Distro>) -> StoredLayer {
        let mut inventory = LayerInventory::default();
        let evidence = FileEvidence::of_packages(packages);
        inventory
            .files
            .insert("lib/apk/db/installed".into(), evidence);
        let release = FileEvidence {
            distro,
            ..FileEvidence::default()
        };
        inventory.files.insert("etc/os-release".into(), release);
        StoredLayer {
            digest: Digest::from_bytes([1; 32]),
            diff_id: Digest::from_bytes([2; 32]),
            compressed_bytes: 1,
            decompressed_bytes: 1,
            inventory: inventory.encode(),
        }
    }

    #[test]
    fn a_package_set_names_each_package_by_its_purl() {
        let packages = vec![Package::new(PackageKind::Apk, "musl", "1.2.4-r0")];
        let layer = stored(packages, Some(Distro::new("alpine", "3.18.4")));
        let set = package_set(&fold_stored(&[layer]).unwrap());
        let purls: Vec<_> = set.packages.iter().map(|(purl, _)| purl.as_str()).collect();
        assert_eq!(purls, ["pkg:apk/alpine/musl@1.2.4-r0?distro=alpine-3.18.4"]);
    }

    #[test]
    fn a_foreign_layer_is_a_gap() {
        let layer = ImageLayer {
            digest: Digest::from_bytes([7; 32]),
            size: 1,
            media_type: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into(),
            foreign: true,
        };
        let coverage = image_coverage(&ImageInventory::default(), &[layer.clone()]);
        assert_eq!(coverage.len(), 1);
        assert_eq!(coverage[0].kind, CoverageKind::ForeignLayer);
        assert_eq!(coverage[0].subject, layer.digest.to_string());
    }

    #[test]
    fn a_damaged_inventory_is_refused() {
        let mut layer = stored(Vec::new(), None);
        layer.inventory = vec![1, 2, 3];
        assert!(fold_stored(&[layer]).is_err());
    }
}
