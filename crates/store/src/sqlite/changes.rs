//! Changes that concern a tenant's images.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use serde_json::Value;
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{FromRow, QueryBuilder};

use super::columns::read_time;
use super::{SqliteStore, changed_images, history};
use crate::change_words::{
    COUNTED_IMAGES, ChangeColumns, WINDOW, glob_pattern, kinds_of, read_change_cursor,
    severities_of,
};
use crate::error::Result;
use crate::{
    ChangeFilter, ChangeId, ChangeQuery, Changes, Event, HistoryEntry, ImageCount, ImageSummary,
    Page, PageRequest, TenantId,
};

/// The changes of `candidates` that a filter lets through and that concern a tenant, as in the
/// other adapter's statement of the same shape.
const SELECT: &str = "), told AS MATERIALIZED (
        SELECT candidates.sequence, candidates.revision, revisions.processed_at AS at,
               candidates.package_id, packages.purl, candidates.vulnerability, candidates.kind,
               before.content AS before, after.content AS after
        FROM candidates
        JOIN revisions ON revisions.sequence = candidates.revision
        JOIN packages ON packages.id = candidates.package_id
        LEFT JOIN findings AS before ON before.id = candidates.finding_before_id
        LEFT JOIN findings AS after ON after.id = candidates.finding_after_id
        WHERE candidates.kind IN (SELECT value FROM json_each(?5))
          AND coalesce(after.severity, before.severity) IN (SELECT value FROM json_each(?6))
          AND (NOT ?7 OR coalesce(after.is_fixable, before.is_fixable))
          AND (NOT ?8 OR coalesce(after.is_known_exploited, before.is_known_exploited))
        ORDER BY candidates.sequence
    ), counted AS (
        SELECT told.*, (
            SELECT count(*) FROM (
                SELECT 1 FROM package_set_packages AS members
                JOIN tenant_images ON tenant_images.tenant_id = ?1
                    AND tenant_images.package_set_id = members.package_set_id
                    AND tenant_images.first_seen <= told.at
                    AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > told.at)
                JOIN images ON images.id = tenant_images.image_id
                    AND images.assembled_revision < told.revision
                WHERE members.package_id = told.package_id
                  AND (?9 IS NULL OR EXISTS (
                      SELECT 1 FROM repository_images
                      WHERE repository_images.image_id = images.id
                        AND repository_images.tenant_id = ?1
                        AND (repository_images.gone_at IS NULL
                             OR repository_images.gone_at > told.at)
                        AND repository_images.repository_id IN (SELECT value FROM json_each(?9))))
                LIMIT ?4 + 1)
        ) AS images FROM told
    )
    SELECT sequence, revision, at, purl, vulnerability, kind, before, after, images
    FROM counted WHERE images > 0 ORDER BY sequence LIMIT ?3";

#[derive(FromRow)]
pub(super) struct ChangeRow {
    sequence: i64,
    revision: i64,
    at: i64,
    purl: String,
    vulnerability: String,
    kind: String,
    before: Option<String>,
    after: Option<String>,
}

impl ChangeRow {
    pub(super) fn columns(self) -> Result<ChangeColumns> {
        Ok(ChangeColumns {
            sequence: self.sequence,
            revision: self.revision,
            at: read_time(self.at)?,
            purl: self.purl,
            vulnerability: self.vulnerability,
            kind: self.kind,
            before: self.before,
            after: self.after,
        })
    }
}

#[derive(FromRow)]
struct EventRow {
    #[sqlx(flatten)]
    change: ChangeRow,
    images: i64,
}

#[async_trait]
impl Changes for SqliteStore {
    async fn changes(
        &self,
        tenant: TenantId,
        query: &ChangeQuery,
        page: &PageRequest,
    ) -> Result<Page<Event>> {
        let mut snapshot = self.readers().begin().await?;
        list(&mut snapshot, tenant, query, page).await
    }

    async fn change(&self, tenant: TenantId, id: ChangeId) -> Result<Option<Event>> {
        let mut snapshot = self.readers().begin().await?;
        let search = Search {
            candidates: "SELECT * FROM changes WHERE sequence = ?2",
            after: id.0,
            limit: 1,
            filter: &ChangeFilter::default(),
            names: None,
        };
        Ok(search.events(&mut snapshot, tenant).await?.pop())
    }

    async fn latest_change(&self) -> Result<Option<ChangeId>> {
        let latest: Option<i64> = sqlx::query_scalar("SELECT max(sequence) FROM changes")
            .fetch_one(self.readers())
            .await?;
        Ok(latest.map(ChangeId))
    }

    async fn changed_images(
        &self,
        tenant: TenantId,
        id: ChangeId,
        page: &PageRequest,
    ) -> Result<Option<Page<ImageSummary>>> {
        let mut snapshot = self.readers().begin().await?;
        changed_images::list(&mut snapshot, tenant, id, page).await
    }

    async fn image_history(
        &self,
        tenant: TenantId,
        image: Digest,
        page: &PageRequest,
    ) -> Result<Option<Page<HistoryEntry>>> {
        let mut snapshot = self.readers().begin().await?;
        history::list(&mut snapshot, tenant, image, page).await
    }
}

const CANDIDATES: &str = "SELECT * FROM changes WHERE sequence > ?2 ORDER BY sequence LIMIT 2000";
const CANDIDATES_OF_VULNERABILITY: &str = "SELECT * FROM changes
    WHERE vulnerability IN (SELECT value FROM json_each(?10)) AND sequence > ?2
    ORDER BY sequence LIMIT 2000";

/// How a list looks for its changes.
struct Search<'a> {
    candidates: &'static str,
    after: i64,
    limit: i64,
    filter: &'a ChangeFilter,
    /// JSON.
    names: Option<String>,
}

async fn list(
    c: &mut SqliteConnection,
    tenant: TenantId,
    query: &ChangeQuery,
    page: &PageRequest,
) -> Result<Page<Event>> {
    let mut after = read_change_cursor(page)?;
    if let Some(since) = query.since {
        after = after.max(last_before(c, since).await?);
    }
    let names = match &query.vulnerability {
        Some(id) => Some(names_of(c, id).await?),
        None => None,
    };
    let search = Search {
        candidates: names
            .as_ref()
            .map_or(CANDIDATES, |_| CANDIDATES_OF_VULNERABILITY),
        after,
        limit: i64::from(page.limit) + 1,
        filter: &query.filter,
        names,
    };
    let events = search.events(c, tenant).await?;
    let mut page = Page::cut(events, page.limit, |event| event.change.id.0.to_string());
    if page.next.is_none() {
        page.next = search.end_of_window(c).await?;
    }
    Ok(page)
}

impl Search<'_> {
    async fn events(&self, c: &mut SqliteConnection, tenant: TenantId) -> Result<Vec<Event>> {
        let repositories = repositories_of(c, tenant, self.filter).await?;
        let mut query = QueryBuilder::<Sqlite>::new("WITH candidates AS MATERIALIZED (");
        let rows: Vec<EventRow> = query
            .push(self.candidates)
            .push(SELECT)
            .build_query_as()
            .bind(tenant.0)
            .bind(self.after)
            .bind(self.limit)
            .bind(COUNTED_IMAGES)
            .bind(Value::from(kinds_of(self.filter)).to_string())
            .bind(Value::from(severities_of(self.filter)).to_string())
            .bind(self.filter.only_fixable)
            .bind(self.filter.only_known_exploited)
            .bind(repositories)
            .bind(self.names.as_deref())
            .fetch_all(c)
            .await?;
        let read = |row: EventRow| {
            Ok(Event {
                change: row.change.columns()?.read()?,
                images: ImageCount::bounded(row.images, COUNTED_IMAGES),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Where to look further, when all that was looked at is told.
    async fn end_of_window(&self, c: &mut SqliteConnection) -> Result<Option<String>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT max(sequence), count(*) FROM (");
        let (end, looked_at): (Option<i64>, i64) = query
            .push(self.candidates)
            .push(")")
            .build_query_as()
            .bind(Option::<String>::None)
            .bind(self.after)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(Option::<String>::None)
            .bind(self.names.as_deref())
            .fetch_one(c)
            .await?;
        Ok(end
            .filter(|_| looked_at >= WINDOW)
            .map(|end| end.to_string()))
    }
}

/// The last change that was known before this time.
async fn last_before(c: &mut SqliteConnection, since: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "SELECT coalesce((
             SELECT sequence - 1 FROM changes
             WHERE revision >= (SELECT min(sequence) FROM revisions WHERE processed_at >= ?1)
             ORDER BY revision, sequence LIMIT 1
         ), (SELECT max(sequence) FROM changes), 0)",
    )
    .bind(since.timestamp_micros())
    .fetch_one(c)
    .await?)
}

/// What changes call a vulnerability that is asked for under any of its ids.
async fn names_of(c: &mut SqliteConnection, id: &str) -> Result<String> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT findings.vulnerability FROM finding_ids
         JOIN findings ON findings.id = finding_ids.finding_id
         WHERE finding_ids.vulnerability = ?1",
    )
    .bind(id)
    .fetch_all(c)
    .await?;
    Ok(Value::from(names).to_string())
}

/// A tenant's repositories of the filter's pattern, as JSON; `None` where any will do.
pub(super) async fn repositories_of(
    c: &mut SqliteConnection,
    tenant: TenantId,
    filter: &ChangeFilter,
) -> Result<Option<String>> {
    let Some(pattern) = &filter.repository else {
        return Ok(None);
    };
    let ids: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM repositories WHERE tenant_id = ?1 AND name GLOB ?2")
            .bind(tenant.0)
            .bind(glob_pattern(pattern))
            .fetch_all(c)
            .await?;
    Ok(Some(Value::from(ids).to_string()))
}
