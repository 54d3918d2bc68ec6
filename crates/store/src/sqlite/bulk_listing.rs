//! Listings of registries: taken for a while, saved piece by piece.

use std::time::Duration;

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::bulk::Items;
use super::columns::{micros, now, read_count, read_uuid, write_size};
use crate::error::Result;
use crate::stored_rejections::{decode_rejections, encode_rejections};
use crate::{BulkId, Listed, Listing, ListingStep, RegistrySelection, Rejections, TenantId};

#[derive(FromRow)]
struct ListingRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    registry: String,
    repositories: String,
    tags: Option<String>,
    newest: Option<i64>,
    platform: Option<String>,
    listing_cursor: Option<String>,
    listing_tries: i64,
}

pub(super) async fn take(c: &mut SqliteConnection, hold: Duration) -> Result<Option<Listing>> {
    let now = now();
    let row: Option<ListingRow> = sqlx::query_as(
        "UPDATE bulks SET due_at = ?2
         WHERE id = (SELECT id FROM bulks
                     WHERE state = 'running' AND NOT is_listed AND due_at <= ?1
                     ORDER BY due_at, id LIMIT 1)
         RETURNING id, tenant_id, registry, repositories, tags, newest, platform, listing_cursor,
                   listing_tries",
    )
    .bind(now)
    .bind(now.saturating_add(micros(hold)))
    .fetch_optional(c)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Listing {
        tenant: TenantId(read_uuid(&row.tenant_id)?),
        bulk: BulkId(read_uuid(&row.id)?),
        selection: RegistrySelection {
            registry: row.registry,
            repositories: row.repositories,
            tags: row.tags,
            newest: row.newest.map(read_count),
        },
        platform: row.platform,
        cursor: row.listing_cursor,
        tries: read_count(row.listing_tries),
    }))
}

pub(super) async fn save(c: &mut SqliteConnection, bulk: BulkId, listed: &Listed) -> Result<()> {
    let rejections: Option<String> = sqlx::query_scalar(
        "SELECT rejections FROM bulks
         WHERE id = ?1 AND state IN ('running', 'paused') AND NOT is_listed",
    )
    .bind(bulk.0)
    .fetch_optional(&mut *c)
    .await?;
    let Some(known) = rejections else {
        return Ok(());
    };
    if !listed.references.is_empty() {
        Items::new(&listed.references).insert(c, bulk).await?;
    }
    if listed.rejections.count > 0 {
        add_rejections(c, bulk, &known, &listed.rejections).await?;
    }
    advance(c, bulk, &listed.next).await
}

async fn add_rejections(
    c: &mut SqliteConnection,
    bulk: BulkId,
    known: &str,
    more: &Rejections,
) -> Result<()> {
    let mut first = decode_rejections(known)?;
    first.extend_from_slice(&more.first);
    sqlx::query("UPDATE bulks SET rejected = rejected + ?2, rejections = ?3 WHERE id = ?1")
        .bind(bulk.0)
        .bind(write_size(more.count))
        .bind(encode_rejections(&first)?)
        .execute(c)
        .await?;
    Ok(())
}

async fn advance(c: &mut SqliteConnection, bulk: BulkId, next: &ListingStep) -> Result<()> {
    let now = now();
    let query = match next {
        ListingStep::Continue(cursor) => sqlx::query(
            "UPDATE bulks SET listing_cursor = ?2, listing_tries = 0, due_at = ?3 WHERE id = ?1",
        )
        .bind(bulk.0)
        .bind(cursor)
        .bind(now),
        ListingStep::TryAgain(wait) => sqlx::query(
            "UPDATE bulks SET listing_tries = listing_tries + 1, due_at = ?2 WHERE id = ?1",
        )
        .bind(bulk.0)
        .bind(now.saturating_add(micros(*wait))),
        ListingStep::Complete => {
            sqlx::query("UPDATE bulks SET is_listed = true WHERE id = ?1").bind(bulk.0)
        }
        ListingStep::Fail(failure) => sqlx::query(
            "UPDATE bulks SET is_listed = true, failure_code = ?2, failure_message = ?3,
                              failure_remedy = ?4, failure_retryable = ?5
             WHERE id = ?1",
        )
        .bind(bulk.0)
        .bind(&failure.code)
        .bind(&failure.message)
        .bind(&failure.remedy)
        .bind(failure.retryable),
    };
    query.execute(c).await?;
    Ok(())
}
