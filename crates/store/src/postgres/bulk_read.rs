//! Bulks and their items, read.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{corrupt, read_count, read_size, write_size};
use super::statements::statements;
use crate::error::Result;
use crate::stored_counts::CountsRow;
use crate::stored_rejections::decode_rejections;
use crate::{
    Bulk, BulkDepth, BulkFailures, BulkId, BulkItem, BulkItemState, BulkReference, BulkSource,
    BulkState, Page, PageRequest, RegistrySelection, ScanFailure, ScanId, StoreError, TenantId,
};

/// A select of bulks with this condition, and how many of their scans ended within a minute.
macro_rules! select_bulks {
    ($condition:literal) => {
        concat!(
            "SELECT bulks.*, (SELECT count(*) FROM scans WHERE scans.bulk_id = bulks.id
                 AND scans.finished_at > now() - interval '1 minute') AS ended_lately
             FROM bulks WHERE ",
            $condition
        )
    };
}

/// A select of items with this condition.
macro_rules! select_items {
    ($condition:literal) => {
        concat!(
            "SELECT items.position, items.reference, items.platform, items.state, items.scan_id,
                    scans.failure_code, failure_message, failure_remedy, failure_retryable
             FROM bulk_items AS items LEFT JOIN scans ON scans.id = items.scan_id WHERE ",
            $condition
        )
    };
}

statements! {
    BY_ID = select_bulks!("id = $1");
    LIST = select_bulks!("tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    DEPTH = "SELECT state, count(*) AS bulks, sum(accepted)::bigint AS accepted,
            sum(duplicates)::bigint AS duplicates, sum(rejected)::bigint AS rejected,
            sum(fed)::bigint AS fed, sum(done)::bigint AS done, sum(failed)::bigint AS failed,
            sum(cancelled)::bigint AS cancelled
        FROM bulks WHERE state IN ('receiving', 'running', 'paused') GROUP BY state";
    STATE = "SELECT state FROM bulks WHERE id = $1 AND tenant_id = $2";
    ITEMS = select_items!("items.bulk_id = $1 AND items.position > $2
                           ORDER BY items.position LIMIT $3");
    ITEMS_IN_STATES = select_items!("items.bulk_id = $1 AND items.position > $2
        AND items.state = ANY ($4::text[]) ORDER BY items.position LIMIT $3");
    FAILURE_CODES = "SELECT failure_code, count(*) FROM bulk_items
        WHERE bulk_id = $1 AND state = 'failed'
        GROUP BY failure_code ORDER BY 2 DESC, 1";
    EXAMPLES = select_items!("items.bulk_id = $1 AND items.state = 'failed'
        AND items.failure_code = $2 ORDER BY items.position LIMIT $3");
}

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
    id: Uuid,
    tenant_id: Uuid,
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
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
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
            id: BulkId(self.id),
            tenant: TenantId(self.tenant_id),
            source,
            platform: self.platform,
            state: read_state(&self.state)?,
            is_listed: self.is_listed,
            counts: self.counts.read(),
            rejections: decode_rejections(&self.rejections)?,
            failure: self.failure.read(),
            ended_last_minute: read_size(self.ended_lately),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

fn read_state(state: &str) -> Result<BulkState> {
    BulkState::from_name(state).ok_or_else(|| corrupt("state", state))
}

pub(super) async fn read_bulk(c: &mut PgConnection, id: BulkId) -> Result<Option<Bulk>> {
    let row: Option<BulkRow> = sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await?;
    row.map(BulkRow::read).transpose()
}

pub(super) async fn list_bulks(
    c: &mut PgConnection,
    tenant: TenantId,
    page: &PageRequest,
) -> Result<Page<Bulk>> {
    let before = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => Uuid::max(),
    };
    let rows: Vec<BulkRow> = sqlx::query_as(LIST)
        .bind(tenant.0)
        .bind(before)
        .bind(i64::from(page.limit) + 1)
        .fetch_all(c)
        .await?;
    let bulks = rows.into_iter().map(BulkRow::read).collect::<Result<_>>()?;
    Ok(Page::cut(bulks, page.limit, |bulk: &Bulk| {
        bulk.id.0.to_string()
    }))
}

#[derive(FromRow)]
struct DepthRow {
    state: String,
    bulks: i64,
    #[sqlx(flatten)]
    counts: CountsRow,
}

pub(super) async fn read_depth(c: &mut PgConnection) -> Result<BulkDepth> {
    let rows: Vec<DepthRow> = sqlx::query_as(DEPTH).fetch_all(c).await?;
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

/// The state of a tenant's bulk.
pub(super) async fn state_of(
    c: &mut PgConnection,
    tenant: TenantId,
    id: BulkId,
) -> Result<Option<BulkState>> {
    let state: Option<String> = sqlx::query_scalar(STATE)
        .bind(id.0)
        .bind(tenant.0)
        .fetch_optional(c)
        .await?;
    state.as_deref().map(read_state).transpose()
}

#[derive(FromRow)]
struct ItemRow {
    position: i64,
    reference: String,
    platform: Option<String>,
    state: String,
    scan_id: Option<Uuid>,
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
        let failure = self.failure.read();
        Ok(BulkItem {
            position: read_size(self.position),
            reference: BulkReference {
                reference: self.reference,
                platform: self.platform,
            },
            state,
            scan: self.scan_id.map(ScanId),
            failure: failure.filter(|_| state == BulkItemState::Failed),
        })
    }
}

/// The stored states of items that are read as in this state. Items of a cancelled bulk that were
/// never fed are cancelled, too.
fn stored_states(state: BulkItemState, of_bulk: BulkState) -> Vec<&'static str> {
    match (state, of_bulk) {
        (BulkItemState::Cancelled, BulkState::Cancelled) => {
            vec![state.name(), BulkItemState::Waiting.name()]
        }
        (BulkItemState::Waiting, BulkState::Cancelled) => Vec::new(),
        (state, _) => vec![state.name()],
    }
}

pub(super) async fn list_items(
    c: &mut PgConnection,
    (id, of_bulk): (BulkId, BulkState),
    state: Option<BulkItemState>,
    page: &PageRequest,
) -> Result<Page<BulkItem>> {
    let after: u64 = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => 0,
    };
    let statement = match state {
        Some(_) => ITEMS_IN_STATES,
        None => ITEMS,
    };
    let query = sqlx::query_as(statement)
        .bind(id.0)
        .bind(write_size(after))
        .bind(i64::from(page.limit) + 1);
    let query = match state {
        Some(state) => query.bind(stored_states(state, of_bulk)),
        None => query,
    };
    let rows: Vec<ItemRow> = query.fetch_all(c).await?;
    let items = rows
        .into_iter()
        .map(|row| row.read(of_bulk))
        .collect::<Result<_>>()?;
    Ok(Page::cut(items, page.limit, |item: &BulkItem| {
        item.position.to_string()
    }))
}

pub(super) async fn group_failures(
    c: &mut PgConnection,
    id: BulkId,
    examples: u32,
) -> Result<Vec<BulkFailures>> {
    let groups: Vec<(String, i64)> = sqlx::query_as(FAILURE_CODES)
        .bind(id.0)
        .fetch_all(&mut *c)
        .await?;
    // There are as many groups as failures have codes: a few.
    let mut failures = Vec::with_capacity(groups.len());
    for (code, count) in groups {
        let rows: Vec<ItemRow> = sqlx::query_as(EXAMPLES)
            .bind(id.0)
            .bind(&code)
            .bind(i64::from(examples))
            .fetch_all(&mut *c)
            .await?;
        let items = rows.into_iter().map(|row| row.read(BulkState::Running));
        failures.push(BulkFailures {
            code,
            count: read_size(count),
            examples: items.collect::<Result<_>>()?,
        });
    }
    Ok(failures)
}
