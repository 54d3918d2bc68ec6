//! An image out of its layers: fold their inventories, store its package set, match what is not
//! matched yet, and end the scans that waited for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::histogram;
use scanyard_assessment::{ActiveAdvisories, AssessError, match_set};
use scanyard_inventory::{DecodeError, FoldedLayer, ImageInventory, LayerInventory, fold};
use scanyard_package::{Coverage, CoverageKind, Digest};
use scanyard_store::{ImageLayer, PackageSet, StoreError, StoredLayer};
use scanyard_telemetry::name;

use crate::WorkerContext;
use crate::failure::{JobError, advisories_not_loaded};

/// Longest wait for advisories that the store knows and this process has not loaded yet.
const ADVISORIES: Duration = Duration::from_secs(10);

/// Assembles an image all of whose layers have inventories of the cataloger set. Idempotent: whoever dies on the way
/// leaves an image that still has scans waiting, and the next one goes on where it ended.
#[tracing::instrument(skip_all, fields(%image))]
pub async fn assemble(
    worker: &WorkerContext,
    image: Digest,
    cataloger_set: &str,
) -> Result<(), JobError> {
    let Some(set) = package_set_of(worker, image, cataloger_set).await? else {
        return Ok(());
    };
    let mut at_least = 0;
    loop {
        let advisories = advisories_in_use(worker, at_least).await?;
        if let Some(advisories) = &advisories {
            let begun = Instant::now();
            match match_set(worker.store.as_ref(), advisories, set).await {
                // The fleet has moved on to a revision that this process has not loaded yet.
                Err(AssessError::Store(StoreError::Superseded { at })) => {
                    at_least = at;
                    continue;
                }
                matched => matched?,
            }
            histogram!(name::STEP_SECONDS, "step" => "match").record(begun.elapsed());
        }
        worker.store.finish_scans(image).await?;
        // The first advisories may have come in between; then its scans wait to be matched.
        if advisories.is_some() || worker.store.current_revision().await?.is_none() {
            return Ok(());
        }
    }
}

/// What the image was assembled to, by somebody before or now; `None` when a layer is missing.
async fn package_set_of(
    worker: &WorkerContext,
    image: Digest,
    cataloger_set: &str,
) -> Result<Option<Digest>, JobError> {
    let store = &worker.store;
    if let Some(set) = store.assembled_set(image, cataloger_set).await? {
        return Ok(Some(set));
    }
    let begun = Instant::now();
    let Some(stored) = store.image_inventories(image, cataloger_set).await? else {
        return Ok(None);
    };
    let folding = tokio::task::spawn_blocking(move || fold_stored(&stored));
    let inventory = folding.await.map_err(|error| JobError::of_task(&error))??;
    let layers = store.image_layers(image).await?.unwrap_or_default();
    let coverage = image_coverage(&inventory, &layers);
    let set = package_set(&inventory);
    store
        .assemble_image(image, cataloger_set, &set, &coverage)
        .await?;
    histogram!(name::STEP_SECONDS, "step" => "assemble").record(begun.elapsed());
    Ok(Some(set.digest))
}

/// The advisories to match against, of this revision or a later one; `None` while there are none at
/// all. This process may have to load what others use already.
async fn advisories_in_use(
    worker: &WorkerContext,
    at_least: i64,
) -> Result<Option<Arc<ActiveAdvisories>>, JobError> {
    let is_new_enough = |active: &Arc<ActiveAdvisories>| active.revision.sequence >= at_least;
    if let Some(active) = worker.advisories.current().filter(is_new_enough) {
        return Ok(Some(active));
    }
    if worker.store.current_revision().await?.is_none() {
        return Ok(None);
    }
    let mut changes = worker.advisories.subscribe();
    let loaded = tokio::time::timeout(
        ADVISORIES,
        changes.wait_for(|active| active.as_ref().is_some_and(is_new_enough)),
    )
    .await;
    match loaded {
        Ok(Ok(active)) => Ok(active.clone()),
        _ => Err(advisories_not_loaded()),
    }
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
    if inventory.distro.is_none() && inventory.packages.is_empty() {
        coverage.push(nothing_recognised());
    }
    coverage.sort();
    coverage.dedup();
    coverage
}

/// An image without packages has nowhere else to say that it is not simply clean.
fn nothing_recognised() -> Coverage {
    Coverage::new(
        CoverageKind::NoDistro,
        "os-release",
        "neither a distro nor any package was recognised, so there was nothing to match",
    )
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
        let inventory = ImageInventory {
            distro: Some(Distro::new("alpine", "3.18.4")),
            ..ImageInventory::default()
        };
        let coverage = image_coverage(&inventory, std::slice::from_ref(&layer));
        assert_eq!(coverage.len(), 1);
        assert_eq!(coverage[0].kind, CoverageKind::ForeignLayer);
        assert_eq!(coverage[0].subject, layer.digest.to_string());
    }

    #[test]
    fn an_image_in_which_nothing_is_recognised_is_not_clean() {
        let coverage = image_coverage(&ImageInventory::default(), &[]);
        let kinds: Vec<_> = coverage.iter().map(|gap| gap.kind).collect();
        assert_eq!(kinds, [CoverageKind::NoDistro]);
    }

    #[test]
    fn a_damaged_inventory_is_refused() {
        let mut layer = stored(Vec::new(), None);
        layer.inventory = vec![1, 2, 3];
        assert!(fold_stored(&[layer]).is_err());
    }
}
