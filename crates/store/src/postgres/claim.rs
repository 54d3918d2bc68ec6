//! Who works on a layer: claims, leases, and what ends them.
//!
//! A layer that nobody awaits becomes `unwanted`, while a scan may begin to wait for it at the same
//! moment. Neither waits for the other: the scan commits that it waits and then looks at the layer;
//! here the layer is committed as unwanted and then it is looked for scans that wait. Whoever commits
//! last sees the other.

use std::time::Duration;

use scanyard_package::Digest;
use sqlx::postgres::PgConnection;

use super::columns::{interval, write_size};
use super::statements::statements;
use crate::error::Result;
use crate::{Claim, Lease, StoredLayer};

/// When to ask again about a row that changed while it was looked at.
const SOON: Duration = Duration::from_millis(100);

statements! {
    LOCK_FREE = "SELECT catalogs.layer_id FROM layer_catalogs AS catalogs
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
          AND (state IN ('wanted', 'failed', 'unwanted') OR state = 'leased' AND due_at <= now())
        FOR NO KEY UPDATE";
    /// A layer that nobody awaits becomes `unwanted`, so that the next scan asks for it again; one
    /// that failed stays so, which tells whoever redrives its job which scans it failed.
    CLAIM = "UPDATE layer_catalogs SET
            state = CASE WHEN is_awaited THEN 'leased' WHEN state = 'failed' THEN 'failed'
                         ELSE 'unwanted' END,
            attempt = attempt + is_awaited::integer, tries = tries + is_awaited::integer,
            bytes_done = 0, due_at = now() + $3
        FROM (SELECT EXISTS (SELECT 1 FROM awaited_layers
                             WHERE layer_id = $1 AND cataloger_set = $2) AS is_awaited) AS wish
        WHERE layer_id = $1 AND cataloger_set = $2
        RETURNING state, attempt";
    STATE = "SELECT state, (extract(epoch FROM due_at - clock_timestamp()) * 1000000)::bigint
        FROM layer_catalogs
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2";
    /// A lease that expired is as good as ever while nobody else claimed the layer.
    LOCK_OWN = "SELECT layer_id FROM layer_catalogs
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
          AND attempt = $3 AND state IN ('leased', 'wanted')
        FOR NO KEY UPDATE";
    RENEW = "UPDATE layer_catalogs SET
            state = CASE WHEN EXISTS (SELECT 1 FROM awaited_layers
                                      WHERE layer_id = $1 AND cataloger_set = $2)
                         THEN 'leased' ELSE 'unwanted' END,
            due_at = now() + $3, bytes_done = $4
        WHERE layer_id = $1 AND cataloger_set = $2
        RETURNING state = 'leased'";
    IS_AWAITED = "SELECT EXISTS (
            SELECT 1 FROM awaited_layers
            WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2)";
    /// Takes a layer back that became unwanted a moment ago, unless a scan asked for it already.
    REVIVE = "UPDATE layer_catalogs AS catalogs
        SET state = 'leased', due_at = now() + $4
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
          AND attempt = $3 AND state = 'unwanted'
          AND EXISTS (SELECT 1 FROM awaited_layers AS awaited
                      WHERE awaited.layer_id = catalogs.layer_id AND awaited.cataloger_set = $2)";
    /// Giving back is no crash, so the try does not count.
    RELEASE = "UPDATE layer_catalogs
        SET state = 'wanted', tries = greatest(tries - 1, 0), due_at = now() + $4
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
          AND attempt = $3 AND state = 'leased'";
    /// The attempt number decides, not the clock: while nobody else claimed the layer, its inventory
    /// is welcome however late. A second commit after a lost answer says true again.
    COMMIT = "WITH done AS (
            UPDATE layer_catalogs SET state = 'done', diff_id = $4, compressed_bytes = $5,
                decompressed_bytes = $6, bytes_done = $5
            WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
              AND attempt = $3
            RETURNING layer_id
        ), stored AS (
            INSERT INTO layer_inventories (layer_id, cataloger_set, size, inventory)
            SELECT layer_id, $2, $7, $8 FROM done
            ON CONFLICT DO NOTHING
        )
        SELECT EXISTS (SELECT 1 FROM done)";
    FAIL = "UPDATE layer_catalogs SET state = 'failed', due_at = now() + $3
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
          AND state <> 'done'";
}

pub(super) async fn claim_layer(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
    lease: Duration,
) -> Result<Claim> {
    let free: Option<i64> = sqlx::query_scalar(LOCK_FREE)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_optional(&mut *c)
        .await?;
    let Some(layer_id) = free else {
        return held_or_done(c, layer, cataloger_set).await;
    };
    let (state, attempt): (String, i64) = sqlx::query_as(CLAIM)
        .bind(layer_id)
        .bind(cataloger_set)
        .bind(interval(lease))
        .fetch_one(c)
        .await?;
    Ok(match state.as_str() {
        "leased" => Claim::Acquired(Lease {
            layer,
            cataloger_set: cataloger_set.to_owned(),
            attempt,
        }),
        _ => Claim::Unwanted,
    })
}

async fn held_or_done(c: &mut PgConnection, layer: Digest, cataloger_set: &str) -> Result<Claim> {
    let row: Option<(String, i64)> = sqlx::query_as(STATE)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_optional(c)
        .await?;
    Ok(match row {
        None => Claim::Unwanted,
        Some((state, left)) => match state.as_str() {
            "done" => Claim::Done,
            "leased" => Claim::Held(Duration::from_micros(u64::try_from(left).unwrap_or(0))),
            _ => Claim::Held(SOON),
        },
    })
}

/// Whether a scan waits for the layer.
pub(super) async fn is_awaited(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
) -> Result<bool> {
    Ok(sqlx::query_scalar(IS_AWAITED)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_one(c)
        .await?)
}

pub(super) async fn revive_lease(
    c: &mut PgConnection,
    lease: &Lease,
    duration: Duration,
) -> Result<bool> {
    let revived = sqlx::query(REVIVE)
        .bind(lease.layer.as_bytes().as_slice())
        .bind(&lease.cataloger_set)
        .bind(lease.attempt)
        .bind(interval(duration))
        .execute(c)
        .await?;
    Ok(revived.rows_affected() > 0)
}

pub(super) async fn renew_lease(
    c: &mut PgConnection,
    lease: &Lease,
    duration: Duration,
    bytes_done: u64,
) -> Result<bool> {
    let own: Option<i64> = sqlx::query_scalar(LOCK_OWN)
        .bind(lease.layer.as_bytes().as_slice())
        .bind(&lease.cataloger_set)
        .bind(lease.attempt)
        .fetch_optional(&mut *c)
        .await?;
    let Some(layer_id) = own else {
        return Ok(false);
    };
    Ok(sqlx::query_scalar(RENEW)
        .bind(layer_id)
        .bind(&lease.cataloger_set)
        .bind(interval(duration))
        .bind(write_size(bytes_done))
        .fetch_one(c)
        .await?)
}

pub(super) async fn release_lease(
    c: &mut PgConnection,
    lease: &Lease,
    lost_after: Duration,
) -> Result<()> {
    sqlx::query(RELEASE)
        .bind(lease.layer.as_bytes().as_slice())
        .bind(&lease.cataloger_set)
        .bind(lease.attempt)
        .bind(interval(lost_after))
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn commit_layer(
    c: &mut PgConnection,
    lease: &Lease,
    layer: &StoredLayer,
    compressed: &[u8],
) -> Result<bool> {
    Ok(sqlx::query_scalar(COMMIT)
        .bind(lease.layer.as_bytes().as_slice())
        .bind(&lease.cataloger_set)
        .bind(lease.attempt)
        .bind(layer.diff_id.as_bytes().as_slice())
        .bind(write_size(layer.compressed_bytes))
        .bind(write_size(layer.decompressed_bytes))
        .bind(write_size(layer.inventory.len() as u64))
        .bind(compressed)
        .fetch_one(c)
        .await?)
}

pub(super) async fn fail_layer(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
    lost_after: Duration,
) -> Result<()> {
    sqlx::query(FAIL)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .bind(interval(lost_after))
        .execute(c)
        .await?;
    Ok(())
}
