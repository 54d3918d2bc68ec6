//! The fleet from one revision to the next.

use async_trait::async_trait;
use scanyard_package::PackageKind;
use serde_json::{Value, json};
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{DistroRow, PackageRow, corrupt, now, write_size};
use super::package_rows::select_packages;
use super::{SqliteStore, revisions, summaries};
use crate::error::Result;
use crate::{
    Completed, Concerned, DistroId, Fleet, PackageGroup, PackageId, Revision, StoredPackage,
};

#[async_trait]
impl Fleet for SqliteStore {
    async fn fleet_revision(&self) -> Result<i64> {
        revisions::fleet(&mut *self.readers().acquire().await?).await
    }

    async fn renew_revision(&self) -> Result<Option<Revision>> {
        self.write(move |c| Box::pin(async move { revisions::renew(c).await }))
            .await
    }

    async fn package_groups(&self) -> Result<Vec<PackageGroup>> {
        let rows: Vec<GroupRow> = sqlx::query_as(
            "SELECT groups.kind, groups.distro_id, distros.os_id,
                    distros.version AS distro_version, distros.id_like,
                    distros.name AS distro_name, distros.channels
             FROM (SELECT DISTINCT kind, distro_id FROM packages) AS groups
             LEFT JOIN distros ON distros.id = groups.distro_id",
        )
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(GroupRow::read).collect()
    }

    async fn concerned_packages(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Vec<PackageId>> {
        let concerned = Parameters::new(concerned);
        let mut reader = self.readers().acquire().await?;
        let ids = concerned.ids(&mut reader, revision).await?;
        Ok(ids.into_iter().map(PackageId).collect())
    }

    async fn packages(&self, ids: &[PackageId]) -> Result<Vec<StoredPackage>> {
        let ids: Value = ids.iter().map(|id| id.0).collect();
        let rows: Vec<PackageRow> = sqlx::query_as(concat!(
            select_packages!(),
            " WHERE packages.id IN (SELECT value FROM json_each(?1)) ORDER BY packages.id"
        ))
        .bind(ids.to_string())
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(PackageRow::read).collect()
    }

    async fn complete_revision(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Option<Completed>> {
        let concerned = Parameters::new(concerned);
        self.write(move |c| Box::pin(async move { complete(c, revision, &concerned).await }))
            .await
    }
}

#[derive(FromRow)]
struct GroupRow {
    kind: String,
    distro_id: Option<i64>,
    #[sqlx(flatten)]
    distro: DistroRow,
}

impl GroupRow {
    fn read(self) -> Result<PackageGroup> {
        Ok(PackageGroup {
            kind: PackageKind::from_purl_type(&self.kind)
                .ok_or_else(|| corrupt("kind of package", &self.kind))?,
            distro: self.distro_id.map(DistroId).zip(self.distro.read()),
        })
    }
}

/// What is concerned, as the statements read it; `None` for everything.
struct Parameters(Option<Changed>);

struct Changed {
    keys: String,
    groups: String,
}

impl Parameters {
    fn new(concerned: &Concerned) -> Self {
        let Concerned::Changed { keys, groups } = concerned else {
            return Self(None);
        };
        let keys: Value = keys.iter().map(|key| key.0).collect();
        let groups: Value = groups
            .iter()
            .map(|(kind, distro)| {
                json!({ "kind": kind.purl_type(), "distro": distro.map(|distro| distro.0) })
            })
            .collect();
        Self(Some(Changed {
            keys: keys.to_string(),
            groups: groups.to_string(),
        }))
    }

    async fn ids(&self, c: &mut SqliteConnection, revision: i64) -> Result<Vec<i64>> {
        let query = match &self.0 {
            None => sqlx::query_scalar("SELECT id FROM packages WHERE revision < ?1 ORDER BY id")
                .bind(revision),
            Some(changed) => sqlx::query_scalar(
                "SELECT id FROM packages WHERE first_revision = 0
                 UNION
                 SELECT id FROM packages
                 WHERE revision > (SELECT revision FROM fleet) AND revision < ?1
                 UNION
                 SELECT packages.id FROM json_each(?2) AS asked
                 JOIN package_keys ON package_keys.key = asked.value
                 JOIN packages ON packages.id = package_keys.package_id
                 WHERE packages.revision < ?1
                 UNION
                 SELECT packages.id FROM json_each(?3) AS asked
                 JOIN packages ON packages.kind = asked.value->>'kind'
                     AND packages.distro_id IS asked.value->>'distro'
                 WHERE packages.revision < ?1
                 ORDER BY id",
            )
            .bind(revision)
            .bind(&changed.keys)
            .bind(&changed.groups),
        };
        Ok(query.fetch_all(c).await?)
    }

    /// What was never matched is no part of the fleet yet.
    async fn are_unfinished(&self, c: &mut SqliteConnection, revision: i64) -> Result<bool> {
        let ids = self.ids(&mut *c, revision).await?;
        let ids: Value = ids.into_iter().collect();
        let known = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM json_each(?1) JOIN packages ON packages.id = value
                            WHERE packages.first_revision > 0)",
        );
        Ok(known.bind(ids.to_string()).fetch_one(c).await?)
    }
}

async fn complete(
    c: &mut SqliteConnection,
    revision: i64,
    concerned: &Parameters,
) -> Result<Option<Completed>> {
    let fleet = revisions::fleet(c).await?;
    if fleet >= revision {
        return Ok(Some(Completed::default()));
    }
    if concerned.are_unfinished(c, revision).await? {
        return Ok(None);
    }
    let changes = add_changes(c, fleet, revision).await?;
    let summaries = summaries::advance(c, fleet, revision).await?;
    let statements = [
        "UPDATE fleet SET revision = ?1 WHERE id = 1",
        "UPDATE revisions
         SET processed_at = ?2, matched = packages, changes = ?3, summaries = ?4
         WHERE sequence = ?1",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(revision)
            .bind(now())
            .bind(write_size(changes))
            .bind(write_size(summaries))
            .execute(&mut *c)
            .await?;
    }
    Ok(Some(Completed { changes, summaries }))
}

/// Findings of one vulnerability in one package, before and after; of packages that were matched
/// before.
async fn add_changes(c: &mut SqliteConnection, fleet: i64, revision: i64) -> Result<u64> {
    let added = sqlx::query(
        "WITH touched AS MATERIALIZED (
            SELECT package_id FROM matches WHERE first_revision > ?1 AND first_revision <= ?2
            UNION
            SELECT package_id FROM matches WHERE last_revision >= ?1 AND last_revision < ?2
        ), known AS MATERIALIZED (
            SELECT packages.id, max(?1, packages.first_revision) AS before
            FROM touched JOIN packages ON packages.id = touched.package_id
            WHERE packages.first_revision < ?2
        ), held AS (
            SELECT matches.package_id, matches.finding_id,
                   matches.first_revision <= known.before
                       AND coalesce(matches.last_revision >= known.before, true) AS held_before,
                   matches.first_revision <= ?2
                       AND coalesce(matches.last_revision >= ?2, true) AS holds
            FROM known JOIN matches ON matches.package_id = known.id
        ), sides AS (
            SELECT held.package_id, findings.vulnerability,
                   max(findings.id) FILTER (WHERE held_before) AS before_id,
                   max(findings.id) FILTER (WHERE holds) AS after_id,
                   group_concat(json_array(findings.status, findings.severity,
                           findings.is_fixable, findings.is_known_exploited))
                       FILTER (WHERE held_before) AS said_before,
                   group_concat(json_array(findings.status, findings.severity,
                           findings.is_fixable, findings.is_known_exploited))
                       FILTER (WHERE holds) AS says
            FROM held JOIN findings ON findings.id = held.finding_id
            WHERE held_before <> holds
            GROUP BY held.package_id, findings.vulnerability
        )
        INSERT INTO changes
            (revision, package_id, vulnerability, kind, finding_before_id, finding_after_id)
        SELECT ?2, package_id, vulnerability,
               CASE WHEN said_before IS NULL THEN 'new' WHEN says IS NULL THEN 'fixed'
                    ELSE 'changed' END,
               before_id, after_id
        FROM sides WHERE said_before IS NOT says
        ORDER BY package_id, vulnerability",
    )
    .bind(fleet)
    .bind(revision)
    .execute(c)
    .await?;
    Ok(added.rows_affected())
}
