//! Bulks paused, resumed, cancelled and tried again.

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::bulk_feed::settle;
use super::finish;
use super::statements::statements;
use crate::error::Result;
use crate::{BulkId, BulkState};

/// Items of one transaction.
const RETRY_BATCH: i64 = 1000;

statements! {
    MOVE = "UPDATE bulks SET state = $3 WHERE id = $1 AND state = $2";
    CANCEL = "UPDATE bulks SET state = 'cancelled', finished_at = now(),
            idempotency_key = CASE state WHEN 'receiving' THEN NULL ELSE idempotency_key END
        WHERE id = $1 AND state IN ('receiving', 'running', 'paused')";
    OPEN_SCANS = "SELECT scan_id FROM bulk_items
        WHERE bulk_id = $1 AND state = 'open' AND scan_id IS NOT NULL";
    COUNT_CANCELLED = "UPDATE bulks SET cancelled = accepted - done - failed, fed = accepted
        WHERE id = $1";
    RETRY_LISTING = "UPDATE bulks SET is_listed = false, listing_tries = 0, due_at = now(),
            failure_code = NULL, failure_message = NULL, failure_remedy = NULL,
            failure_retryable = NULL, finished_at = NULL,
            state = CASE state WHEN 'done' THEN 'running' ELSE state END
        WHERE id = $1 AND failure_code IS NOT NULL AND state IN ('running', 'paused', 'done')";
    RETRY_END = "SELECT next_position FROM bulks
        WHERE id = $1 AND state IN ('running', 'paused', 'done')";
    LOCK_RETRIED = "SELECT id FROM bulks
        WHERE id = $1 AND state IN ('running', 'paused', 'done') FOR NO KEY UPDATE";
    FAILED_ITEMS = "SELECT position FROM bulk_items
        WHERE bulk_id = $1 AND state = 'failed' AND position < $2
        ORDER BY position LIMIT $3 FOR NO KEY UPDATE";
    MOVE_ITEMS = "UPDATE bulk_items
        SET state = 'waiting', scan_id = NULL, failure_code = NULL,
            position = next_position + failed.place - 1
        FROM unnest($2::bigint[]) WITH ORDINALITY AS failed (position, place), bulks
        WHERE bulks.id = $1 AND bulk_items.bulk_id = $1
          AND bulk_items.position = failed.position";
    COUNT_RETRIED = "UPDATE bulks SET next_position = next_position + $2, failed = failed - $2,
            fed = fed - $2, state = CASE state WHEN 'done' THEN 'running' ELSE state END,
            finished_at = NULL
        WHERE id = $1";
    REOPEN = "WITH reopened AS (
            UPDATE bulk_items SET state = 'open', failure_code = NULL
            WHERE scan_id = ANY ($1::uuid[]) AND state = 'failed'
            RETURNING bulk_id
        )
        UPDATE bulks SET failed = failed - counted.items,
            finished_at = CASE state WHEN 'done' THEN NULL ELSE finished_at END,
            state = CASE state WHEN 'done' THEN 'running' ELSE state END
        FROM (SELECT bulk_id, count(*) AS items FROM reopened GROUP BY bulk_id) AS counted
        WHERE bulks.id = counted.bulk_id";
}

pub(super) async fn move_bulk(
    c: &mut PgConnection,
    id: BulkId,
    from: BulkState,
    to: BulkState,
) -> Result<()> {
    sqlx::query(MOVE)
        .bind(id.0)
        .bind(from.name())
        .bind(to.name())
        .execute(c)
        .await?;
    Ok(())
}

/// Ends the scans that are open, no more than a window. Items that were never fed stay as they are:
/// that the bulk is cancelled says it of all of them.
pub(super) async fn cancel(c: &mut PgConnection, id: BulkId) -> Result<()> {
    let cancelled = sqlx::query(CANCEL).bind(id.0).execute(&mut *c).await?;
    if cancelled.rows_affected() == 0 {
        return Ok(());
    }
    let open: Vec<Uuid> = sqlx::query_scalar(OPEN_SCANS)
        .bind(id.0)
        .fetch_all(&mut *c)
        .await?;
    finish::cancel_scans(c, &open).await?;
    settle(c).await?;
    sqlx::query(COUNT_CANCELLED).bind(id.0).execute(c).await?;
    Ok(())
}

/// Lets a listing that failed go on; the position before which failed items are tried again.
pub(super) async fn begin_retry(c: &mut PgConnection, id: BulkId) -> Result<Option<i64>> {
    settle(c).await?;
    sqlx::query(RETRY_LISTING)
        .bind(id.0)
        .execute(&mut *c)
        .await?;
    Ok(sqlx::query_scalar(RETRY_END)
        .bind(id.0)
        .fetch_optional(c)
        .await?)
}

/// Moves some failed items to the end, as if they were new; whether there may be more.
pub(super) async fn retry_some(c: &mut PgConnection, id: BulkId, end: i64) -> Result<bool> {
    let locked: Option<Uuid> = sqlx::query_scalar(LOCK_RETRIED)
        .bind(id.0)
        .fetch_optional(&mut *c)
        .await?;
    if locked.is_none() {
        return Ok(false);
    }
    let failed: Vec<i64> = sqlx::query_scalar(FAILED_ITEMS)
        .bind(id.0)
        .bind(end)
        .bind(RETRY_BATCH)
        .fetch_all(&mut *c)
        .await?;
    if failed.is_empty() {
        return Ok(false);
    }
    let count = i64::try_from(failed.len()).unwrap_or(i64::MAX);
    sqlx::query(MOVE_ITEMS)
        .bind(id.0)
        .bind(failed)
        .execute(&mut *c)
        .await?;
    sqlx::query(COUNT_RETRIED)
        .bind(id.0)
        .bind(count)
        .execute(c)
        .await?;
    Ok(count == RETRY_BATCH)
}

/// Opens the items of failed scans that were queued again as they are, as a redriven dead letter's.
/// The caller holds the scans' locks, so nobody settles them meanwhile.
pub(super) async fn reopen_items(c: &mut PgConnection, scans: &[Uuid]) -> Result<()> {
    if !scans.is_empty() {
        sqlx::query(REOPEN).bind(scans).execute(c).await?;
    }
    Ok(())
}
