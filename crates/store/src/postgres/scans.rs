//! Scans: read and listed; `create` begins them, `finish` ends them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{corrupt, read_word};
use super::progress::add_progress;
use super::record::Recording;
use super::statements::statements;
use super::{PostgresStore, finish};
use crate::error::Result;
use crate::notices::ScanNotice;
use crate::{
    BulkId, CreatedScan, NewImage, NewScan, Page, PageRequest, Recorded, Scan, ScanFailure,
    ScanFilter, ScanId, ScanProgress, ScanState, Scans, StoreError, TenantId,
};

/// A select of scans with this condition.
macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, tenant_id, reference, platform, lane, bulk_id, state, failure_code,
                    failure_message,
                    failure_remedy, failure_retryable, created_at, started_at, finished_at
             FROM scans WHERE ",
            $condition
        )
    };
}

statements! {
    BY_ID = select!("id = $1");
    /// Those with the id or the idempotency key; the one with the id first.
    HOLDER = select!("id = $1 OR tenant_id = $2 AND idempotency_key = $3
                      ORDER BY id <> $1 LIMIT 1");
    /// Tenant, cursor, how many; then what to filter by.
    LIST = select!("tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    LIST_BY_STATE = select!("tenant_id = $1 AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3");
    LIST_BY_REFERENCE = select!("tenant_id = $1 AND id < $2 AND reference = $4
        AND hashtextextended(reference, 0) = hashtextextended($4, 0) ORDER BY id DESC LIMIT $3");
    LIST_BY_BOTH = select!("tenant_id = $1 AND id < $2 AND state = $5 AND reference = $4
        AND hashtextextended(reference, 0) = hashtextextended($4, 0) ORDER BY id DESC LIMIT $3");
}

#[derive(FromRow)]
struct ScanRow {
    id: Uuid,
    tenant_id: Uuid,
    reference: String,
    platform: Option<String>,
    lane: String,
    bulk_id: Option<Uuid>,
    state: String,
    failure_code: Option<String>,
    failure_message: Option<String>,
    failure_remedy: Option<String>,
    failure_retryable: Option<bool>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl ScanRow {
    /// The scan without its images and progress.
    fn read(self) -> Result<Scan> {
        let failure = self.failure_code.map(|code| ScanFailure {
            code,
            message: self.failure_message.unwrap_or_default(),
            remedy: self.failure_remedy.unwrap_or_default(),
            retryable: self.failure_retryable.unwrap_or_default(),
        });
        Ok(Scan {
            id: ScanId(self.id),
            tenant: TenantId(self.tenant_id),
            reference: self.reference,
            platform: self.platform,
            lane: read_word(&self.lane, str::parse)?,
            bulk: self.bulk_id.map(BulkId),
            state: ScanState::from_name(&self.state)
                .ok_or_else(|| corrupt("state", &self.state))?,
            failure,
            images: Vec::new(),
            progress: ScanProgress::default(),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

#[async_trait]
impl Scans for PostgresStore {
    async fn create_scan(&self, scan: &NewScan) -> Result<CreatedScan> {
        match self.creator.create(scan.clone()).await? {
            Some(created_at) => Ok(CreatedScan::New(queued(scan, created_at))),
            None => {
                self.session
                    .run(move |c, _| Box::pin(async move { existing_scan(c, scan).await }))
                    .await
            }
        }
    }

    async fn scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>> {
        let scan = self.scan_of_any_tenant(id).await?;
        Ok(scan.filter(|scan| scan.tenant == tenant))
    }

    fn scan_notice(&self, id: ScanId) -> ScanNotice {
        self.notices.of_scan(id)
    }

    async fn scan_of_any_tenant(&self, id: ScanId) -> Result<Option<Scan>> {
        self.session
            .run(move |c, _| Box::pin(async move { read_scan(c, id).await }))
            .await
    }

    async fn scans(
        &self,
        tenant: TenantId,
        filter: &ScanFilter,
        page: &PageRequest,
    ) -> Result<Page<Scan>> {
        self.session
            .run(move |c, _| Box::pin(async move { list_scans(c, tenant, filter, page).await }))
            .await
    }

    async fn cancel_scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { finish::cancel_scan(c, tenant, id).await })
            })
            .await?;
        self.announcer.tell(vec![id]);
        self.scan(tenant, id).await
    }

    async fn fail_scan(&self, id: ScanId, failure: &ScanFailure) -> Result<bool> {
        let failed = self
            .session
            .transaction(move |c, _| {
                Box::pin(async move { finish::fail_scans(c, &[id.0], failure).await })
            })
            .await?;
        Ok(!self.told(failed).is_empty())
    }

    async fn retry_scan(&self, id: ScanId) -> Result<bool> {
        let queued = self
            .session
            .transaction(move |c, _| {
                Box::pin(
                    async move { finish::requeue_failed_scans(c, &[id.0], &self.settings).await },
                )
            })
            .await?;
        Ok(!queued.is_empty())
    }

    async fn record_images(
        &self,
        scan: ScanId,
        images: &[NewImage],
        cataloger_set: &str,
    ) -> Result<Recorded> {
        let recording = &Recording::new(scan, images, cataloger_set, self.settings);
        let lane = self
            .session
            .transaction(move |c, _| Box::pin(async move { recording.record(c).await }))
            .await?;
        let Some(lane) = &lane else {
            return Ok(Recorded::Ended);
        };
        self.session
            .transaction(move |c, _| Box::pin(async move { recording.request(c, lane).await }))
            .await
    }

    async fn finish_scans(&self, image: Digest) -> Result<Vec<ScanId>> {
        let finished = self
            .session
            .transaction(move |c, _| Box::pin(async move { finish::finish_scans(c, image).await }))
            .await?;
        Ok(self.told(finished))
    }

    async fn fail_scans_of_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        failure: &ScanFailure,
    ) -> Result<Vec<ScanId>> {
        let failed = self
            .session
            .transaction(move |c, _| {
                Box::pin(async move {
                    finish::fail_scans_of_layer(c, layer, cataloger_set, failure).await
                })
            })
            .await?;
        Ok(self.told(failed))
    }

    async fn scan_waiting_for_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Scan>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let waiting = finish::scans_waiting(c, layer, cataloger_set, 1).await?;
                    match waiting.first() {
                        Some(id) => read_scan(c, ScanId(*id)).await,
                        None => Ok(None),
                    }
                })
            })
            .await
    }

    async fn retry_scans_of_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
    ) -> Result<Vec<ScanId>> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move {
                    let failed = finish::scans_failed_with(c, layer, cataloger_set).await?;
                    finish::requeue_failed_scans(c, &failed, &self.settings).await
                })
            })
            .await
    }
}

impl PostgresStore {
    /// Tells of scans that ended, if any did.
    fn told(&self, ended: Vec<ScanId>) -> Vec<ScanId> {
        if !ended.is_empty() {
            self.announcer.tell(ended.clone());
        }
        ended
    }
}

fn queued(scan: &NewScan, created_at: DateTime<Utc>) -> Scan {
    Scan {
        id: scan.id,
        tenant: scan.tenant,
        reference: scan.reference.clone(),
        platform: scan.platform.clone(),
        lane: scan.lane,
        bulk: None,
        state: ScanState::Queued,
        failure: None,
        images: Vec::new(),
        progress: ScanProgress::default(),
        created_at,
        started_at: None,
        finished_at: None,
    }
}

/// The scan that holds the id or the idempotency key already: a caller that lost our answer asks
/// twice with the same id.
async fn existing_scan(c: &mut PgConnection, scan: &NewScan) -> Result<CreatedScan> {
    let row: Option<ScanRow> = sqlx::query_as(HOLDER)
        .bind(scan.id.0)
        .bind(scan.tenant.0)
        .bind(&scan.idempotency_key)
        .fetch_optional(&mut *c)
        .await?;
    let Some(existing) = with_progress(c, row).await? else {
        // It was there a moment ago; the next try creates ours.
        return Err(StoreError::Unavailable("the scan is being removed".into()));
    };
    let is_same = existing.tenant == scan.tenant
        && existing.reference == scan.reference
        && existing.platform == scan.platform
        && existing.lane == scan.lane;
    Ok(match is_same {
        true => CreatedScan::Existing(existing),
        false => CreatedScan::Conflict(existing.id),
    })
}

async fn read_scan(c: &mut PgConnection, id: ScanId) -> Result<Option<Scan>> {
    let row: Option<ScanRow> = sqlx::query_as(BY_ID)
        .bind(id.0)
        .fetch_optional(&mut *c)
        .await?;
    with_progress(c, row).await
}

async fn with_progress(c: &mut PgConnection, row: Option<ScanRow>) -> Result<Option<Scan>> {
    let mut scans: Vec<Scan> = row.map(ScanRow::read).transpose()?.into_iter().collect();
    add_progress(c, &mut scans).await?;
    Ok(scans.pop())
}

async fn list_scans(
    c: &mut PgConnection,
    tenant: TenantId,
    filter: &ScanFilter,
    page: &PageRequest,
) -> Result<Page<Scan>> {
    let before = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => Uuid::max(),
    };
    let state = filter.state.map(ScanState::name);
    let (statement, texts) = match (&filter.reference, state) {
        (None, None) => (LIST, vec![]),
        (None, Some(state)) => (LIST_BY_STATE, vec![state]),
        (Some(reference), None) => (LIST_BY_REFERENCE, vec![reference.as_str()]),
        (Some(reference), Some(state)) => (LIST_BY_BOTH, vec![reference.as_str(), state]),
    };
    let mut query = sqlx::query_as(statement)
        .bind(tenant.0)
        .bind(before)
        .bind(i64::from(page.limit) + 1);
    for text in texts {
        query = query.bind(text);
    }
    let rows: Vec<ScanRow> = query.fetch_all(&mut *c).await?;
    let scans = rows.into_iter().map(ScanRow::read).collect::<Result<_>>()?;
    let mut page = Page::cut(scans, page.limit, |scan: &Scan| scan.id.0.to_string());
    add_progress(c, &mut page.items).await?;
    Ok(page)
}
