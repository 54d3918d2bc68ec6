//! Scans: created, read, listed; what ends them is in `finish`.

use async_trait::async_trait;
use scanyard_package::Digest;
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::columns::{corrupt, micros, now, read_time, read_uuid, read_word};
use super::progress::add_progress;
use super::{SqliteStore, finish, outbox, record};
use crate::error::Result;
use crate::jobs::image_message;
use crate::notices::ScanNotice;
use crate::{
    BulkId, CreatedScan, NewImage, NewScan, Page, PageRequest, Recorded, Scan, ScanFailure,
    ScanFilter, ScanId, ScanProgress, ScanState, Scans, StoreError, StoreSettings, TenantId,
};

const SELECT: &str =
    "SELECT id, tenant_id, reference, platform, lane, bulk_id, state, failure_code,
    failure_message, failure_remedy, failure_retryable, created_at, started_at, finished_at
    FROM scans";

#[derive(FromRow)]
pub(super) struct ScanRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    reference: String,
    platform: Option<String>,
    lane: String,
    bulk_id: Option<Vec<u8>>,
    state: String,
    failure_code: Option<String>,
    failure_message: Option<String>,
    failure_remedy: Option<String>,
    failure_retryable: Option<bool>,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
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
            id: ScanId(read_uuid(&self.id)?),
            tenant: TenantId(read_uuid(&self.tenant_id)?),
            reference: self.reference,
            platform: self.platform,
            lane: read_word(&self.lane, str::parse)?,
            bulk: self
                .bulk_id
                .as_deref()
                .map(read_uuid)
                .transpose()?
                .map(BulkId),
            state: ScanState::from_name(&self.state)
                .ok_or_else(|| corrupt("state", &self.state))?,
            failure,
            images: Vec::new(),
            progress: ScanProgress::default(),
            created_at: read_time(self.created_at)?,
            started_at: self.started_at.map(read_time).transpose()?,
            finished_at: self.finished_at.map(read_time).transpose()?,
        })
    }
}

#[async_trait]
impl Scans for SqliteStore {
    async fn create_scan(&self, scan: &NewScan) -> Result<CreatedScan> {
        let (scan, settings) = (scan.clone(), self.settings);
        self.write_and_notify(move |c| {
            Box::pin(async move { create_scan(c, &scan, &settings).await })
        })
        .await
    }

    async fn scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>> {
        let scan = self.scan_of_any_tenant(id).await?;
        Ok(scan.filter(|scan| scan.tenant == tenant))
    }

    fn scan_notice(&self, id: ScanId) -> ScanNotice {
        self.notices.of_scan(id)
    }

    async fn scan_of_any_tenant(&self, id: ScanId) -> Result<Option<Scan>> {
        let mut snapshot = self.readers().begin().await?;
        read_scan(&mut snapshot, id).await
    }

    async fn scans(
        &self,
        tenant: TenantId,
        filter: &ScanFilter,
        page: &PageRequest,
    ) -> Result<Page<Scan>> {
        let mut snapshot = self.readers().begin().await?;
        list_scans(&mut snapshot, tenant, filter, page).await
    }

    async fn cancel_scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>> {
        let scan = self
            .write(move |c| Box::pin(async move { finish::cancel_scan(c, tenant, id).await }))
            .await?;
        self.tell(&[id]);
        Ok(scan)
    }

    async fn fail_scan(&self, id: ScanId, failure: &ScanFailure) -> Result<bool> {
        let failure = failure.clone();
        let failed = self
            .write(move |c| Box::pin(async move { finish::fail_scans(c, &[id.0], &failure).await }))
            .await?;
        self.tell(&failed);
        Ok(!failed.is_empty())
    }

    async fn retry_scan(&self, id: ScanId) -> Result<bool> {
        let settings = self.settings;
        self.write_and_notify(move |c| {
            Box::pin(async move {
                let queued = finish::requeue_failed_scans(c, &[id.0], &settings).await?;
                Ok(!queued.is_empty())
            })
        })
        .await
    }

    async fn record_images(
        &self,
        scan: ScanId,
        images: &[NewImage],
        cataloger_set: &str,
    ) -> Result<Recorded> {
        let recording = record::Recording::new(scan, images, cataloger_set, self.settings);
        self.write_and_notify(move |c| Box::pin(async move { recording.run(c).await }))
            .await
    }

    async fn finish_scans(&self, image: Digest) -> Result<Vec<ScanId>> {
        let finished = self
            .write(move |c| Box::pin(async move { finish::finish_scans(c, image).await }))
            .await?;
        self.tell(&finished);
        Ok(finished)
    }

    async fn fail_scans_of_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        failure: &ScanFailure,
    ) -> Result<Vec<ScanId>> {
        let (cataloger_set, failure) = (cataloger_set.to_owned(), failure.clone());
        let failed = self
            .write(move |c| {
                Box::pin(async move {
                    let waiting = finish::scans_waiting(c, layer, &cataloger_set).await?;
                    finish::fail_scans(c, &waiting, &failure).await
                })
            })
            .await?;
        self.tell(&failed);
        Ok(failed)
    }

    async fn scan_waiting_for_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Scan>> {
        let mut snapshot = self.readers().begin().await?;
        let waiting = finish::scans_waiting(&mut snapshot, layer, cataloger_set).await?;
        match waiting.first() {
            Some(id) => read_scan(&mut snapshot, ScanId(*id)).await,
            None => Ok(None),
        }
    }

    async fn retry_scans_of_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
    ) -> Result<Vec<ScanId>> {
        let (cataloger_set, settings) = (cataloger_set.to_owned(), self.settings);
        self.write_and_notify(move |c| {
            Box::pin(async move {
                let failed = finish::scans_failed_with(c, layer, &cataloger_set).await?;
                finish::requeue_failed_scans(c, &failed, &settings).await
            })
        })
        .await
    }
}

async fn create_scan(
    c: &mut SqliteConnection,
    scan: &NewScan,
    settings: &StoreSettings,
) -> Result<CreatedScan> {
    let now = now();
    let inserted = sqlx::query(
        "INSERT INTO scans (id, tenant_id, reference, platform, lane, state, idempotency_key,
                            traceparent, requests, due_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?7, 1, ?8, ?9)
         ON CONFLICT DO NOTHING",
    )
    .bind(scan.id.0)
    .bind(scan.tenant.0)
    .bind(&scan.reference)
    .bind(&scan.platform)
    .bind(scan.lane.name())
    .bind(&scan.idempotency_key)
    .bind(&scan.traceparent)
    .bind(now.saturating_add(micros(settings.lost_after)))
    .bind(now)
    .execute(&mut *c)
    .await?;
    if inserted.rows_affected() == 0 {
        return existing_scan(c, scan).await;
    }
    let message = image_message(scan.id.0, scan.lane, 1, scan.traceparent.clone());
    outbox::add_message(c, &message).await?;
    Ok(CreatedScan::New(Scan {
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
        created_at: read_time(now)?,
        started_at: None,
        finished_at: None,
    }))
}

/// The scan that holds the id or the idempotency key already: a caller that lost our answer asks
/// twice with the same id.
async fn existing_scan(c: &mut SqliteConnection, scan: &NewScan) -> Result<CreatedScan> {
    let id: Vec<u8> = sqlx::query_scalar(
        "SELECT id FROM scans WHERE id = ?1
         UNION ALL SELECT id FROM scans WHERE tenant_id = ?2 AND idempotency_key = ?3",
    )
    .bind(scan.id.0)
    .bind(scan.tenant.0)
    .bind(&scan.idempotency_key)
    .fetch_one(&mut *c)
    .await?;
    let id = ScanId(read_uuid(&id)?);
    let existing = read_scan(c, id).await?;
    Ok(match existing {
        Some(existing)
            if existing.tenant == scan.tenant
                && existing.reference == scan.reference
                && existing.platform == scan.platform
                && existing.lane == scan.lane =>
        {
            CreatedScan::Existing(existing)
        }
        _ => CreatedScan::Conflict(id),
    })
}

pub(super) async fn read_scan(c: &mut SqliteConnection, id: ScanId) -> Result<Option<Scan>> {
    let row = QueryBuilder::<Sqlite>::new(SELECT)
        .push(" WHERE id = ")
        .push_bind(id.0)
        .build_query_as::<ScanRow>()
        .fetch_optional(&mut *c)
        .await?;
    let mut scans: Vec<Scan> = row.map(ScanRow::read).transpose()?.into_iter().collect();
    add_progress(c, &mut scans).await?;
    Ok(scans.pop())
}

async fn list_scans(
    c: &mut SqliteConnection,
    tenant: TenantId,
    filter: &ScanFilter,
    page: &PageRequest,
) -> Result<Page<Scan>> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    query.push(" WHERE tenant_id = ").push_bind(tenant.0);
    if let Some(state) = filter.state {
        query.push(" AND state = ").push_bind(state.name());
    }
    if let Some(reference) = &filter.reference {
        query.push(" AND reference = ").push_bind(reference);
    }
    if let Some(cursor) = &page.cursor {
        let last: Uuid = cursor.parse().map_err(|_| StoreError::InvalidCursor)?;
        query.push(" AND id < ").push_bind(last);
    }
    query.push(" ORDER BY id DESC LIMIT ");
    query.push_bind(i64::from(page.limit) + 1);
    let rows: Vec<ScanRow> = query.build_query_as().fetch_all(&mut *c).await?;
    let scans = rows.into_iter().map(ScanRow::read).collect::<Result<_>>()?;
    let mut page = Page::cut(scans, page.limit, |scan: &Scan| scan.id.0.to_string());
    add_progress(c, &mut page.items).await?;
    Ok(page)
}
