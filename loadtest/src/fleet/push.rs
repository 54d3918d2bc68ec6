//! Images of a fleet scanned through the port of the store, one after the other, as workers do.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{bail, ensure};
use chrono::DateTime;
use scanyard_inventory::CatalogerSet;
use scanyard_package::Digest;
use scanyard_protocol::Lane;
use scanyard_store::{
    Claim, ConfigEvidence, CreatedScan, ImageLayer, NewImage, NewScan, PackageSet, Recorded,
    ScanId, Store, StoredLayer, Tag,
};
use scanyard_testkit::sha256;
use uuid::Uuid;

use super::contents::inventory;
use super::model::{LAYER_BYTES, MEDIA_TYPE};
use super::{Fleet, FleetSet, Sighting};

/// Longer than any push takes.
const LEASE: Duration = Duration::from_secs(3600);
/// The outbox is read in pieces of this size.
const MESSAGES: u32 = 1_000;

impl Fleet {
    /// Scans what a sighting saw up to its package set, which is returned: it is to be matched, and
    /// then its scans end. With a tag of its own, the image is tagged so instead.
    ///
    /// # Errors
    ///
    /// When the store refuses, or somebody else scans the same layers.
    pub async fn push(
        &self,
        store: &dyn Store,
        sighting: &Sighting,
        tag: Option<&str>,
    ) -> anyhow::Result<Digest> {
        let tag = tag.unwrap_or(&sighting.tag);
        let image = self.new_image(sighting, tag);
        let scan = self.create_scan(store, sighting, tag).await?;
        let name = CatalogerSet::STANDARD.name();
        let recorded = store
            .record_images(scan, std::slice::from_ref(&image), name)
            .await?;
        if recorded == Recorded::Waiting {
            for layer in &self.images[sighting.image].layers {
                self.catalog_layer(store, *layer).await?;
            }
        }
        forget_messages(store).await?;
        let set = self.package_set(&self.sets[self.images[sighting.image].set]);
        store.assemble_image(image.digest, name, &set, &[]).await?;
        Ok(set.digest)
    }

    async fn create_scan(
        &self,
        store: &dyn Store,
        sighting: &Sighting,
        tag: &str,
    ) -> anyhow::Result<ScanId> {
        let repository = &self.repositories[sighting.repository];
        let scan = NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant: repository.tenant,
            reference: format!("{}:{tag}", repository.name),
            platform: None,
            lane: Lane::Bulk,
            idempotency_key: None,
            traceparent: None,
        };
        let created = store.create_scan(&scan).await?;
        ensure!(matches!(created, CreatedScan::New(_)), "the id is taken");
        Ok(scan.id)
    }

    fn new_image(&self, sighting: &Sighting, tag: &str) -> NewImage {
        let image = &self.images[sighting.image];
        let repository = &self.repositories[sighting.repository].name;
        let layers = image.layers.iter().map(|layer| ImageLayer {
            digest: self.layers[*layer].digest,
            size: LAYER_BYTES,
            media_type: MEDIA_TYPE.to_owned(),
            foreign: false,
        });
        let created = DateTime::from_timestamp_micros(image.created).unwrap_or_default();
        NewImage {
            digest: image.digest,
            root_digest: image.digest,
            config_digest: sha256(image.digest.as_bytes()),
            platform: "linux/amd64".to_owned(),
            created: Some(created.to_rfc3339()),
            labels: BTreeMap::new(),
            config: ConfigEvidence::default(),
            layers: layers.collect(),
            tag: Some(Tag {
                repository: repository.clone(),
                name: tag.to_owned(),
            }),
            repository: repository.clone(),
        }
    }

    async fn catalog_layer(&self, store: &dyn Store, layer: usize) -> anyhow::Result<()> {
        let layer = &self.layers[layer];
        let name = CatalogerSet::STANDARD.name();
        let lease = match store.claim_layer(layer.digest, name, LEASE).await? {
            Claim::Acquired(lease) => lease,
            Claim::Done => return Ok(()),
            other => bail!("layer {} is not free: {other:?}", layer.digest),
        };
        let stored = StoredLayer {
            digest: layer.digest,
            diff_id: sha256(layer.digest.as_bytes()),
            compressed_bytes: LAYER_BYTES,
            decompressed_bytes: 3 * LAYER_BYTES,
            inventory: inventory(self, layer).encode(),
        };
        store.commit_layer(&lease, &stored).await?;
        Ok(())
    }

    /// A package set as workers store it.
    pub fn package_set(&self, set: &FleetSet) -> PackageSet {
        let packages = set.packages.iter().map(|place| {
            let package = &self.packages[*place];
            (package.purl.clone(), package.package.clone())
        });
        PackageSet {
            digest: set.digest,
            distro: self.distros.get(set.distro).cloned(),
            packages: packages.collect(),
        }
    }
}

/// Nobody takes the jobs that are asked for here.
async fn forget_messages(store: &dyn Store) -> anyhow::Result<()> {
    let messages = store.pending_messages(MESSAGES).await?;
    let ids: Vec<String> = messages.into_iter().map(|message| message.id).collect();
    store.remove_messages(&ids).await?;
    Ok(())
}
