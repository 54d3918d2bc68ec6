//! New bulks, each once for its idempotency key.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::bulk_read::read_bulk;
use super::columns::{interval, text};
use super::statements::statements;
use crate::error::Result;
use crate::{BulkId, BulkSource, BulkState, CreatedBulk, NewBulk, StoreError, StoreSettings};

statements! {
    CREATE = "INSERT INTO bulks (id, tenant_id, state, platform, traceparent, registry,
            repositories, tags, newest, is_listed, due_at, created_at, idempotency_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11, now(), $12)
        ON CONFLICT DO NOTHING";
    /// The one with the id first.
    HOLDER = "SELECT id FROM bulks WHERE id = $1 OR tenant_id = $2 AND idempotency_key = $3
        ORDER BY id <> $1 LIMIT 1";
}

pub(super) async fn create_bulk(
    c: &mut PgConnection,
    bulk: &NewBulk,
    settings: &StoreSettings,
) -> Result<CreatedBulk> {
    let (state, selection, due_in) = match &bulk.source {
        BulkSource::Upload => (BulkState::Receiving, None, settings.lost_after),
        BulkSource::Registry(selection) => (BulkState::Running, Some(selection), Duration::ZERO),
    };
    let inserted = sqlx::query(CREATE)
        .bind(bulk.id.0)
        .bind(bulk.tenant.0)
        .bind(state.name())
        .bind(bulk.platform.as_deref().map(text))
        .bind(&bulk.traceparent)
        .bind(selection.map(|selection| text(&selection.registry)))
        .bind(selection.map(|selection| text(&selection.repositories)))
        .bind(selection.and_then(|selection| selection.tags.as_deref().map(text)))
        .bind(selection.and_then(|selection| selection.newest.map(i64::from)))
        .bind(selection.is_none())
        .bind(interval(due_in))
        .bind(&bulk.idempotency_key)
        .execute(&mut *c)
        .await?;
    if inserted.rows_affected() == 0 {
        return existing_bulk(c, bulk).await;
    }
    let stored = read_bulk(c, bulk.id).await?;
    let stored = stored.ok_or_else(|| StoreError::Corrupt("a new bulk is not there".to_owned()))?;
    Ok(CreatedBulk::New(stored))
}

async fn existing_bulk(c: &mut PgConnection, bulk: &NewBulk) -> Result<CreatedBulk> {
    let holder: Option<Uuid> = sqlx::query_scalar(HOLDER)
        .bind(bulk.id.0)
        .bind(bulk.tenant.0)
        .bind(&bulk.idempotency_key)
        .fetch_optional(&mut *c)
        .await?;
    let existing = match holder {
        Some(id) => read_bulk(c, BulkId(id)).await?,
        None => None,
    };
    // It was there a moment ago; the next try creates ours.
    let existing = existing
        .ok_or_else(|| StoreError::Unavailable("the key of a bulk has just become free".into()))?;
    Ok(CreatedBulk::existing(existing, bulk))
}
