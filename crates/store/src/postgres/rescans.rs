//! Rescans, which are revisions with what became of them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::PostgresStore;
use super::columns::{read_digest, read_size, write_size};
use super::statements::statements;
use crate::error::Result;
use crate::words::read_cursor;
use crate::{Page, PageRequest, RescanProgress, RescanRecord, RescanState, Rescans, TenantId};

/// A select of rescans with this rest of a statement.
macro_rules! select_rescans {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, digest, activated_at, requested_at, begun_at, cancelled_at,
                    processed_at, is_full OR matches_all AS is_full, packages, matched, changes,
                    summaries, (SELECT revision FROM fleet) AS fleet
             FROM revisions ",
            $rest
        )
    };
}

statements! {
    ONE = select_rescans!("WHERE sequence = $1");
    LIST = select_rescans!("WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2");
    NOTE = "UPDATE revisions
        SET begun_at = coalesce(begun_at, now()), matches_all = $2, packages = $3, matched = $4
        WHERE sequence = $1 RETURNING cancelled_at IS NULL";
    /// Whoever moves the fleet at this moment is waited for: then there is nothing to give up.
    CANCEL = "UPDATE revisions SET is_full = false, cancelled_at = now()
        WHERE sequence = $1 AND is_full AND requested_at IS NOT NULL AND processed_at IS NULL
          AND sequence > (SELECT revision FROM fleet)";
    OUTDATED = "SELECT images.id, repositories.name, images.digest FROM tenant_images
        JOIN images ON images.id = tenant_images.image_id
        CROSS JOIN LATERAL (
            SELECT repositories.name FROM repository_images
            JOIN repositories ON repositories.id = repository_images.repository_id
            WHERE repository_images.image_id = images.id
              AND repository_images.tenant_id = $1 AND repository_images.gone_at IS NULL
              AND repositories.name NOT LIKE '%:/%' AND repositories.name NOT LIKE 'sbom:%'
            ORDER BY repository_images.repository_id LIMIT 1
        ) AS repositories
        WHERE tenant_images.tenant_id = $1 AND tenant_images.gone_at IS NULL
          AND tenant_images.image_id > $3 AND images.cataloger_set <> ALL ($2::text[])
        ORDER BY tenant_images.image_id LIMIT $4";
}

#[derive(FromRow)]
struct RescanRow {
    sequence: i64,
    digest: Vec<u8>,
    activated_at: DateTime<Utc>,
    requested_at: Option<DateTime<Utc>>,
    begun_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    processed_at: Option<DateTime<Utc>>,
    is_full: bool,
    packages: i64,
    matched: i64,
    changes: i64,
    summaries: i64,
    fleet: i64,
}

impl RescanRow {
    fn read(self) -> Result<RescanRecord> {
        Ok(RescanRecord {
            revision: self.sequence,
            digest: read_digest(&self.digest)?,
            state: RescanState::of(
                self.processed_at.is_some(),
                self.sequence <= self.fleet,
                self.begun_at.is_some(),
            ),
            full: self.is_full,
            created_at: self.activated_at,
            requested_at: self.requested_at,
            begun_at: self.begun_at,
            cancelled_at: self.cancelled_at,
            done_at: self.processed_at,
            packages: read_size(self.packages),
            matched: read_size(self.matched),
            changes: read_size(self.changes),
            summaries: read_size(self.summaries),
        })
    }
}

#[async_trait]
impl Rescans for PostgresStore {
    async fn rescan(&self, revision: i64) -> Result<Option<RescanRecord>> {
        let row: Option<RescanRow> = self
            .session
            .run(move |c, _| {
                Box::pin(
                    async move { Ok(sqlx::query_as(ONE).bind(revision).fetch_optional(c).await?) },
                )
            })
            .await?;
        row.map(RescanRow::read).transpose()
    }

    async fn rescans(&self, page: &PageRequest) -> Result<Page<RescanRecord>> {
        let (before, _) = match &page.cursor {
            Some(cursor) => read_cursor(cursor)?,
            None => (i64::MAX, 0),
        };
        let rows: Vec<RescanRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(LIST)
                        .bind(before)
                        .bind(i64::from(page.limit) + 1)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        let page = Page::cut(rows, page.limit, |row| format!("{}.0", row.sequence));
        Ok(Page {
            items: page
                .items
                .into_iter()
                .map(RescanRow::read)
                .collect::<Result<_>>()?,
            next: page.next,
        })
    }

    async fn note_rescan(&self, revision: i64, progress: RescanProgress) -> Result<bool> {
        let still: Option<bool> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(NOTE)
                        .bind(revision)
                        .bind(progress.all)
                        .bind(write_size(progress.packages))
                        .bind(write_size(progress.matched))
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        Ok(still.unwrap_or_default() || !progress.all)
    }

    async fn cancel_rescan(&self, revision: i64) -> Result<bool> {
        let cancelled = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query(CANCEL).bind(revision).execute(c).await?) })
            })
            .await?;
        Ok(cancelled.rows_affected() > 0)
    }

    async fn outdated_images(
        &self,
        tenant: TenantId,
        current: &[&str],
        page: &PageRequest,
    ) -> Result<Page<String>> {
        let (after, _) = match &page.cursor {
            Some(cursor) => read_cursor(cursor)?,
            None => (0, 0),
        };
        let rows: Vec<(i64, String, Vec<u8>)> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(OUTDATED)
                        .bind(tenant.0)
                        .bind(current)
                        .bind(after)
                        .bind(i64::from(page.limit) + 1)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        let page = Page::cut(rows, page.limit, |(id, ..)| format!("{id}.0"));
        let references = page
            .items
            .into_iter()
            .map(|(_, repository, digest)| Ok(format!("{repository}@{}", read_digest(&digest)?)));
        Ok(Page {
            items: references.collect::<Result<_>>()?,
            next: page.next,
        })
    }
}
