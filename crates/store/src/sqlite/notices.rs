//! Messages made of changes.
//!
//! A subscription reads changes in the order of revision, vulnerability and kind, so that those which
//! make one message lie together. Messages and the place up to which they were made are written in
//! one transaction: no change is passed over and none is told of twice, whoever dies meanwhile.

use serde_json::Value;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::changes::repositories_of;
use super::columns::{now, read_time, read_uuid};
use crate::change_words::severities_of;
use crate::error::Result;
use crate::notice_making::{
    FilterColumns, GROUPS, Group, MAX_WAITING, NOTICED_IMAGES, NOTICED_PACKAGES, NoticedChange,
    notice_of,
};
use crate::{ChangeFilter, ChangeKind, SubscriptionId, TenantId};

const FLEET_REVISION: &str = "SELECT revision FROM fleet";
/// The one that is furthest behind, unless it has enough to send.
const BEHIND: &str =
    "SELECT id, tenant_id, kinds, min_severity, only_fixable, only_known_exploited,
               repository, next_revision, last_vulnerability, last_kind
        FROM subscriptions
        WHERE state = 'active' AND next_revision <= ?1
          AND (SELECT count(*) FROM (
                  SELECT 1 FROM deliveries WHERE subscription_id = subscriptions.id
                    AND deliveries.state = 'waiting' LIMIT ?2)) < ?2
        ORDER BY next_revision, last_vulnerability LIMIT 1";
const GROUPS_AFTER: &str = "SELECT DISTINCT revision, vulnerability AS vulnerability,
               kind AS kind
        FROM changes
        WHERE (revision, vulnerability, kind) > (?1, ?2, ?3)
          AND revision <= ?4
        ORDER BY 1, 2, 3 LIMIT ?5";
/// The changes of a group that matter and concern the tenant.
const MEMBERS: &str = "SELECT changes.sequence, changes.package_id, packages.purl,
               revisions.processed_at AS at, before.content AS before, after.content AS after
        FROM changes
        JOIN revisions ON revisions.sequence = changes.revision
        JOIN packages ON packages.id = changes.package_id
        LEFT JOIN findings AS before ON before.id = changes.finding_before_id
        LEFT JOIN findings AS after ON after.id = changes.finding_after_id
        WHERE changes.revision = ?2 AND changes.vulnerability = ?3
          AND changes.kind = ?4
          AND coalesce(after.severity, before.severity) IN (SELECT value FROM json_each(?5))
          AND (NOT ?6 OR coalesce(after.is_fixable, before.is_fixable))
          AND (NOT ?7 OR coalesce(after.is_known_exploited, before.is_known_exploited))
          AND EXISTS (
              SELECT 1 FROM package_set_packages AS members
              JOIN tenant_images ON tenant_images.tenant_id = ?1
                  AND tenant_images.package_set_id = members.package_set_id
                  AND tenant_images.first_seen <= revisions.processed_at
                  AND (tenant_images.gone_at IS NULL
                       OR tenant_images.gone_at > revisions.processed_at)
              JOIN images ON images.id = tenant_images.image_id
                  AND images.assembled_revision < changes.revision
              WHERE members.package_id = changes.package_id
                AND (?8 IS NULL OR EXISTS (
                    SELECT 1 FROM repository_images
                    WHERE repository_images.image_id = images.id
                      AND repository_images.tenant_id = ?1
                      AND (repository_images.gone_at IS NULL
                           OR repository_images.gone_at > revisions.processed_at)
                      AND repository_images.repository_id IN (SELECT value FROM json_each(?8)))))
        ORDER BY changes.package_id, changes.sequence LIMIT ?9";
/// The tenant's images that hold any of these packages. An image has one package set, so each is
/// counted once.
const IMAGES: &str = "SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT DISTINCT package_set_id FROM package_set_packages
                WHERE package_id IN (SELECT value FROM json_each(?2))
            ) AS sets
            JOIN tenant_images ON tenant_images.tenant_id = ?1
                AND tenant_images.package_set_id = sets.package_set_id
                AND tenant_images.first_seen <= ?4
                AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > ?4)
            JOIN images ON images.id = tenant_images.image_id AND images.assembled_revision < ?3
            WHERE ?5 IS NULL OR EXISTS (
                SELECT 1 FROM repository_images
                WHERE repository_images.image_id = images.id
                  AND repository_images.tenant_id = ?1
                  AND (repository_images.gone_at IS NULL OR repository_images.gone_at > ?4)
                  AND repository_images.repository_id IN (SELECT value FROM json_each(?5)))
            LIMIT ?6
        )";
const ADD: &str =
    "INSERT INTO deliveries (id, subscription_id, content, is_test, state, due_at, created_at)
        VALUES (?1, ?2, ?3, false, 'waiting', ?4, ?4) ON CONFLICT (id) DO NOTHING";
const ADVANCE: &str = "UPDATE subscriptions
        SET next_revision = ?2, last_vulnerability = ?3, last_kind = ?4 WHERE id = ?1";

#[derive(FromRow)]
struct BehindRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    kinds: String,
    min_severity: Option<String>,
    only_fixable: bool,
    only_known_exploited: bool,
    repository: Option<String>,
    next_revision: i64,
    last_vulnerability: String,
    last_kind: String,
}

/// A subscription that is told of something.
struct Reader {
    id: SubscriptionId,
    tenant: TenantId,
    filter: ChangeFilter,
    /// JSON.
    repositories: Option<String>,
}

/// Makes messages for one subscription; whether there may be more to make.
pub(super) async fn make(c: &mut SqliteConnection) -> Result<bool> {
    let fleet: i64 = sqlx::query_scalar(FLEET_REVISION)
        .fetch_one(&mut *c)
        .await?;
    let behind: Option<BehindRow> = sqlx::query_as(BEHIND)
        .bind(fleet)
        .bind(MAX_WAITING)
        .fetch_optional(&mut *c)
        .await?;
    let Some(behind) = behind else {
        return Ok(false);
    };
    let groups = groups_after(c, &behind, fleet).await?;
    let reader = Reader::new(c, behind).await?;
    for group in &groups {
        reader.tell(c, group).await?;
    }
    let place = groups
        .last()
        .filter(|_| i64::try_from(groups.len()) == Ok(GROUPS));
    let (revision, vulnerability, kind) = match place {
        Some(last) => (
            last.revision,
            last.vulnerability.as_str(),
            last.kind.as_str(),
        ),
        None => (fleet + 1, "", ""),
    };
    sqlx::query(ADVANCE)
        .bind(reader.id.0)
        .bind(revision)
        .bind(vulnerability)
        .bind(kind)
        .execute(c)
        .await?;
    Ok(true)
}

async fn groups_after(
    c: &mut SqliteConnection,
    behind: &BehindRow,
    fleet: i64,
) -> Result<Vec<Group>> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(GROUPS_AFTER)
        .bind(behind.next_revision)
        .bind(&behind.last_vulnerability)
        .bind(&behind.last_kind)
        .bind(fleet)
        .bind(GROUPS)
        .fetch_all(c)
        .await?;
    let group = |(revision, vulnerability, kind)| Group {
        revision,
        vulnerability,
        kind,
    };
    Ok(rows.into_iter().map(group).collect())
}

#[derive(FromRow)]
struct MemberRow {
    sequence: i64,
    package_id: i64,
    purl: String,
    at: i64,
    before: Option<String>,
    after: Option<String>,
}

impl Reader {
    async fn new(c: &mut SqliteConnection, row: BehindRow) -> Result<Self> {
        let columns = FilterColumns {
            kinds: row.kinds,
            min_severity: row.min_severity,
            only_fixable: row.only_fixable,
            only_known_exploited: row.only_known_exploited,
            repository: row.repository,
        };
        let (filter, tenant) = (columns.read()?, TenantId(read_uuid(&row.tenant_id)?));
        Ok(Self {
            id: SubscriptionId(read_uuid(&row.id)?),
            repositories: repositories_of(c, tenant, &filter).await?,
            tenant,
            filter,
        })
    }

    fn wants(&self, group: &Group) -> bool {
        let kind = group.kind.parse::<ChangeKind>();
        self.filter.kinds.is_empty() || kind.is_ok_and(|kind| self.filter.kinds.contains(&kind))
    }

    /// Makes the message about a group, if there is anything to tell.
    async fn tell(&self, c: &mut SqliteConnection, group: &Group) -> Result<()> {
        if !self.wants(group) {
            return Ok(());
        }
        let changes = self.members(c, group).await?;
        let Some(first) = changes.first() else {
            return Ok(());
        };
        let packages: Vec<i64> = changes.iter().map(|change| change.package_id).collect();
        let images: i64 = sqlx::query_scalar(IMAGES)
            .bind(self.tenant.0)
            .bind(Value::from(packages).to_string())
            .bind(group.revision)
            .bind(first.at.timestamp_micros())
            .bind(&self.repositories)
            .bind(NOTICED_IMAGES + 1)
            .fetch_one(&mut *c)
            .await?;
        if let Some(content) = notice_of(group, &changes, images)? {
            sqlx::query(ADD)
                .bind(group.delivery_id(self.id).0)
                .bind(self.id.0)
                .bind(content)
                .bind(now())
                .execute(c)
                .await?;
        }
        Ok(())
    }

    async fn members(&self, c: &mut SqliteConnection, group: &Group) -> Result<Vec<NoticedChange>> {
        let rows: Vec<MemberRow> = sqlx::query_as(MEMBERS)
            .bind(self.tenant.0)
            .bind(group.revision)
            .bind(&group.vulnerability)
            .bind(&group.kind)
            .bind(Value::from(severities_of(&self.filter)).to_string())
            .bind(self.filter.only_fixable)
            .bind(self.filter.only_known_exploited)
            .bind(&self.repositories)
            .bind(NOTICED_PACKAGES + 1)
            .fetch_all(c)
            .await?;
        let change = |row: MemberRow| {
            Ok(NoticedChange {
                sequence: row.sequence,
                package_id: row.package_id,
                purl: row.purl,
                at: read_time(row.at)?,
                before: row.before,
                after: row.after,
            })
        };
        rows.into_iter().map(change).collect()
    }
}
