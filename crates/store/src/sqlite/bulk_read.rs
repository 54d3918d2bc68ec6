//! Bulks and their items, read.

use std::time::Duration;

use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::columns::{
    corrupt, micros, now, read_count, read_size, read_time, read_uuid, write_size,
};
use crate::error::Result;
use crate::stored_counts::CountsRow;
use crate::stored_rejections::decode_rejections;
use crate::{
    Bulk, BulkDepth, BulkFailures, BulkId, BulkItem, BulkItemState, BulkReference, BulkSource,
    BulkState, Page, PageRequest, RegistrySelection, ScanFailure, ScanId, StoreError, TenantId,
};

/// Over which it is counted how fast scans end.
const LATELY: Duration = Duration::from_secs(60);

#[derive(FromRow)]
struct FailureRow {
    failure_code: Option<String>,
    failure_message: Option<String>,
    failure_remedy: Option<String>,
    failure_retryable: Option<bool>,
}

impl FailureRow {
    fn read(self) -> Option<ScanFailure> {
        Some(ScanFailure {
            code: self.failure_code?,
            message: self.failure_message.unwrap_or_default(),
            remedy: self.failure_remedy.unwrap_or_default(),
            retryable: self.failure_retryable.unwrap_or_default(),
        })
    }
}

#[derive(FromRow)]
struct BulkRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    state: String,
    platform: Option<String>,
    registry: Option<String>,
    repositories: Option<String>,
    tags: Option<String>,
    newest: Option<i64>,
    is_listed: bool,
    rejections: String,
    #[sqlx(flatten)]
    counts: CountsRow,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    ended_lately: i64,
    #[sqlx(flatten)]
    failure: FailureRow,
}

impl BulkRow {
    fn read(self) -> Result<Bulk> {
        let source = match self.registry {
            None => BulkSource::Upload,
            Some(registry) => BulkSource::Registry(RegistrySelection {
                registry,
                repositories: self.repositories.unwrap_or_default(),
                tags: self.tags,
                newest: self.newest.map(read_count),
            }),
        };
        Ok(Bulk {
            id: BulkId(read_uuid(&self.id)?),
            tenant: TenantId(read_uuid(&self.tenant_id)?),
            source,
            platform: self.platform,
            state: read_state(&self.state)?,
            is_listed: self.is_listed,
            counts: self.counts.read(),
            rejections: decode_rejections(&self.rejections)?,
            failure: self.failure.read(),
            ended_last_minute: read_size(self.ended_lately),
            created_at: read_time(self.created_at)?,
            started_at: self.started_at.map(read_time).transpose()?,
            finished_at: self.finished_at.map(read_time).transpose()?,
        })
    }
}

fn read_state(state: &str) -> Result<BulkState> {
    BulkState::from_name(state).ok_or_else(|| corrupt("state", state))
}

#[derive(FromRow)]
struct DepthRow {
    state: String,
    bulks: i64,
    #[sqlx(flatten)]
    counts: CountsRow,
}

pub(super) async fn read_depth(c: &mut SqliteConnection) -> Result<BulkDepth> {
    let rows: Vec<DepthRow> = sqlx::query_as(
        "SELECT state, count(*) AS bulks, sum(accepted) AS accepted,
                sum(duplicates) AS duplicates, sum(rejected) AS rejected, sum(fed) AS fed,
                sum(done) AS done, sum(failed) AS failed, sum(cancelled) AS cancelled
         FROM bulks WHERE state IN ('receiving', 'running', 'paused') GROUP BY state",
    )
    .fetch_all(c)
    .await?;
    let mut depth = BulkDepth::default();
    for row in rows {
        depth.add(
            read_state(&row.state)?,
            read_size(row.bulks),
            &row.counts.read(),
        );
    }
    Ok(depth)
}

fn select_bulks() -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT bulks.*, (SELECT count(*) FROM scans
             WHERE scans.bulk_id = bulks.id AND scans.finished_at > ",
    );
    query.push_bind(now().saturating_sub(micros(LATELY)));
    query.push(") AS ended_lately FROM bulks");
    query
}

pub(super) async fn read_bulk(c: &mut SqliteConnection, id: BulkId) -> Result<Option<Bulk>> {
    let row = select_bulks()
        .push(" WHERE id = ")
        .push_bind(id.0)
        .build_query_as::<BulkRow>()
        .fetch_optional(c)
        .await?;
    row.map(BulkRow::read).transpose()
}

pub(super) async fn list_bulks(
    c: &mut SqliteConnection,
    tenant: TenantId,
    page: &PageRequest,
) -> Result<Page<Bulk>> {
    let mut query = select_bulks();
    query.push(" WHERE tenant_id = ").push_bind(tenant.0);
    if let Some(cursor) = &page.cursor {
        let last: Uuid = cursor.parse().map_err(|_| StoreError::InvalidCursor)?;
        query.push(" AND id < ").push_bind(last);
    }
    query.push(" ORDER BY id DESC LIMIT ");
    query.push_bind(i64::from(page.limit) + 1);
    let rows: Vec<BulkRow> = query.build_query_as().fetch_all(c).await?;
    let bulks = rows.into_iter().map(BulkRow::read).collect::<Result<_>>()?;
    Ok(Page::cut(bulks, page.limit, |bulk: &Bulk| {
        bulk.id.0.to_string()
    }))
}

/// The state of a tenant's bulk.
pub(super) async fn state_of(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: BulkId,
) -> Result<Option<BulkState>> {
    let state: Option<String> =
        sqlx::query_scalar("SELECT state FROM bulks WHERE id = ?1 AND tenant_id = ?2")
            .bind(id.0)
            .bind(tenant.0)
            .fetch_optional(c)
            .await?;
    let read = |state: String| BulkState::from_name(&state).ok_or_else(|| corrupt("state", state));
    state.map(read).transpose()
}

#[derive(FromRow)]
struct ItemRow {
    position: i64,
    reference: String,
    platform: Option<String>,
    state: String,
    scan_id: Option<Vec<u8>>,
    #[sqlx(flatten)]
    failure: FailureRow,
}

impl ItemRow {
    fn read(self, of_bulk: BulkState) -> Result<BulkItem> {
        let state = match BulkItemState::from_name(&self.state) {
            Some(BulkItemState::Waiting) if of_bulk == BulkState::Cancelled => {
                BulkItemState::Cancelled
            }
            Some(state) => state,
            None => return Err(corrupt("state", self.state)),
        };
        let scan = self.scan_id.as_deref().map(read_uuid).transpose()?;
        Ok(BulkItem {
            position: read_size(self.position),
            reference: BulkReference {
                reference: self.reference,
                platform: self.platform,
            },
            state,
            scan: scan.map(ScanId),
            failure: self
                .failure
                .read()
                .filter(|_| state == BulkItemState::Failed),
        })
    }
}

/// Followed by an index, if any, and [`JOIN_SCANS`].
const SELECT_ITEMS: &str = "SELECT items.position, items.reference, items.platform, items.state,
    items.scan_id, scans.failure_code, failure_message, failure_remedy, failure_retryable
    FROM bulk_items AS items";
const JOIN_SCANS: &str = " LEFT JOIN scans ON scans.id = items.scan_id";

pub(super) async fn list_items(
    c: &mut SqliteConnection,
    (id, of_bulk): (BulkId, BulkState),
    state: Option<BulkItemState>,
    page: &PageRequest,
) -> Result<Page<BulkItem>> {
    let after: u64 = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => 0,
    };
    let mut query = QueryBuilder::<Sqlite>::new(SELECT_ITEMS);
    query
        .push(JOIN_SCANS)
        .push(" WHERE items.bulk_id = ")
        .push_bind(id.0);
    query
        .push(" AND items.position > ")
        .push_bind(write_size(after));
    match state {
        // Items of a cancelled bulk that were never fed are cancelled, too.
        Some(BulkItemState::Cancelled) if of_bulk == BulkState::Cancelled => {
            query.push(" AND items.state IN ('cancelled', 'waiting')");
        }
        Some(BulkItemState::Waiting) if of_bulk == BulkState::Cancelled => {
            query.push(" AND false");
        }
        Some(state) => {
            query.push(" AND items.state = ").push_bind(state.name());
        }
        None => {}
    }
    query.push(" ORDER BY items.position LIMIT ");
    query.push_bind(i64::from(page.limit) + 1);
    let rows: Vec<ItemRow> = query.build_query_as().fetch_all(c).await?;
    let items = rows
        .into_iter()
        .map(|row| row.read(of_bulk))
        .collect::<Result<_>>()?;
    Ok(Page::cut(items, page.limit, |item: &BulkItem| {
        item.position.to_string()
    }))
}

pub(super) async fn group_failures(
    c: &mut SqliteConnection,
    id: BulkId,
    examples: u32,
) -> Result<Vec<BulkFailures>> {
    let groups: Vec<(String, i64)> = sqlx::query_as(
        "SELECT failure_code, count(*) FROM bulk_items WHERE bulk_id = ?1 AND state = 'failed'
         GROUP BY failure_code ORDER BY 2 DESC, 1",
    )
    .bind(id.0)
    .fetch_all(&mut *c)
    .await?;
    // There are as many groups as failures have codes: a few.
    let mut failures = Vec::with_capacity(groups.len());
    for (code, count) in groups {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT_ITEMS);
        // Without a word SQLite walks the whole bulk for the few of a rare reason.
        query
            .push(" INDEXED BY bulk_items_by_failure")
            .push(JOIN_SCANS);
        query.push(" WHERE items.state = 'failed' AND items.bulk_id = ");
        query.push_bind(id.0);
        query.push(" AND items.failure_code = ").push_bind(&code);
        query.push(" ORDER BY items.position LIMIT ");
        query.push_bind(i64::from(examples));
        let rows: Vec<ItemRow> = query.build_query_as().fetch_all(&mut *c).await?;
        let items = rows.into_iter().map(|row| row.read(BulkState::Running));
        failures.push(BulkFailures {
            code,
            count: read_size(count),
            examples: items.collect::<Result<_>>()?,
        });
    }
    Ok(failures)
}
