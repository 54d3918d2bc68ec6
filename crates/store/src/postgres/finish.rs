//! How scans end, and how failed ones begin again.
//!
//! Whoever ends a scan holds its row's lock, so that nobody ties it to other images meanwhile, and
//! looks at its images afterwards.

use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{interval, read_word};
use super::statements::statements;
use super::{bulk_change, outbox};
use crate::error::Result;
use crate::jobs::image_message;
use crate::{ScanFailure, ScanId, StoreSettings, TenantId};

statements! {
    CANCEL = "UPDATE scans SET state = 'cancelled', finished_at = now()
              WHERE id = $1 AND tenant_id = $2 AND state IN ('queued', 'cataloging')
              RETURNING id";
    CANCEL_ALL = "WITH open AS MATERIALIZED (
                SELECT id FROM scans WHERE id = ANY ($1::uuid[]) AND state IN ('queued', 'cataloging')
                ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE scans SET state = 'cancelled', finished_at = now()
            FROM open WHERE scans.id = open.id
            RETURNING scans.id";
    FAIL = "WITH open AS MATERIALIZED (
                SELECT id FROM scans WHERE id = ANY ($1::uuid[]) AND state IN ('queued', 'cataloging')
                ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE scans SET state = 'failed', finished_at = now(), failure_code = $2,
                failure_message = $3, failure_remedy = $4, failure_retryable = $5
            FROM open WHERE scans.id = open.id
            RETURNING scans.id";
    LOCK_SCANS_OF_IMAGE = "SELECT scans.id FROM scans
        WHERE state = 'cataloging'
          AND id IN (SELECT scan_images.scan_id FROM images
                     JOIN scan_images ON scan_images.image_id = images.id
                     WHERE images.digest = $1)
        ORDER BY id FOR NO KEY UPDATE";
    /// An image counts when it is assembled for the scan's cataloger set and its package set has a
    /// summary, unless there are no advisories at all.
    FINISH = "UPDATE scans SET state = 'done', finished_at = now()
        WHERE id = ANY ($1::uuid[])
          AND NOT EXISTS (
              SELECT 1 FROM scan_images
              JOIN images ON images.id = scan_images.image_id
              LEFT JOIN package_sets ON package_sets.id = images.package_set_id
              WHERE scan_images.scan_id = scans.id
                AND (images.cataloger_set IS DISTINCT FROM scans.cataloger_set
                     OR package_sets.revision = 0 AND EXISTS (SELECT 1 FROM revisions)))
        RETURNING id";
    /// The oldest first.
    WAITING = "SELECT DISTINCT scan_id FROM awaited_layers
        WHERE layer_id = (SELECT id FROM layers WHERE digest = $1) AND cataloger_set = $2
        ORDER BY scan_id LIMIT $3";
    FAILED_WITH = "SELECT DISTINCT scans.id FROM layers
        JOIN layer_catalogs ON layer_catalogs.layer_id = layers.id
            AND layer_catalogs.cataloger_set = $2 AND layer_catalogs.state = 'failed'
        JOIN image_layers ON image_layers.layer_id = layers.id
        JOIN scan_images ON scan_images.image_id = image_layers.image_id
        JOIN scans ON scans.id = scan_images.scan_id
            AND scans.state = 'failed' AND scans.cataloger_set = $2
        WHERE layers.digest = $1
        ORDER BY scans.id";
    REQUEUE = "WITH failed AS MATERIALIZED (
            SELECT id FROM scans WHERE id = ANY ($1::uuid[]) AND state = 'failed'
            ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE scans SET state = 'queued', requests = requests + 1, tries = 0, due_at = now() + $2,
            started_at = NULL, finished_at = NULL, failure_code = NULL, failure_message = NULL,
            failure_remedy = NULL, failure_retryable = NULL
        FROM failed WHERE scans.id = failed.id
        RETURNING scans.id, lane, requests, traceparent";
    STOP_WAITING = "DELETE FROM awaited_layers WHERE scan_id = ANY ($1::uuid[])";
}

pub(super) async fn cancel_scan(c: &mut PgConnection, tenant: TenantId, id: ScanId) -> Result<()> {
    let cancelled = sqlx::query_scalar(CANCEL)
        .bind(id.0)
        .bind(tenant.0)
        .fetch_all(&mut *c)
        .await?;
    end(c, cancelled).await?;
    Ok(())
}

/// Cancels those of these scans that have not ended.
pub(super) async fn cancel_scans(c: &mut PgConnection, ids: &[Uuid]) -> Result<()> {
    let cancelled = sqlx::query_scalar(CANCEL_ALL)
        .bind(ids)
        .fetch_all(&mut *c)
        .await?;
    end(c, cancelled).await?;
    Ok(())
}

/// Ends those of these scans that have not ended; which.
pub(super) async fn fail_scans(
    c: &mut PgConnection,
    ids: &[Uuid],
    failure: &ScanFailure,
) -> Result<Vec<ScanId>> {
    let failed = sqlx::query_scalar(FAIL)
        .bind(ids)
        .bind(&failure.code)
        .bind(&failure.message)
        .bind(&failure.remedy)
        .bind(failure.retryable)
        .fetch_all(&mut *c)
        .await?;
    end(c, failed).await
}

pub(super) async fn fail_scans_of_layer(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
    failure: &ScanFailure,
) -> Result<Vec<ScanId>> {
    let waiting = scans_waiting(c, layer, cataloger_set, i64::MAX).await?;
    fail_scans(c, &waiting, failure).await
}

pub(super) async fn finish_scans(c: &mut PgConnection, image: Digest) -> Result<Vec<ScanId>> {
    let candidates: Vec<Uuid> = sqlx::query_scalar(LOCK_SCANS_OF_IMAGE)
        .bind(image.as_bytes().as_slice())
        .fetch_all(&mut *c)
        .await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let finished = sqlx::query_scalar(FINISH)
        .bind(candidates)
        .fetch_all(&mut *c)
        .await?;
    end(c, finished).await
}

/// Open scans that wait for a layer, the oldest first.
pub(super) async fn scans_waiting(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
    limit: i64,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(WAITING)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .bind(limit)
        .fetch_all(c)
        .await?)
}

/// Failed scans whose images hold a layer that is marked as failed.
pub(super) async fn scans_failed_with(
    c: &mut PgConnection,
    layer: Digest,
    cataloger_set: &str,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(FAILED_WITH)
        .bind(layer.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_all(c)
        .await?)
}

/// A scan whose image job is to be published.
#[derive(FromRow)]
pub(super) struct ImageRequest {
    id: Uuid,
    lane: String,
    requests: i64,
    traceparent: Option<String>,
}

/// Queues those of these scans that have failed, as if they were new.
pub(super) async fn requeue_failed_scans(
    c: &mut PgConnection,
    ids: &[Uuid],
    settings: &StoreSettings,
) -> Result<Vec<ScanId>> {
    let requests = sqlx::query_as(REQUEUE)
        .bind(ids)
        .bind(interval(settings.lost_after))
        .fetch_all(&mut *c)
        .await?;
    let queued = request_image_jobs(c, requests).await?;
    let scans: Vec<Uuid> = queued.iter().map(|id| id.0).collect();
    bulk_change::reopen_items(c, &scans).await?;
    Ok(queued)
}

/// Puts image jobs of scans into the outbox.
pub(super) async fn request_image_jobs(
    c: &mut PgConnection,
    requests: Vec<ImageRequest>,
) -> Result<Vec<ScanId>> {
    let mut messages = Vec::with_capacity(requests.len());
    let mut ids = Vec::with_capacity(requests.len());
    for request in requests {
        let lane = read_word(&request.lane, str::parse)?;
        let (id, number) = (request.id, request.requests);
        messages.push(image_message(id, lane, number, request.traceparent));
        ids.push(ScanId(id));
    }
    outbox::add_messages(c, &messages).await?;
    Ok(ids)
}

async fn end(c: &mut PgConnection, ended: Vec<Uuid>) -> Result<Vec<ScanId>> {
    if !ended.is_empty() {
        sqlx::query(STOP_WAITING).bind(&ended).execute(c).await?;
    }
    Ok(ended.into_iter().map(ScanId).collect())
}
