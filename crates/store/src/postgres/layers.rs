//! Layers: the port, the jobs that ask for them, and their inventories.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{bytes_of, read_digest, read_size, read_word};
use super::image_rows::is_image;
use super::statements::statements;
use super::{PostgresStore, claim, outbox, reap};
use crate::error::Result;
use crate::jobs::layer_message;
use crate::stored_inventory::{compress, decompress};
use crate::{Claim, LayerInventories, Lease, StoredLayer, TenantId};

statements! {
    INVENTORIES = "SELECT layers.digest, catalogs.diff_id, catalogs.compressed_bytes,
               catalogs.decompressed_bytes, inventories.size, inventories.inventory
        FROM image_layers
        JOIN layers ON layers.id = image_layers.layer_id
        LEFT JOIN layer_catalogs AS catalogs ON catalogs.layer_id = image_layers.layer_id
            AND catalogs.cataloger_set = $2 AND catalogs.state = 'done'
        LEFT JOIN layer_inventories AS inventories ON inventories.layer_id = catalogs.layer_id
            AND inventories.cataloger_set = catalogs.cataloger_set
        WHERE image_layers.image_id = (SELECT id FROM images WHERE digest = $1)
          AND NOT image_layers.is_foreign
        ORDER BY image_layers.position";
    READY = "SELECT DISTINCT images.digest FROM layers
        JOIN awaited_layers AS awaited ON awaited.layer_id = layers.id
            AND awaited.cataloger_set = $2
        JOIN images ON images.id = awaited.image_id
        WHERE layers.digest = $1
          AND NOT EXISTS (
              SELECT 1 FROM image_layers
              LEFT JOIN layer_catalogs AS catalogs ON catalogs.layer_id = image_layers.layer_id
                  AND catalogs.cataloger_set = $2
              WHERE image_layers.image_id = awaited.image_id
                AND NOT image_layers.is_foreign
                AND catalogs.state IS DISTINCT FROM 'done')";
    REACHED = "SELECT layers.digest FROM layers
        JOIN tenant_layers ON tenant_layers.tenant_id = $1 AND tenant_layers.layer_id = layers.id
        WHERE layers.digest = ANY ($2::bytea[])";
    /// For each layer the oldest scan that waits.
    WAITING = "SELECT layers.digest, asked.cataloger_set, asked.lane, asked.requests,
               scans.id AS scan_id, scans.traceparent
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
            AS asked (layer_id, cataloger_set, lane, requests)
        JOIN layers ON layers.id = asked.layer_id
        CROSS JOIN LATERAL (
            SELECT min(awaited.scan_id::text)::uuid AS scan_id FROM awaited_layers AS awaited
            WHERE awaited.layer_id = asked.layer_id
              AND awaited.cataloger_set = asked.cataloger_set
        ) AS oldest
        JOIN scans ON scans.id = oldest.scan_id
        ORDER BY layers.digest";
}

#[async_trait]
impl LayerInventories for PostgresStore {
    async fn claim_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        lease: Duration,
    ) -> Result<Claim> {
        loop {
            let claim = self
                .session
                .transaction(move |c, _| {
                    Box::pin(
                        async move { claim::claim_layer(c, layer, cataloger_set, lease).await },
                    )
                })
                .await?;
            if claim != Claim::Unwanted {
                return Ok(claim);
            }
            let is_awaited = self
                .session
                .run(move |c, _| {
                    Box::pin(async move { claim::is_awaited(c, layer, cataloger_set).await })
                })
                .await?;
            if !is_awaited {
                return Ok(Claim::Unwanted);
            }
        }
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        duration: Duration,
        bytes_done: u64,
    ) -> Result<bool> {
        let renewed = self
            .session
            .transaction(move |c, _| {
                Box::pin(async move { claim::renew_lease(c, lease, duration, bytes_done).await })
            })
            .await?;
        if renewed {
            return Ok(true);
        }
        self.session
            .run(move |c, _| Box::pin(async move { claim::revive_lease(c, lease, duration).await }))
            .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(
                    async move { claim::release_lease(c, lease, self.settings.lost_after).await },
                )
            })
            .await
    }

    async fn commit_layer(&self, lease: &Lease, layer: &StoredLayer) -> Result<bool> {
        let compressed = &compress(&layer.inventory)?;
        self.session
            .run(move |c, _| {
                Box::pin(async move { claim::commit_layer(c, lease, layer, compressed).await })
            })
            .await
    }

    async fn fail_layer(&self, layer: Digest, cataloger_set: &str) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    claim::fail_layer(c, layer, cataloger_set, self.settings.lost_after).await
                })
            })
            .await
    }

    async fn image_inventories(
        &self,
        image: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Vec<StoredLayer>>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let rows: Vec<InventoryRow> = sqlx::query_as(INVENTORIES)
                        .bind(image.as_bytes().as_slice())
                        .bind(cataloger_set)
                        .fetch_all(&mut *c)
                        .await?;
                    if rows.is_empty() && !is_image(c, image).await? {
                        return Ok(None);
                    }
                    rows.into_iter()
                        .map(InventoryRow::read)
                        .collect::<Option<Result<Vec<_>>>>()
                        .transpose()
                })
            })
            .await
    }

    async fn images_ready(&self, layer: Digest, cataloger_set: &str) -> Result<Vec<Digest>> {
        let digests: Vec<Vec<u8>> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(READY)
                        .bind(layer.as_bytes().as_slice())
                        .bind(cataloger_set)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }

    async fn layers_reached(&self, tenant: TenantId, layers: &[Digest]) -> Result<Vec<Digest>> {
        let digests: Vec<Vec<u8>> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(REACHED)
                        .bind(tenant.0)
                        .bind(bytes_of(layers))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }

    async fn reap_leases(&self) -> Result<u64> {
        reap::reap(&self.session, &self.settings).await
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

#[derive(FromRow)]
struct WaitingRow {
    digest: Vec<u8>,
    cataloger_set: String,
    lane: String,
    requests: i64,
    scan_id: Uuid,
    traceparent: Option<String>,
}

/// Puts layer jobs into the outbox, each in the name of the oldest scan that waits; how many.
pub(super) async fn request_layer_jobs(
    c: &mut PgConnection,
    requests: Vec<LayerRequest>,
) -> Result<u64> {
    if requests.is_empty() {
        return Ok(0);
    }
    let column = |read: fn(&LayerRequest) -> &str| requests.iter().map(read).collect::<Vec<_>>();
    let layer_ids: Vec<i64> = requests.iter().map(|request| request.layer_id).collect();
    let numbers: Vec<i64> = requests.iter().map(|request| request.requests).collect();
    let rows: Vec<WaitingRow> = sqlx::query_as(WAITING)
        .bind(layer_ids)
        .bind(column(|request| &request.cataloger_set))
        .bind(column(|request| &request.lane))
        .bind(numbers)
        .fetch_all(&mut *c)
        .await?;
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let lane = read_word(&row.lane, str::parse)?;
        let layer = read_digest(&row.digest)?;
        let scan = (row.scan_id, row.traceparent);
        messages.push(layer_message(
            layer,
            &row.cataloger_set,
            row.requests,
            lane,
            scan,
        ));
    }
    outbox::add_messages(c, &messages).await?;
    Ok(messages.len() as u64)
}
