//! New bulks, each once for its idempotency key.

use sqlx::sqlite::SqliteConnection;

use super::bulk_read::read_bulk;
use super::columns::{micros, now, read_uuid};
use crate::error::Result;
use crate::{BulkId, BulkSource, BulkState, CreatedBulk, NewBulk, StoreError, StoreSettings};

pub(super) async fn create_bulk(
    c: &mut SqliteConnection,
    bulk: &NewBulk,
    settings: &StoreSettings,
) -> Result<CreatedBulk> {
    let now = now();
    let (state, selection, due_at) = match &bulk.source {
        BulkSource::Upload => (
            BulkState::Receiving,
            None,
            now.saturating_add(micros(settings.lost_after)),
        ),
        BulkSource::Registry(selection) => (BulkState::Running, Some(selection), now),
    };
    let inserted = sqlx::query(
        "INSERT INTO bulks (id, tenant_id, state, platform, traceparent, registry, repositories,
                            tags, newest, is_listed, due_at, created_at, idempotency_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO NOTHING",
    )
    .bind(bulk.id.0)
    .bind(bulk.tenant.0)
    .bind(state.name())
    .bind(&bulk.platform)
    .bind(&bulk.traceparent)
    .bind(selection.map(|selection| &selection.registry))
    .bind(selection.map(|selection| &selection.repositories))
    .bind(selection.and_then(|selection| selection.tags.as_ref()))
    .bind(selection.and_then(|selection| selection.newest))
    .bind(selection.is_none())
    .bind(due_at)
    .bind(now)
    .bind(&bulk.idempotency_key)
    .execute(&mut *c)
    .await?;
    let id = match inserted.rows_affected() {
        0 => holder(c, bulk).await?,
        _ => bulk.id,
    };
    let stored = read_bulk(c, id).await?;
    let stored = stored.ok_or_else(|| StoreError::Corrupt("a bulk is not there".to_owned()))?;
    Ok(match inserted.rows_affected() {
        0 => CreatedBulk::existing(stored, bulk),
        _ => CreatedBulk::New(stored),
    })
}

/// The bulk that has the id or the idempotency key already.
async fn holder(c: &mut SqliteConnection, bulk: &NewBulk) -> Result<BulkId> {
    let id: Vec<u8> = sqlx::query_scalar(
        "SELECT id FROM bulks WHERE id = ?1
         UNION ALL SELECT id FROM bulks WHERE tenant_id = ?2 AND idempotency_key = ?3",
    )
    .bind(bulk.id.0)
    .bind(bulk.tenant.0)
    .bind(&bulk.idempotency_key)
    .fetch_one(c)
    .await?;
    Ok(BulkId(read_uuid(&id)?))
}
