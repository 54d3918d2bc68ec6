//! How scans end, and how failed ones begin again.

use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::columns::{ids_json, micros, now, read_uuid, read_word};
use super::scans::read_scan;
use super::{bulk_change, outbox};
use crate::error::Result;
use crate::jobs::image_message;
use crate::{Scan, ScanFailure, ScanId, StoreSettings, TenantId};

pub(super) async fn cancel_scan(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: ScanId,
) -> Result<Option<Scan>> {
    let cancelled: Vec<Vec<u8>> = sqlx::query_scalar(
        "UPDATE scans SET state = 'cancelled', finished_at = ?3
         WHERE id = ?1 AND tenant_id = ?2 AND state IN ('queued', 'cataloging')
         RETURNING id",
    )
    .bind(id.0)
    .bind(tenant.0)
    .bind(now())
    .fetch_all(&mut *c)
    .await?;
    stop_waiting(c, &read_ids(cancelled)?).await?;
    let scan = read_scan(c, id).await?;
    Ok(scan.filter(|scan| scan.tenant == tenant))
}

/// Cancels those of these scans that have not ended.
pub(super) async fn cancel_scans(c: &mut SqliteConnection, ids: &[Uuid]) -> Result<()> {
    let cancelled: Vec<Vec<u8>> = sqlx::query_scalar(
        "UPDATE scans SET state = 'cancelled', finished_at = ?2
         WHERE id IN (SELECT unhex(value) FROM json_each(?1))
           AND state IN ('queued', 'cataloging')
         RETURNING id",
    )
    .bind(ids_json(ids))
    .bind(now())
    .fetch_all(&mut *c)
    .await?;
    stop_waiting(c, &read_ids(cancelled)?).await
}

/// Ends those of these scans that have not ended; which.
pub(super) async fn fail_scans(
    c: &mut SqliteConnection,
    ids: &[Uuid],
    failure: &ScanFailure,
) -> Result<Vec<ScanId>> {
    let failed: Vec<Vec<u8>> = sqlx::query_scalar(
        "UPDATE scans SET state = 'failed', finished_at = ?2, failure_code = ?3,
                          failure_message = ?4, failure_remedy = ?5, failure_retryable = ?6
         WHERE id IN (SELECT unhex(value) FROM json_each(?1))
           AND state IN ('queued', 'cataloging')
         RETURNING id",
    )
    .bind(ids_json(ids))
    .bind(now())
    .bind(&failure.code)
    .bind(&failure.message)
    .bind(&failure.remedy)
    .bind(failure.retryable)
    .fetch_all(&mut *c)
    .await?;
    end(c, failed).await
}

/// An image counts when it is assembled for the scan's cataloger set and its package set has a
/// summary, unless there are no advisories at all.
pub(super) async fn finish_scans(c: &mut SqliteConnection, image: Digest) -> Result<Vec<ScanId>> {
    let finished: Vec<Vec<u8>> = sqlx::query_scalar(
        "UPDATE scans SET state = 'done', finished_at = ?2
         WHERE state = 'cataloging'
           AND id IN (SELECT scan_images.scan_id FROM images
                      JOIN scan_images ON scan_images.image_id = images.id
                      WHERE images.digest = ?1)
           AND NOT EXISTS (
               SELECT 1 FROM scan_images
               JOIN images ON images.id = scan_images.image_id
               LEFT JOIN package_sets ON package_sets.id = images.package_set_id
               WHERE scan_images.scan_id = scans.id
                 AND (images.cataloger_set IS NOT scans.cataloger_set
                      OR package_sets.revision = 0 AND EXISTS (SELECT 1 FROM revisions)))
         RETURNING id",
    )
    .bind(image.as_bytes().as_slice())
    .bind(now())
    .fetch_all(&mut *c)
    .await?;
    end(c, finished).await
}

/// Open scans that wait for a layer, the oldest first.
pub(super) async fn scans_waiting(
    c: &mut SqliteConnection,
    layer: Digest,
    cataloger_set: &str,
) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT scan_id FROM awaited_layers
         WHERE layer_id = (SELECT id FROM layers WHERE digest = ?1) AND cataloger_set = ?2
         ORDER BY scan_id",
    )
    .bind(layer.as_bytes().as_slice())
    .bind(cataloger_set)
    .fetch_all(c)
    .await?;
    read_ids(ids)
}

/// Failed scans whose images hold a layer that is marked as failed.
pub(super) async fn scans_failed_with(
    c: &mut SqliteConnection,
    layer: Digest,
    cataloger_set: &str,
) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT scans.id FROM layers
         JOIN layer_catalogs ON layer_catalogs.layer_id = layers.id
             AND layer_catalogs.cataloger_set = ?2 AND layer_catalogs.state = 'failed'
         JOIN image_layers ON image_layers.layer_id = layers.id
         JOIN scan_images ON scan_images.image_id = image_layers.image_id
         JOIN scans ON scans.id = scan_images.scan_id
             AND scans.state = 'failed' AND scans.cataloger_set = ?2
         WHERE layers.digest = ?1
         ORDER BY scans.id",
    )
    .bind(layer.as_bytes().as_slice())
    .bind(cataloger_set)
    .fetch_all(c)
    .await?;
    read_ids(ids)
}

#[derive(FromRow)]
pub(super) struct RequestRow {
    id: Vec<u8>,
    lane: String,
    requests: i64,
    traceparent: Option<String>,
}

/// Queues those of these scans that have failed, as if they were new.
pub(super) async fn requeue_failed_scans(
    c: &mut SqliteConnection,
    ids: &[Uuid],
    settings: &StoreSettings,
) -> Result<Vec<ScanId>> {
    let rows: Vec<RequestRow> = sqlx::query_as(
        "UPDATE scans SET state = 'queued', requests = requests + 1, tries = 0, due_at = ?2,
                          started_at = NULL, finished_at = NULL, failure_code = NULL,
                          failure_message = NULL, failure_remedy = NULL, failure_retryable = NULL
         WHERE id IN (SELECT unhex(value) FROM json_each(?1)) AND state = 'failed'
         RETURNING id, lane, requests, traceparent",
    )
    .bind(ids_json(ids))
    .bind(now().saturating_add(micros(settings.lost_after)))
    .fetch_all(&mut *c)
    .await?;
    let ids = request_image_jobs(c, rows).await?;
    let scans: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    bulk_change::reopen_items(c, &scans).await?;
    Ok(ids)
}

/// Puts image jobs of scans into the outbox.
pub(super) async fn request_image_jobs(
    c: &mut SqliteConnection,
    rows: Vec<RequestRow>,
) -> Result<Vec<ScanId>> {
    let mut messages = Vec::with_capacity(rows.len());
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let id = read_uuid(&row.id)?;
        let lane = read_word(&row.lane, str::parse)?;
        messages.push(image_message(id, lane, row.requests, row.traceparent));
        ids.push(ScanId(id));
    }
    outbox::add_messages(c, &messages).await?;
    Ok(ids)
}

async fn end(c: &mut SqliteConnection, ended: Vec<Vec<u8>>) -> Result<Vec<ScanId>> {
    let ids = read_ids(ended)?;
    stop_waiting(c, &ids).await?;
    Ok(ids.into_iter().map(ScanId).collect())
}

async fn stop_waiting(c: &mut SqliteConnection, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM awaited_layers WHERE scan_id IN (SELECT unhex(value) FROM json_each(?1))",
    )
    .bind(ids_json(ids))
    .execute(c)
    .await?;
    Ok(())
}

pub(super) fn read_ids(ids: Vec<Vec<u8>>) -> Result<Vec<Uuid>> {
    ids.iter().map(|id| read_uuid(id)).collect()
}
