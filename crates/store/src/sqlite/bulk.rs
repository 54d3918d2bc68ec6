//! Bulk work: how references come in. How they are fed is in `bulk_feed`.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::SqliteConnection;

use super::columns::{micros, now, write_size};
use super::{SqliteStore, bulk_change, bulk_create, bulk_feed, bulk_listing, bulk_read};
use crate::error::Result;
use crate::stored_rejections::encode_rejections;
use crate::{
    Appended, Bulk, BulkChange, BulkDepth, BulkFailures, BulkId, BulkItem, BulkItemState,
    BulkReference, BulkState, Bulks, CreatedBulk, Fed, Listed, Listing, NewBulk, Page, PageRequest,
    Rejections, StoreSettings, TenantId,
};

/// How long a feeder sleeps at most: a hint that was lost is made up for this soon.
const MAX_WAIT: Duration = Duration::from_secs(1);

#[async_trait]
impl Bulks for SqliteStore {
    async fn create_bulk(&self, bulk: &NewBulk) -> Result<CreatedBulk> {
        let (bulk, settings) = (bulk.clone(), self.settings);
        self.write(move |c| {
            Box::pin(async move { bulk_create::create_bulk(c, &bulk, &settings).await })
        })
        .await
    }

    async fn append_references(
        &self,
        bulk: BulkId,
        references: &[BulkReference],
    ) -> Result<Appended> {
        let (items, settings) = (Items::new(references), self.settings);
        self.write(move |c| {
            Box::pin(async move { append_references(c, bulk, &items, &settings).await })
        })
        .await
    }

    async fn end_upload(&self, bulk: BulkId, rejections: &Rejections) -> Result<Option<Bulk>> {
        let first = encode_rejections(&rejections.first)?;
        let count = write_size(rejections.count);
        let ended = self
            .write(move |c| Box::pin(async move { end_upload(c, bulk, count, &first).await }))
            .await?;
        self.tell(&[]);
        Ok(ended)
    }

    async fn take_listing(&self, hold: Duration) -> Result<Option<Listing>> {
        self.write(move |c| Box::pin(async move { bulk_listing::take(c, hold).await }))
            .await
    }

    async fn save_listed(&self, bulk: BulkId, listed: &Listed) -> Result<()> {
        let listed = listed.clone();
        self.write(move |c| Box::pin(async move { bulk_listing::save(c, bulk, &listed).await }))
            .await?;
        self.tell(&[]);
        Ok(())
    }

    async fn feed_bulks(&self, window: u32) -> Result<Fed> {
        if !bulk_feed::is_anything_open(self.readers()).await? {
            return Ok(Fed::default());
        }
        let settings = self.settings;
        self.write_and_notify(move |c| {
            Box::pin(async move { bulk_feed::feed(c, window, &settings).await })
        })
        .await
    }

    async fn wait_for_feeding(&self) {
        // Elapsing is as good an end as a notice.
        let _ = tokio::time::timeout(MAX_WAIT, self.notices.feeding()).await;
    }

    async fn bulk_depth(&self) -> Result<BulkDepth> {
        bulk_read::read_depth(&mut *self.readers().acquire().await?).await
    }

    async fn bulk(&self, tenant: TenantId, id: BulkId) -> Result<Option<Bulk>> {
        let mut snapshot = self.readers().begin().await?;
        let bulk = bulk_read::read_bulk(&mut snapshot, id).await?;
        Ok(bulk.filter(|bulk| bulk.tenant == tenant))
    }

    async fn bulks(&self, tenant: TenantId, page: &PageRequest) -> Result<Page<Bulk>> {
        let mut snapshot = self.readers().begin().await?;
        bulk_read::list_bulks(&mut snapshot, tenant, page).await
    }

    async fn bulk_items(
        &self,
        tenant: TenantId,
        id: BulkId,
        state: Option<BulkItemState>,
        page: &PageRequest,
    ) -> Result<Option<Page<BulkItem>>> {
        let mut snapshot = self.readers().begin().await?;
        match bulk_read::state_of(&mut snapshot, tenant, id).await? {
            Some(of_bulk) => bulk_read::list_items(&mut snapshot, (id, of_bulk), state, page)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    async fn bulk_failures(
        &self,
        tenant: TenantId,
        id: BulkId,
        examples: u32,
    ) -> Result<Option<Vec<BulkFailures>>> {
        let mut snapshot = self.readers().begin().await?;
        match bulk_read::state_of(&mut snapshot, tenant, id).await? {
            Some(_) => bulk_read::group_failures(&mut snapshot, id, examples)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    async fn change_bulk(
        &self,
        tenant: TenantId,
        id: BulkId,
        change: BulkChange,
    ) -> Result<Option<Bulk>> {
        if bulk_read::state_of(&mut *self.readers().acquire().await?, tenant, id)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        match change {
            BulkChange::Pause => {
                self.move_bulk(id, BulkState::Running, BulkState::Paused)
                    .await?
            }
            BulkChange::Resume => {
                self.move_bulk(id, BulkState::Paused, BulkState::Running)
                    .await?
            }
            BulkChange::Cancel => {
                self.write(move |c| Box::pin(async move { bulk_change::cancel(c, id).await }))
                    .await?;
            }
            BulkChange::Retry => self.retry_bulk(id).await?,
        }
        self.tell(&[]);
        self.bulk(tenant, id).await
    }
}

impl SqliteStore {
    async fn move_bulk(&self, id: BulkId, from: BulkState, to: BulkState) -> Result<()> {
        self.write(move |c| Box::pin(async move { bulk_change::move_bulk(c, id, from, to).await }))
            .await
    }

    /// In pieces, each of its own transaction. What fails meanwhile is left for the next call.
    async fn retry_bulk(&self, id: BulkId) -> Result<()> {
        let end = self
            .write(move |c| Box::pin(async move { bulk_change::begin_retry(c, id).await }))
            .await?;
        let Some(end) = end else {
            return Ok(());
        };
        while self
            .write(move |c| Box::pin(async move { bulk_change::retry_some(c, id, end).await }))
            .await?
        {}
        Ok(())
    }
}

/// References as a JSON parameter.
pub(super) struct Items {
    json: String,
    count: i64,
}

impl Items {
    pub(super) fn new(references: &[BulkReference]) -> Self {
        let json: serde_json::Value = references
            .iter()
            .map(|item| json!([item.reference, item.platform]))
            .collect();
        Self {
            json: json.to_string(),
            count: i64::try_from(references.len()).unwrap_or(i64::MAX),
        }
    }

    /// Stores them from the bulk's next position on, each that is new; how many were.
    pub(super) async fn insert(&self, c: &mut SqliteConnection, bulk: BulkId) -> Result<u64> {
        let inserted = sqlx::query(
            "INSERT INTO bulk_items (bulk_id, position, reference, platform)
             SELECT ?1, next_position + item.key, item.value->>0, item.value->>1
             FROM json_each(?2) AS item, bulks WHERE bulks.id = ?1
             ORDER BY item.key
             ON CONFLICT DO NOTHING",
        )
        .bind(bulk.0)
        .bind(&self.json)
        .execute(&mut *c)
        .await?
        .rows_affected();
        let new = write_size(inserted);
        sqlx::query(
            "UPDATE bulks SET next_position = next_position + ?2, accepted = accepted + ?3,
                              duplicates = duplicates + ?4
             WHERE id = ?1",
        )
        .bind(bulk.0)
        .bind(self.count)
        .bind(new)
        .bind(self.count - new)
        .execute(c)
        .await?;
        Ok(inserted)
    }
}

async fn append_references(
    c: &mut SqliteConnection,
    bulk: BulkId,
    items: &Items,
    settings: &StoreSettings,
) -> Result<Appended> {
    let open = sqlx::query("UPDATE bulks SET due_at = ?2 WHERE id = ?1 AND state = 'receiving'")
        .bind(bulk.0)
        .bind(now().saturating_add(micros(settings.lost_after)))
        .execute(&mut *c)
        .await?;
    if open.rows_affected() == 0 {
        return Ok(Appended::Closed);
    }
    let new = items.insert(c, bulk).await?;
    let all = u64::try_from(items.count).unwrap_or_default();
    Ok(Appended::Stored {
        new,
        duplicates: all.saturating_sub(new),
    })
}

async fn end_upload(
    c: &mut SqliteConnection,
    bulk: BulkId,
    rejected: i64,
    rejections: &str,
) -> Result<Option<Bulk>> {
    let ended = sqlx::query(
        "UPDATE bulks SET state = 'running', rejected = ?2, rejections = ?3
         WHERE id = ?1 AND state = 'receiving'",
    )
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
