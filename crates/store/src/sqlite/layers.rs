//! Layers: the port, the jobs that ask for them, and their inventories.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{digests_json, read_digest, read_size, read_uuid, read_word};
use super::{SqliteStore, claim, outbox, reap};
use crate::error::Result;
use crate::jobs::layer_message;
use crate::stored_inventory::{compress, decompress};
use crate::{Claim, LayerInventories, Lease, StoredLayer, TenantId};

#[async_trait]
impl LayerInventories for SqliteStore {
    async fn claim_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        lease: Duration,
    ) -> Result<Claim> {
        let set = cataloger_set.to_owned();
        self.write(move |c| {
            Box::pin(async move { claim::claim_layer(c, layer, &set, lease).await })
        })
        .await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        duration: Duration,
        bytes_done: u64,
    ) -> Result<bool> {
        let lease = lease.clone();
        self.write(move |c| {
            Box::pin(async move { claim::renew_lease(c, &lease, duration, bytes_done).await })
        })
        .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let (lease, lost_after) = (lease.clone(), self.settings.lost_after);
        self.write(move |c| {
            Box::pin(async move { claim::release_lease(c, &lease, lost_after).await })
        })
        .await
    }

    async fn commit_layer(&self, lease: &Lease, layer: &StoredLayer) -> Result<bool> {
        let (lease, layer) = (lease.clone(), layer.clone());
        let compressed = compress(&layer.inventory)?;
        self.write(move |c| {
            Box::pin(async move { claim::commit_layer(c, &lease, &layer, &compressed).await })
        })
        .await
    }

    async fn fail_layer(&self, layer: Digest, cataloger_set: &str) -> Result<()> {
        let (set, lost_after) = (cataloger_set.to_owned(), self.settings.lost_after);
        self.write(move |c| {
            Box::pin(async move { claim::fail_layer(c, layer, &set, lost_after).await })
        })
        .await
    }

    async fn image_inventories(
        &self,
        image: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Vec<StoredLayer>>> {
        let rows: Vec<InventoryRow> = sqlx::query_as(
            "SELECT layers.digest, catalogs.diff_id, catalogs.compressed_bytes,
                    catalogs.decompressed_bytes, inventories.size, inventories.inventory
             FROM image_layers
             JOIN layers ON layers.id = image_layers.layer_id
             LEFT JOIN layer_catalogs AS catalogs ON catalogs.layer_id = image_layers.layer_id
                 AND catalogs.cataloger_set = ?2 AND catalogs.state = 'done'
             LEFT JOIN layer_inventories AS inventories
                 ON inventories.layer_id = catalogs.layer_id
                 AND inventories.cataloger_set = catalogs.cataloger_set
             WHERE image_layers.image_id = (SELECT id FROM images WHERE digest = ?1)
               AND NOT image_layers.is_foreign
             ORDER BY image_layers.position",
        )
        .bind(image.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_all(self.readers())
        .await?;
        if rows.is_empty() && !self.is_image(image).await? {
            return Ok(None);
        }
        rows.into_iter()
            .map(InventoryRow::read)
            .collect::<Option<Result<Vec<_>>>>()
            .transpose()
    }

    async fn images_ready(&self, layer: Digest, cataloger_set: &str) -> Result<Vec<Digest>> {
        let digests: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT DISTINCT images.digest FROM layers
             JOIN awaited_layers AS awaited ON awaited.layer_id = layers.id
                 AND awaited.cataloger_set = ?2
             JOIN images ON images.id = awaited.image_id
             WHERE layers.digest = ?1
               AND NOT EXISTS (
                   SELECT 1 FROM image_layers
                   LEFT JOIN layer_catalogs AS catalogs
                       ON catalogs.layer_id = image_layers.layer_id
                       AND catalogs.cataloger_set = ?2
                   WHERE image_layers.image_id = awaited.image_id
                     AND NOT image_layers.is_foreign AND catalogs.state IS NOT 'done')",
        )
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_all(self.readers())
        .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }

    async fn layers_reached(&self, tenant: TenantId, layers: &[Digest]) -> Result<Vec<Digest>> {
        let digests: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT layers.digest FROM json_each(?2) AS wanted
             JOIN layers ON layers.digest = unhex(wanted.value)
             JOIN tenant_layers ON tenant_layers.tenant_id = ?1
                 AND tenant_layers.layer_id = layers.id",
        )
        .bind(tenant.0)
        .bind(digests_json(layers))
        .fetch_all(self.readers())
        .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }

    async fn reap_leases(&self) -> Result<u64> {
        let settings = self.settings;
        self.write_and_notify(move |c| Box::pin(async move { reap::reap(c, &settings).await }))
            .await
    }
}

impl SqliteStore {
    pub(super) async fn is_image(&self, image: Digest) -> Result<bool> {
        Ok(
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM images WHERE digest = ?1)")
                .bind(image.as_bytes().as_slice())
                .fetch_one(self.readers())
                .await?,
        )
    }
}

#[derive(FromRow)]
struct InventoryRow {
    digest: Vec<u8>,
    diff_id: Option<Vec<u8>>,
    compressed_bytes: Option<i64>,
    decompressed_bytes: Option<i64>,
    size: Option<i64>,
    inventory: Option<Vec<u8>>,
}

impl InventoryRow {
    /// `None` when the layer has no inventory.
    fn read(self) -> Option<Result<StoredLayer>> {
        let (Some(diff_id), Some(compressed), Some(size)) =
            (self.diff_id, self.inventory, self.size)
        else {
            return None;
        };
        Some(read_digest(&self.digest).and_then(|digest| {
            Ok(StoredLayer {
                digest,
                diff_id: read_digest(&diff_id)?,
                compressed_bytes: read_size(self.compressed_bytes.unwrap_or_default()),
                decompressed_bytes: read_size(self.decompressed_bytes.unwrap_or_default()),
                inventory: decompress(&compressed, size)?,
            })
        }))
    }
}

/// A layer whose job is to be published.
#[derive(FromRow)]
pub(super) struct LayerRequest {
    layer_id: i64,
    cataloger_set: String,
    lane: String,
    requests: i64,
}

/// Puts layer jobs into the outbox, each in the name of the oldest scan that waits.
pub(super) async fn request_layer_jobs(
    c: &mut SqliteConnection,
    requests: Vec<LayerRequest>,
) -> Result<u64> {
    let mut messages = Vec::with_capacity(requests.len());
    for request in &requests {
        let waiting: Option<(Vec<u8>, Vec<u8>, Option<String>)> = sqlx::query_as(
            "SELECT layers.digest, scans.id, scans.traceparent
             FROM awaited_layers AS awaited
             JOIN layers ON layers.id = awaited.layer_id
             JOIN scans ON scans.id = awaited.scan_id
             WHERE awaited.layer_id = ?1 AND awaited.cataloger_set = ?2
             ORDER BY scans.id LIMIT 1",
        )
        .bind(request.layer_id)
        .bind(&request.cataloger_set)
        .fetch_optional(&mut *c)
        .await?;
        if let Some((digest, scan_id, traceparent)) = waiting {
            let layer = read_digest(&digest)?;
            let lane = read_word(&request.lane, str::parse)?;
            let message = layer_message(
                layer,
                &request.cataloger_set,
                request.requests,
                lane,
                (read_uuid(&scan_id)?, traceparent),
            );
            messages.push(message);
        }
    }
    outbox::add_messages(c, &messages).await?;
    Ok(messages.len() as u64)
}
