//! Changes that concern a tenant's images.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::statements::statements;
use super::{PostgresStore, changed_images, history};
use crate::change_words::{
    COUNTED_IMAGES, ChangeColumns, WINDOW, kinds_of, like_pattern, read_change_cursor,
    severities_of,
};
use crate::error::Result;
use crate::{
    ChangeFilter, ChangeId, ChangeQuery, Changes, Event, HistoryEntry, ImageCount, ImageSummary,
    Page, PageRequest, TenantId,
};

/// The changes of `candidates` that a filter lets through and that concern a tenant ($1): $3 of
/// them, images counted up to $4, of these kinds ($5) and severities ($6), fixable ($7), exploited
/// ($8), in these repositories ($9, null for any). $2 is the candidates' own.
macro_rules! select_events {
    ($candidates:literal) => {
        concat!(
            "WITH candidates AS MATERIALIZED (",
            $candidates,
            "), told AS MATERIALIZED (
                SELECT candidates.sequence, candidates.revision, revisions.processed_at AS at,
                       candidates.package_id, packages.purl, candidates.vulnerability,
                       candidates.kind, before.content AS before, after.content AS after
                FROM candidates
                JOIN revisions ON revisions.sequence = candidates.revision
                JOIN packages ON packages.id = candidates.package_id
                LEFT JOIN findings AS before ON before.id = candidates.finding_before_id
                LEFT JOIN findings AS after ON after.id = candidates.finding_after_id
                WHERE candidates.kind = ANY ($5::text[])
                  AND coalesce(after.severity, before.severity) = ANY ($6::text[])
                  AND (NOT $7::boolean OR coalesce(after.is_fixable, before.is_fixable))
                  AND (NOT $8::boolean
                       OR coalesce(after.is_known_exploited, before.is_known_exploited))
                ORDER BY candidates.sequence
            )
            SELECT sequence, revision, at, purl, vulnerability, kind, before, after, images
            FROM told CROSS JOIN LATERAL (
                SELECT count(*) AS images FROM (
                    SELECT FROM package_set_packages AS members
                    JOIN tenant_images ON tenant_images.tenant_id = $1
                        AND tenant_images.package_set_id = members.package_set_id
                        AND tenant_images.first_seen <= told.at
                        AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > told.at)
                    JOIN images ON images.id = tenant_images.image_id
                        AND images.assembled_revision < told.revision
                    WHERE members.package_id = told.package_id
                      AND ($9::bigint[] IS NULL OR EXISTS (
                          SELECT FROM repository_images
                          WHERE repository_images.image_id = images.id
                            AND repository_images.tenant_id = $1
                            AND (repository_images.gone_at IS NULL
                                 OR repository_images.gone_at > told.at)
                            AND repository_images.repository_id = ANY ($9)))
                    LIMIT $4 + 1
                ) AS concerned
            ) AS counted
            WHERE images > 0 ORDER BY sequence LIMIT $3"
        )
    };
}

statements! {
    LIST = select_events!("SELECT * FROM changes WHERE sequence > $2 ORDER BY sequence
        LIMIT 2000");
    LIST_VULNERABILITY = select_events!("SELECT * FROM changes
        WHERE vulnerability = ANY ($10::text[]) AND sequence > $2 ORDER BY sequence LIMIT 2000");
    ONE = select_events!("SELECT * FROM changes WHERE sequence = $2");
    /// Where the candidates of a list end, and how many there are.
    WINDOW_END = "SELECT max(sequence), count(*) FROM (
            SELECT sequence FROM changes WHERE sequence > $1 ORDER BY sequence LIMIT 2000
        ) AS candidates";
    WINDOW_END_VULNERABILITY = "SELECT max(sequence), count(*) FROM (
            SELECT sequence FROM changes WHERE vulnerability = ANY ($2::text[]) AND sequence > $1
            ORDER BY sequence LIMIT 2000
        ) AS candidates";
    /// What changes call a vulnerability that is asked for under any of its ids.
    NAMES = "SELECT DISTINCT findings.vulnerability FROM finding_ids
        JOIN findings ON findings.id = finding_ids.finding_id
        WHERE finding_ids.vulnerability = $1";
    REPOSITORIES = "SELECT id FROM repositories WHERE tenant_id = $1 AND name LIKE $2";
    LATEST = "SELECT max(sequence) FROM changes";
    /// The last change that was known before this time.
    BEFORE = "SELECT coalesce((
            SELECT sequence - 1 FROM changes
            WHERE revision >= (SELECT min(sequence) FROM revisions WHERE processed_at >= $1)
            ORDER BY revision, sequence LIMIT 1
        ), (SELECT max(sequence) FROM changes), 0)";
}

#[derive(FromRow)]
pub(super) struct ChangeRow {
    sequence: i64,
    revision: i64,
    at: DateTime<Utc>,
    purl: String,
    vulnerability: String,
    kind: String,
    before: Option<String>,
    after: Option<String>,
}

impl ChangeRow {
    pub(super) fn columns(self) -> ChangeColumns {
        ChangeColumns {
            sequence: self.sequence,
            revision: self.revision,
            at: self.at,
            purl: self.purl,
            vulnerability: self.vulnerability,
            kind: self.kind,
            before: self.before,
            after: self.after,
        }
    }
}

#[derive(FromRow)]
struct EventRow {
    #[sqlx(flatten)]
    change: ChangeRow,
    images: i64,
}

#[async_trait]
impl Changes for PostgresStore {
    async fn changes(
        &self,
        tenant: TenantId,
        query: &ChangeQuery,
        page: &PageRequest,
    ) -> Result<Page<Event>> {
        self.session
            .run(move |c, _| Box::pin(async move { list(c, tenant, query, page).await }))
            .await
    }

    async fn change(&self, tenant: TenantId, id: ChangeId) -> Result<Option<Event>> {
        self.session
            .run(move |c, _| Box::pin(async move { one(c, tenant, id).await }))
            .await
    }

    async fn latest_change(&self) -> Result<Option<ChangeId>> {
        let latest: Option<i64> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_scalar(LATEST).fetch_one(c).await?) })
            })
            .await?;
        Ok(latest.map(ChangeId))
    }

    async fn changed_images(
        &self,
        tenant: TenantId,
        id: ChangeId,
        page: &PageRequest,
    ) -> Result<Option<Page<ImageSummary>>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move { changed_images::list(c, tenant, id, page).await })
            })
            .await
    }

    async fn image_history(
        &self,
        tenant: TenantId,
        image: Digest,
        page: &PageRequest,
    ) -> Result<Option<Page<HistoryEntry>>> {
        self.session
            .run(move |c, _| Box::pin(async move { history::list(c, tenant, image, page).await }))
            .await
    }
}

/// How a list looks for its changes.
struct Search<'a> {
    statement: &'static str,
    after: i64,
    limit: i64,
    filter: &'a ChangeFilter,
    names: Option<Vec<String>>,
}

async fn list(
    c: &mut PgConnection,
    tenant: TenantId,
    query: &ChangeQuery,
    page: &PageRequest,
) -> Result<Page<Event>> {
    let mut after = read_change_cursor(page)?;
    if let Some(since) = query.since {
        let before: i64 = sqlx::query_scalar(BEFORE)
            .bind(since)
            .fetch_one(&mut *c)
            .await?;
        after = after.max(before);
    }
    let names = match &query.vulnerability {
        Some(id) => Some(
            sqlx::query_scalar(NAMES)
                .bind(id)
                .fetch_all(&mut *c)
                .await?,
        ),
        None => None,
    };
    let search = Search {
        statement: names.as_ref().map_or(LIST, |_| LIST_VULNERABILITY),
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

async fn one(c: &mut PgConnection, tenant: TenantId, id: ChangeId) -> Result<Option<Event>> {
    let search = Search {
        statement: ONE,
        after: id.0,
        limit: 1,
        filter: &ChangeFilter::default(),
        names: None,
    };
    Ok(search.events(c, tenant).await?.pop())
}

impl Search<'_> {
    async fn events(&self, c: &mut PgConnection, tenant: TenantId) -> Result<Vec<Event>> {
        let repositories = repositories_of(c, tenant, self.filter).await?;
        let query = sqlx::query_as(self.statement)
            .bind(tenant.0)
            .bind(self.after)
            .bind(self.limit)
            .bind(COUNTED_IMAGES)
            .bind(kinds_of(self.filter))
            .bind(severities_of(self.filter))
            .bind(self.filter.only_fixable)
            .bind(self.filter.only_known_exploited)
            .bind(repositories);
        let query = match &self.names {
            Some(names) => query.bind(names),
            None => query,
        };
        let rows: Vec<EventRow> = query.fetch_all(c).await?;
        let read = |row: EventRow| {
            Ok(Event {
                change: row.change.columns().read()?,
                images: ImageCount::bounded(row.images, COUNTED_IMAGES),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Where to look further, when all that was looked at is told.
    async fn end_of_window(&self, c: &mut PgConnection) -> Result<Option<String>> {
        let query = match &self.names {
            Some(names) => sqlx::query_as(WINDOW_END_VULNERABILITY)
                .bind(self.after)
                .bind(names),
            None => sqlx::query_as(WINDOW_END).bind(self.after),
        };
        let (end, looked_at): (Option<i64>, i64) = query.fetch_one(c).await?;
        Ok(end
            .filter(|_| looked_at >= WINDOW)
            .map(|end| end.to_string()))
    }
}

/// A tenant's repositories of the filter's pattern; `None` where any will do.
pub(super) async fn repositories_of(
    c: &mut PgConnection,
    tenant: TenantId,
    filter: &ChangeFilter,
) -> Result<Option<Vec<i64>>> {
    let Some(pattern) = &filter.repository else {
        return Ok(None);
    };
    let ids = sqlx::query_scalar(REPOSITORIES)
        .bind(tenant.0)
        .bind(like_pattern(pattern))
        .fetch_all(c)
        .await?;
    Ok(Some(ids))
}
