//! Who works on a layer: claims, leases, and what ends them.

use std::time::Duration;

use scanyard_package::Digest;
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::columns::{micros, now, write_size};
use crate::error::Result;
use crate::{Claim, Lease, StoredLayer};

pub(super) async fn claim_layer(
    c: &mut SqliteConnection,
    layer: Digest,
    cataloger_set: &str,
    lease: Duration,
) -> Result<Claim> {
    let now = now();
    // A layer that nobody awaits becomes `unwanted`, so that the next scan asks for it again; one
    // that failed stays so, which tells whoever redrives its job which scans it failed.
    let row: Option<(String, i64)> = sqlx::query_as(
        "UPDATE layer_catalogs SET
             state = iif(is_awaited, 'leased', iif(state = 'failed', 'failed', 'unwanted')),
             attempt = attempt + is_awaited, tries = tries + is_awaited,
             bytes_done = 0, due_at = ?4
         FROM (SELECT layers.id AS awaited_id, EXISTS (
                   SELECT 1 FROM awaited_layers
                   WHERE awaited_layers.layer_id = layers.id
                     AND awaited_layers.cataloger_set = ?2) AS is_awaited
               FROM layers WHERE layers.digest = ?1)
         WHERE layer_id = awaited_id AND cataloger_set = ?2
           AND (state IN ('wanted', 'failed', 'unwanted') OR state = 'leased' AND due_at <= ?3)
         RETURNING state, attempt",
    )
    .bind(layer.as_bytes().as_slice())
    .bind(cataloger_set)
    .bind(now)
    .bind(now.saturating_add(micros(lease)))
    .fetch_optional(&mut *c)
    .await?;
    match row {
        Some((state, attempt)) if state == "leased" => Ok(Claim::Acquired(Lease {
            layer,
            cataloger_set: cataloger_set.to_owned(),
            attempt,
        })),
        Some(_) => Ok(Claim::Unwanted),
        None => held_or_done(c, layer, cataloger_set, now).await,
    }
}

async fn held_or_done(
    c: &mut SqliteConnection,
    layer: Digest,
    cataloger_set: &str,
    now: i64,
) -> Result<Claim> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "SELECT state, due_at FROM layer_catalogs
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2",
    )
    .bind(layer.as_bytes().as_slice())
    .bind(cataloger_set)
    .fetch_optional(c)
    .await?;
    Ok(match row {
        None => Claim::Unwanted,
        Some((state, _)) if state == "done" => Claim::Done,
        Some((_, until)) => {
            let left = u64::try_from(until.saturating_sub(now)).unwrap_or_default();
            Claim::Held(Duration::from_micros(left))
        }
    })
}

/// A lease that expired is as good as ever while nobody else claimed the layer.
pub(super) async fn renew_lease(
    c: &mut SqliteConnection,
    lease: &Lease,
    duration: Duration,
    bytes_done: u64,
) -> Result<bool> {
    let state: Option<String> = sqlx::query_scalar(
        "UPDATE layer_catalogs SET
             state = iif(EXISTS (SELECT 1 FROM awaited_layers
                                 WHERE awaited_layers.layer_id = layer_catalogs.layer_id
                                   AND awaited_layers.cataloger_set = ?2), 'leased', 'unwanted'),
             due_at = ?4, bytes_done = ?5
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2
           AND attempt = ?3 AND state IN ('leased', 'wanted')
         RETURNING state",
    )
    .bind(lease.layer.as_bytes().as_slice())
    .bind(&lease.cataloger_set)
    .bind(lease.attempt)
    .bind(now().saturating_add(micros(duration)))
    .bind(write_size(bytes_done))
    .fetch_optional(c)
    .await?;
    Ok(state.as_deref() == Some("leased"))
}

/// Giving back is no crash, so the try does not count.
pub(super) async fn release_lease(
    c: &mut SqliteConnection,
    lease: &Lease,
    lost_after: Duration,
) -> Result<()> {
    query(
        "UPDATE layer_catalogs SET state = 'wanted', tries = max(tries - 1, 0), due_at = ?4
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2
           AND attempt = ?3 AND state = 'leased'",
    )
    .bind(lease.layer.as_bytes().as_slice())
    .bind(&lease.cataloger_set)
    .bind(lease.attempt)
    .bind(now().saturating_add(micros(lost_after)))
    .execute(c)
    .await?;
    Ok(())
}

/// The attempt number decides, not the clock: while nobody else claimed the layer, its inventory is
/// welcome however late. A second commit after a lost answer says true again.
pub(super) async fn commit_layer(
    c: &mut SqliteConnection,
    lease: &Lease,
    layer: &StoredLayer,
    compressed: &[u8],
) -> Result<bool> {
    let layer_id: Option<i64> = sqlx::query_scalar(
        "UPDATE layer_catalogs SET state = 'done', diff_id = ?4, compressed_bytes = ?5,
                                   decompressed_bytes = ?6, bytes_done = ?5
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2
           AND attempt = ?3
         RETURNING layer_id",
    )
    .bind(lease.layer.as_bytes().as_slice())
    .bind(&lease.cataloger_set)
    .bind(lease.attempt)
    .bind(layer.diff_id.as_bytes().as_slice())
    .bind(write_size(layer.compressed_bytes))
    .bind(write_size(layer.decompressed_bytes))
    .fetch_optional(&mut *c)
    .await?;
    let Some(layer_id) = layer_id else {
        return Ok(false);
    };
    query(
        "INSERT INTO layer_inventories (layer_id, cataloger_set, size, inventory)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(layer_id)
    .bind(&lease.cataloger_set)
    .bind(i64::try_from(layer.inventory.len()).unwrap_or(i64::MAX))
    .bind(compressed)
    .execute(c)
    .await?;
    Ok(true)
}

pub(super) async fn fail_layer(
    c: &mut SqliteConnection,
    layer: Digest,
    cataloger_set: &str,
    lost_after: Duration,
) -> Result<()> {
    query(
        "UPDATE layer_catalogs SET state = 'failed', due_at = ?3
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2
           AND state <> 'done'",
    )
    .bind(layer.as_bytes().as_slice())
    .bind(cataloger_set)
    .bind(now().saturating_add(micros(lost_after)))
    .execute(c)
    .await?;
    Ok(())
}
