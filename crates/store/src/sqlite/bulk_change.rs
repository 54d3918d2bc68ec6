//! Bulks paused, resumed, cancelled and tried again.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::bulk_feed::settle;
use super::columns::{ids_json, now};
use super::finish;
use crate::error::Result;
use crate::{BulkId, BulkState};

/// Items of one transaction.
const RETRY_BATCH: i64 = 1000;

pub(super) async fn move_bulk(
    c: &mut SqliteConnection,
    id: BulkId,
    from: BulkState,
    to: BulkState,
) -> Result<()> {
    sqlx::query("UPDATE bulks SET state = ?3 WHERE id = ?1 AND state = ?2")
        .bind(id.0)
        .bind(from.name())
        .bind(to.name())
        .execute(c)
        .await?;
    Ok(())
}

/// Ends the scans that are open, no more than a window. Items that were never fed stay as they are:
/// that the bulk is cancelled says it of all of them.
pub(super) async fn cancel(c: &mut SqliteConnection, id: BulkId) -> Result<()> {
    let cancelled = sqlx::query(
        "UPDATE bulks SET state = 'cancelled', finished_at = ?2,
                          idempotency_key = iif(state = 'receiving', NULL, idempotency_key)
         WHERE id = ?1 AND state IN ('receiving', 'running', 'paused')",
    )
    .bind(id.0)
    .bind(now())
    .execute(&mut *c)
    .await?;
    if cancelled.rows_affected() == 0 {
        return Ok(());
    }
    let open = sqlx::query_scalar(
        "SELECT scan_id FROM bulk_items INDEXED BY bulk_items_by_state
         WHERE bulk_id = ?1 AND state = 'open'",
    )
    .bind(id.0)
    .fetch_all(&mut *c)
    .await?;
    finish::cancel_scans(c, &finish::read_ids(open)?).await?;
    settle(c).await?;
    sqlx::query(
        "UPDATE bulks SET cancelled = accepted - done - failed, fed = accepted WHERE id = ?1",
    )
    .bind(id.0)
    .execute(c)
    .await?;
    Ok(())
}

/// Lets a listing that failed go on; the position before which failed items are tried again.
pub(super) async fn begin_retry(c: &mut SqliteConnection, id: BulkId) -> Result<Option<i64>> {
    settle(c).await?;
    sqlx::query(
        "UPDATE bulks SET is_listed = false, listing_tries = 0, due_at = ?2, failure_code = NULL,
                          failure_message = NULL, failure_remedy = NULL, failure_retryable = NULL,
                          state = iif(state = 'done', 'running', state), finished_at = NULL
         WHERE id = ?1 AND failure_code IS NOT NULL AND state IN ('running', 'paused', 'done')",
    )
    .bind(id.0)
    .bind(now())
    .execute(&mut *c)
    .await?;
    let end = sqlx::query_scalar(
        "SELECT next_position FROM bulks WHERE id = ?1 AND state IN ('running', 'paused', 'done')",
    )
    .bind(id.0)
    .fetch_optional(c)
    .await?;
    Ok(end)
}

/// Moves some failed items to the end, as if they were new; whether there may be more.
pub(super) async fn retry_some(c: &mut SqliteConnection, id: BulkId, end: i64) -> Result<bool> {
    let failed: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM bulk_items
         JOIN bulks ON bulks.id = bulk_items.bulk_id
             AND bulks.state IN ('running', 'paused', 'done')
         WHERE bulk_id = ?1 AND bulk_items.state = 'failed' AND position < ?2
         ORDER BY position LIMIT ?3",
    )
    .bind(id.0)
    .bind(end)
    .bind(RETRY_BATCH)
    .fetch_all(&mut *c)
    .await?;
    if failed.is_empty() {
        return Ok(false);
    }
    let count = i64::try_from(failed.len()).unwrap_or(i64::MAX);
    let statements = [
        "UPDATE bulk_items
         SET state = 'waiting', scan_id = NULL, failure_code = NULL,
             position = failed.key + (SELECT next_position FROM bulks WHERE id = ?1)
         FROM json_each(?2) AS failed
         WHERE bulk_id = ?1 AND position = failed.value",
        "UPDATE bulks SET next_position = next_position + ?3, failed = failed - ?3,
                          fed = fed - ?3, state = iif(state = 'done', 'running', state),
                          finished_at = NULL
         WHERE id = ?1",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(id.0)
            .bind(Value::from(failed.clone()).to_string())
            .bind(count)
            .execute(&mut *c)
            .await?;
    }
    Ok(count == RETRY_BATCH)
}

/// Opens the items of failed scans that were queued again as they are, as a redriven dead letter's.
pub(super) async fn reopen_items(c: &mut SqliteConnection, scans: &[Uuid]) -> Result<()> {
    if scans.is_empty() {
        return Ok(());
    }
    let reopened: Vec<Vec<u8>> = sqlx::query_scalar(
        "UPDATE bulk_items SET state = 'open', failure_code = NULL
         WHERE scan_id IN (SELECT unhex(value) FROM json_each(?1)) AND state = 'failed'
         RETURNING bulk_id",
    )
    .bind(ids_json(scans))
    .fetch_all(&mut *c)
    .await?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for bulk in reopened {
        *counts.entry(hex::encode(bulk)).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let rows: Value = counts
        .into_iter()
        .map(|row| json!([row.0, row.1]))
        .collect();
    sqlx::query(
        "UPDATE bulks SET failed = failed - (reopened.value->>1),
                          finished_at = iif(state = 'done', NULL, finished_at),
                          state = iif(state = 'done', 'running', state)
         FROM json_each(?1) AS reopened WHERE bulks.id = unhex(reopened.value->>0)",
    )
    .bind(rows.to_string())
    .execute(c)
    .await?;
    Ok(())
}
