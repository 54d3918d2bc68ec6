//! Bulk work: how references come in. How they are fed is in `bulk_feed`.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgConnection;

use super::columns::{interval, text, write_size};
use super::statements::statements;
use super::{PostgresStore, bulk_change, bulk_create, bulk_feed, bulk_listing, bulk_read};
use crate::error::Result;
use crate::stored_rejections::encode_rejections;
use crate::{
    Appended, Bulk, BulkChange, BulkDepth, BulkFailures, BulkId, BulkItem, BulkItemState,
    BulkReference, BulkState, Bulks, CreatedBulk, Fed, Listed, Listing, NewBulk, Page, PageRequest,
    Rejections, StoreSettings, TenantId,
};

/// How long a feeder sleeps at most: a hint that was lost is made up for this soon.
const MAX_WAIT: Duration = Duration::from_secs(1);

statements! {
    /// The lock keeps the bulk's positions to one who adds.
    TOUCH_UPLOAD = "UPDATE bulks SET due_at = now() + $2 WHERE id = $1 AND state = 'receiving'";
    ADD_ITEMS = "WITH added AS (
            INSERT INTO bulk_items (bulk_id, position, reference, platform)
            SELECT bulks.id, next_position + place - 1, item.reference, item.platform
            FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS item (reference, platform, place),
                 bulks WHERE bulks.id = $1
            ORDER BY place
            ON CONFLICT DO NOTHING
            RETURNING position
        )
        UPDATE bulks SET next_position = next_position + $4,
            accepted = accepted + (SELECT count(*) FROM added),
            duplicates = duplicates + $4 - (SELECT count(*) FROM added)
        WHERE id = $1
        RETURNING (SELECT count(*) FROM added)";
    END_UPLOAD = "UPDATE bulks SET state = 'running', rejected = $2, rejections = $3
        WHERE id = $1 AND state = 'receiving'";
}

#[async_trait]
impl Bulks for PostgresStore {
    async fn create_bulk(&self, bulk: &NewBulk) -> Result<CreatedBulk> {
        let settings = self.settings;
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { bulk_create::create_bulk(c, bulk, &settings).await })
            })
            .await
    }

    async fn append_references(
        &self,
        bulk: BulkId,
        references: &[BulkReference],
    ) -> Result<Appended> {
        let (items, settings) = (&Items::new(references), self.settings);
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { append_references(c, bulk, items, &settings).await })
            })
            .await
    }

    async fn end_upload(&self, bulk: BulkId, rejections: &Rejections) -> Result<Option<Bulk>> {
        let first = &encode_rejections(&rejections.first)?;
        let count = write_size(rejections.count);
        let ended = self
            .session
            .transaction(move |c, _| {
                Box::pin(async move { end_upload(c, bulk, count, first).await })
            })
            .await?;
        self.announcer.tell(Vec::new());
        Ok(ended)
    }

    async fn take_listing(&self, hold: Duration) -> Result<Option<Listing>> {
        self.session
            .run(move |c, _| Box::pin(async move { bulk_listing::take(c, hold).await }))
            .await
    }

    async fn save_listed(&self, bulk: BulkId, listed: &Listed) -> Result<()> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { bulk_listing::save(c, bulk, listed).await })
            })
            .await?;
        self.announcer.tell(Vec::new());
        Ok(())
    }

    async fn feed_bulks(&self, window: u32) -> Result<Fed> {
        let is_open = self
            .session
            .run(|c, _| Box::pin(bulk_feed::is_anything_open(c)))
            .await?;
        if !is_open {
            return Ok(Fed::default());
        }
        let settings = self.settings;
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { bulk_feed::feed(c, window, &settings).await })
            })
            .await
    }

    async fn wait_for_feeding(&self) {
        // Elapsing is as good an end as a notice.
        let _ = tokio::time::timeout(MAX_WAIT, self.notices.feeding()).await;
    }

    async fn bulk_depth(&self) -> Result<BulkDepth> {
        self.session
            .run(|c, _| Box::pin(bulk_read::read_depth(c)))
            .await
    }

    async fn bulk(&self, tenant: TenantId, id: BulkId) -> Result<Option<Bulk>> {
        let bulk = self
            .session
            .run(move |c, _| Box::pin(bulk_read::read_bulk(c, id)))
            .await?;
        Ok(bulk.filter(|bulk| bulk.tenant == tenant))
    }

    async fn bulks(&self, tenant: TenantId, page: &PageRequest) -> Result<Page<Bulk>> {
        self.session
            .run(move |c, _| Box::pin(async move { bulk_read::list_bulks(c, tenant, page).await }))
            .await
    }

    async fn bulk_items(
        &self,
        tenant: TenantId,
        id: BulkId,
        state: Option<BulkItemState>,
        page: &PageRequest,
    ) -> Result<Option<Page<BulkItem>>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    match bulk_read::state_of(c, tenant, id).await? {
                        Some(of_bulk) => bulk_read::list_items(c, (id, of_bulk), state, page)
                            .await
                            .map(Some),
                        None => Ok(None),
                    }
                })
            })
            .await
    }

    async fn bulk_failures(
        &self,
        tenant: TenantId,
        id: BulkId,
        examples: u32,
    ) -> Result<Option<Vec<BulkFailures>>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    match bulk_read::state_of(c, tenant, id).await? {
                        Some(_) => bulk_read::group_failures(c, id, examples).await.map(Some),
                        None => Ok(None),
                    }
                })
            })
            .await
    }

    async fn change_bulk(
        &self,
        tenant: TenantId,
        id: BulkId,
        change: BulkChange,
    ) -> Result<Option<Bulk>> {
        let state = self
            .session
            .run(move |c, _| Box::pin(bulk_read::state_of(c, tenant, id)))
            .await?;
        if state.is_none() {
            return Ok(None);
        }
        match change {
            BulkChange::Pause => {
                self.move_bulk(id, BulkState::Running, BulkState::Paused)
                    .await?;
            }
            BulkChange::Resume => {
                self.move_bulk(id, BulkState::Paused, BulkState::Running)
                    .await?;
            }
            BulkChange::Cancel => {
                self.session
                    .transaction(move |c, _| Box::pin(bulk_change::cancel(c, id)))
                    .await?;
            }
            BulkChange::Retry => self.retry_bulk(id).await?,
        }
        self.announcer.tell(Vec::new());
        self.bulk(tenant, id).await
    }
}

impl PostgresStore {
    async fn move_bulk(&self, id: BulkId, from: BulkState, to: BulkState) -> Result<()> {
        self.session
            .run(move |c, _| Box::pin(bulk_change::move_bulk(c, id, from, to)))
            .await
    }

    /// In pieces, each of its own transaction. What fails meanwhile is left for the next call.
    async fn retry_bulk(&self, id: BulkId) -> Result<()> {
        let end = self
            .session
            .transaction(move |c, _| Box::pin(bulk_change::begin_retry(c, id)))
            .await?;
        let Some(end) = end else {
            return Ok(());
        };
        while self
            .session
            .transaction(move |c, _| Box::pin(bulk_change::retry_some(c, id, end)))
            .await?
        {}
        Ok(())
    }
}

/// References as parameters of arrays.
pub(super) struct Items {
    references: Vec<String>,
    platforms: Vec<Option<String>>,
}

impl Items {
    pub(super) fn new(references: &[BulkReference]) -> Self {
        let platforms = references.iter().map(|item| item.platform.as_deref());
        Self {
            references: references
                .iter()
                .map(|item| text(&item.reference))
                .collect(),
            platforms: platforms.map(|platform| platform.map(text)).collect(),
        }
    }

    fn count(&self) -> u64 {
        self.references.len() as u64
    }

    /// Stores them from the bulk's next position on, each that is new; how many were. Whoever calls
    /// it holds the lock of the bulk's row.
    pub(super) async fn insert(&self, c: &mut PgConnection, bulk: BulkId) -> Result<u64> {
        let new: i64 = sqlx::query_scalar(ADD_ITEMS)
            .bind(bulk.0)
            .bind(&self.references)
            .bind(&self.platforms)
            .bind(write_size(self.count()))
            .fetch_one(c)
            .await?;
        Ok(u64::try_from(new).unwrap_or_default())
    }
}

async fn append_references(
    c: &mut PgConnection,
    bulk: BulkId,
    items: &Items,
    settings: &StoreSettings,
) -> Result<Appended> {
    let open = sqlx::query(TOUCH_UPLOAD)
        .bind(bulk.0)
        .bind(interval(settings.lost_after))
        .execute(&mut *c)
        .await?;
    if open.rows_affected() == 0 {
        return Ok(Appended::Closed);
    }
    let new = items.insert(c, bulk).await?;
    Ok(Appended::Stored {
        new,
        duplicates: items.count().saturating_sub(new),
    })
}

async fn end_upload(
    c: &mut PgConnection,
    bulk: BulkId,
    rejected: i64,
    rejections: &str,
) -> Result<Option<Bulk>> {
    let ended = sqlx::query(END_UPLOAD)
        .bind(bulk.0)
        .bind(rejected)
        .bind(rejections)
        .execute(&mut *c)
        .await?;
    match ended.rows_affected() {
        0 => Ok(None),
        _ => bulk_read::read_bulk(c, bulk).await,
    }
}
