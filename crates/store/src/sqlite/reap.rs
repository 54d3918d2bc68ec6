//! Work that was lost: leases that expired, jobs that never came.

use sqlx::sqlite::SqliteConnection;

use super::columns::{micros, now, read_digest};
use super::finish::{self, RequestRow};
use super::layers::{LayerRequest, request_layer_jobs};
use crate::StoreSettings;
use crate::error::Result;
use crate::jobs::{layer_abandoned, scan_abandoned};

pub(super) async fn reap(c: &mut SqliteConnection, settings: &StoreSettings) -> Result<u64> {
    let now = now();
    give_up_layers(c, settings, now).await?;
    give_up_scans(c, settings, now).await?;
    let layers = request_lost_layers(c, settings, now).await?;
    let scans = request_lost_scans(c, settings, now).await?;
    Ok(layers + scans)
}

async fn give_up_layers(
    c: &mut SqliteConnection,
    settings: &StoreSettings,
    now: i64,
) -> Result<()> {
    let given_up: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "UPDATE layer_catalogs SET state = 'failed'
         WHERE state <> 'done' AND due_at <= ?1 AND tries >= ?2
           AND (layer_id, cataloger_set) IN (SELECT layer_id, cataloger_set FROM awaited_layers)
         RETURNING (SELECT digest FROM layers WHERE id = layer_id), cataloger_set",
    )
    .bind(now)
    .bind(settings.max_tries)
    .fetch_all(&mut *c)
    .await?;
    for (digest, cataloger_set) in given_up {
        let layer = read_digest(&digest)?;
        let waiting = finish::scans_waiting(c, layer, &cataloger_set).await?;
        finish::fail_scans(c, &waiting, &layer_abandoned(layer)).await?;
    }
    Ok(())
}

async fn give_up_scans(c: &mut SqliteConnection, settings: &StoreSettings, now: i64) -> Result<()> {
    let ids: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT id FROM scans
         WHERE state IN ('queued', 'cataloging') AND due_at <= ?1 AND tries >= ?2",
    )
    .bind(now)
    .bind(settings.max_tries)
    .fetch_all(&mut *c)
    .await?;
    finish::fail_scans(c, &finish::read_ids(ids)?, &scan_abandoned()).await?;
    Ok(())
}

async fn request_lost_layers(
    c: &mut SqliteConnection,
    settings: &StoreSettings,
    now: i64,
) -> Result<u64> {
    let requests: Vec<LayerRequest> = sqlx::query_as(
        "UPDATE layer_catalogs
         SET state = 'wanted', requests = requests + 1, due_at = ?1 + (?2 << min(requests, 6))
         WHERE state <> 'done' AND due_at <= ?1
           AND (layer_id, cataloger_set) IN (SELECT layer_id, cataloger_set FROM awaited_layers)
         RETURNING layer_id, cataloger_set, lane, requests",
    )
    .bind(now)
    .bind(micros(settings.lost_after))
    .fetch_all(&mut *c)
    .await?;
    request_layer_jobs(c, requests).await
}

/// Queued scans that nobody took up, and scans whose layers are all done and that nobody ended.
/// Those that wait for a layer are in that layer's hands.
async fn request_lost_scans(
    c: &mut SqliteConnection,
    settings: &StoreSettings,
    now: i64,
) -> Result<u64> {
    let rows: Vec<RequestRow> = sqlx::query_as(
        "UPDATE scans
         SET requests = requests + 1, tries = tries + 1, due_at = ?1 + (?2 << min(tries + 1, 6))
         WHERE state IN ('queued', 'cataloging') AND due_at <= ?1
           AND NOT EXISTS (
               SELECT 1 FROM awaited_layers
               JOIN layer_catalogs USING (layer_id, cataloger_set)
               WHERE awaited_layers.scan_id = scans.id AND layer_catalogs.state <> 'done')
         RETURNING id, lane, requests, traceparent",
    )
    .bind(now)
    .bind(micros(settings.lost_after))
    .fetch_all(&mut *c)
    .await?;
    Ok(finish::request_image_jobs(c, rows).await?.len() as u64)
}
