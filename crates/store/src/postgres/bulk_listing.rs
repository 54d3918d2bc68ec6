//! Listings of registries: taken for a while, saved piece by piece.

use std::time::Duration;

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::bulk::Items;
use super::columns::{interval, read_count, text, write_size};
use super::statements::statements;
use crate::error::Result;
use crate::stored_rejections::{decode_rejections, encode_rejections};
use crate::{BulkId, Listed, Listing, ListingStep, RegistrySelection, Rejections, TenantId};

statements! {
    /// Several take different listings.
    TAKE = "UPDATE bulks SET due_at = now() + $1
        WHERE id = (SELECT id FROM bulks
                    WHERE state = 'running' AND NOT is_listed AND due_at <= now()
                    ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id, tenant_id, registry, repositories, tags, newest, platform, listing_cursor,
                  listing_tries";
    LOCK_LISTED = "SELECT rejections FROM bulks
        WHERE id = $1 AND state IN ('running', 'paused') AND NOT is_listed FOR NO KEY UPDATE";
    REJECT = "UPDATE bulks SET rejected = rejected + $2, rejections = $3 WHERE id = $1";
    CONTINUE = "UPDATE bulks SET listing_cursor = $2, listing_tries = 0, due_at = now()
        WHERE id = $1";
    TRY_AGAIN = "UPDATE bulks SET listing_tries = listing_tries + 1, due_at = now() + $2
        WHERE id = $1";
    COMPLETE = "UPDATE bulks SET is_listed = true WHERE id = $1";
    FAIL = "UPDATE bulks SET is_listed = true, failure_code = $2, failure_message = $3,
            failure_remedy = $4, failure_retryable = $5
        WHERE id = $1";
}

#[derive(FromRow)]
struct ListingRow {
    id: Uuid,
    tenant_id: Uuid,
    registry: String,
    repositories: String,
    tags: Option<String>,
    newest: Option<i64>,
    platform: Option<String>,
    listing_cursor: Option<String>,
    listing_tries: i64,
}

pub(super) async fn take(c: &mut PgConnection, hold: Duration) -> Result<Option<Listing>> {
    let row: Option<ListingRow> = sqlx::query_as(TAKE)
        .bind(interval(hold))
        .fetch_optional(c)
        .await?;
    Ok(row.map(|row| Listing {
        tenant: TenantId(row.tenant_id),
        bulk: BulkId(row.id),
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

pub(super) async fn save(c: &mut PgConnection, bulk: BulkId, listed: &Listed) -> Result<()> {
    let rejections: Option<String> = sqlx::query_scalar(LOCK_LISTED)
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
    c: &mut PgConnection,
    bulk: BulkId,
    known: &str,
    more: &Rejections,
) -> Result<()> {
    let mut first = decode_rejections(known)?;
    first.extend_from_slice(&more.first);
    sqlx::query(REJECT)
        .bind(bulk.0)
        .bind(write_size(more.count))
        .bind(encode_rejections(&first)?)
        .execute(c)
        .await?;
    Ok(())
}

async fn advance(c: &mut PgConnection, bulk: BulkId, next: &ListingStep) -> Result<()> {
    let query = match next {
        ListingStep::Continue(cursor) => sqlx::query(CONTINUE).bind(bulk.0).bind(text(cursor)),
        ListingStep::TryAgain(wait) => sqlx::query(TRY_AGAIN).bind(bulk.0).bind(interval(*wait)),
        ListingStep::Complete => sqlx::query(COMPLETE).bind(bulk.0),
        ListingStep::Fail(failure) => sqlx::query(FAIL)
            .bind(bulk.0)
            .bind(&failure.code)
            .bind(&failure.message)
            .bind(&failure.remedy)
            .bind(failure.retryable),
    };
    query.execute(c).await?;
    Ok(())
}
