//! The fleet from one revision to the next.

use async_trait::async_trait;
use scanyard_package::PackageKind;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::{DistroRow, PackageRow, corrupt, write_size};
use super::package_rows::select_packages;
use super::statements::statements;
use super::{PostgresStore, revisions, summaries};
use crate::error::Result;
use crate::{
    Completed, Concerned, DistroId, Fleet, PackageGroup, PackageId, Revision, StoredPackage,
};

statements! {
    GROUPS = "SELECT groups.kind, groups.distro_id, distros.os_id,
               distros.version AS distro_version, distros.id_like, distros.name AS distro_name,
               distros.channels
        FROM (SELECT DISTINCT kind, distro_id FROM packages) AS groups
        LEFT JOIN distros ON distros.id = groups.distro_id";
    BY_ID = select_packages!("WHERE packages.id = ANY ($1::bigint[]) ORDER BY packages.id");
    ALL = "SELECT id FROM packages WHERE revision < $1 ORDER BY id";
    CHANGED = "SELECT id FROM packages WHERE first_revision = 0
        UNION
        SELECT id FROM packages
        WHERE revision > (SELECT revision FROM fleet) AND revision < $1
        UNION
        SELECT packages.id FROM package_keys
        JOIN packages ON packages.id = package_keys.package_id AND packages.revision < $1
        WHERE package_keys.key = ANY ($2::bigint[])
        UNION
        SELECT packages.id FROM unnest($3::text[], $4::bigint[]) AS groups (kind, distro_id)
        JOIN packages ON packages.kind = groups.kind
            AND packages.distro_id IS NOT DISTINCT FROM groups.distro_id
        WHERE packages.revision < $1
        ORDER BY id";
    /// What was never matched is no part of the fleet yet.
    IS_UNFINISHED_OF_ALL = "SELECT EXISTS (
        SELECT 1 FROM packages WHERE first_revision > 0 AND revision < $1)";
    IS_UNFINISHED = "SELECT EXISTS (
            SELECT 1 FROM packages
            WHERE revision > (SELECT revision FROM fleet) AND revision < $1)
        OR EXISTS (
            SELECT 1 FROM package_keys
            JOIN packages ON packages.id = package_keys.package_id
            WHERE package_keys.key = ANY ($2::bigint[])
              AND packages.first_revision > 0 AND packages.revision < $1)
        OR EXISTS (
            SELECT 1 FROM unnest($3::text[], $4::bigint[]) AS groups (kind, distro_id)
            JOIN packages ON packages.kind = groups.kind
                AND packages.distro_id IS NOT DISTINCT FROM groups.distro_id
            WHERE packages.first_revision > 0 AND packages.revision < $1)";
    /// Findings of one vulnerability in one package, before and after; of packages that were matched
    /// before. $1 is where the fleet is, $2 where it goes.
    ADD_CHANGES = "WITH touched AS MATERIALIZED (
            SELECT package_id FROM matches WHERE first_revision > $1 AND first_revision <= $2
            UNION
            SELECT package_id FROM matches WHERE last_revision >= $1 AND last_revision < $2
        ), known AS MATERIALIZED (
            SELECT packages.id, greatest($1::bigint, packages.first_revision) AS before
            FROM touched JOIN packages ON packages.id = touched.package_id
            WHERE packages.first_revision < $2
        ), held AS (
            SELECT matches.package_id, matches.finding_id,
                   matches.first_revision <= known.before
                       AND coalesce(matches.last_revision >= known.before, true) AS held_before,
                   matches.first_revision <= $2
                       AND coalesce(matches.last_revision >= $2, true) AS holds
            FROM known JOIN matches ON matches.package_id = known.id
        ), sides AS (
            SELECT held.package_id, findings.vulnerability,
                   max(findings.id) FILTER (WHERE held_before) AS before_id,
                   max(findings.id) FILTER (WHERE holds) AS after_id,
                   array_agg(ROW(findings.status, findings.severity, findings.is_fixable,
                                 findings.is_known_exploited)::text ORDER BY findings.id)
                       FILTER (WHERE held_before) AS said_before,
                   array_agg(ROW(findings.status, findings.severity, findings.is_fixable,
                                 findings.is_known_exploited)::text ORDER BY findings.id)
                       FILTER (WHERE holds) AS says
            FROM held JOIN findings ON findings.id = held.finding_id
            WHERE held_before <> holds
            GROUP BY held.package_id, findings.vulnerability
        )
        INSERT INTO changes
            (revision, package_id, vulnerability, kind, finding_before_id, finding_after_id)
        SELECT $2, package_id, vulnerability,
               CASE WHEN said_before IS NULL THEN 'new' WHEN says IS NULL THEN 'fixed'
                    ELSE 'changed' END,
               before_id, after_id
        FROM sides WHERE said_before IS DISTINCT FROM says
        ORDER BY package_id, vulnerability";
    /// After the first matching, statistics still say that nothing is matched, and summaries would
    /// be made by the plan for that.
    ANALYZE = "ANALYZE packages, matches, findings";
    MOVE = "UPDATE fleet SET revision = $1 WHERE id = 1";
    PROCESSED = "UPDATE revisions
        SET processed_at = now(), matched = packages, changes = $2, summaries = $3
        WHERE sequence = $1";
}

#[async_trait]
impl Fleet for PostgresStore {
    async fn fleet_revision(&self) -> Result<i64> {
        self.session
            .run(move |c, _| Box::pin(async move { revisions::fleet(c).await }))
            .await
    }

    async fn renew_revision(&self) -> Result<Option<Revision>> {
        self.session
            .transaction(move |c, _| Box::pin(async move { revisions::renew(c).await }))
            .await
    }

    async fn package_groups(&self) -> Result<Vec<PackageGroup>> {
        let rows: Vec<GroupRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_as(GROUPS).fetch_all(c).await?) })
            })
            .await?;
        rows.into_iter().map(GroupRow::read).collect()
    }

    async fn concerned_packages(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Vec<PackageId>> {
        let concerned = &Parameters::new(concerned);
        let ids: Vec<i64> = self
            .session
            .run(move |c, _| Box::pin(async move { concerned.ids(c, revision).await }))
            .await?;
        Ok(ids.into_iter().map(PackageId).collect())
    }

    async fn packages(&self, ids: &[PackageId]) -> Result<Vec<StoredPackage>> {
        let ids: &Vec<i64> = &ids.iter().map(|id| id.0).collect();
        let rows: Vec<PackageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_as(BY_ID).bind(ids).fetch_all(c).await?) })
            })
            .await?;
        rows.into_iter().map(PackageRow::read).collect()
    }

    async fn complete_revision(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Option<Completed>> {
        let concerned = &Parameters::new(concerned);
        let completed = self
            .session
            .transaction(move |c, _| {
                Box::pin(async move { complete(c, revision, concerned).await })
            })
            .await?;
        if completed.is_some() && concerned.0.is_none() {
            self.session
                .run(move |c, _| {
                    Box::pin(async move { Ok(sqlx::query(ANALYZE).execute(c).await?) })
                })
                .await?;
        }
        Ok(completed)
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

/// What is concerned, as parameters of arrays; `None` for everything.
struct Parameters(Option<Changed>);

struct Changed {
    keys: Vec<i64>,
    kinds: Vec<&'static str>,
    distros: Vec<Option<i64>>,
}

impl Parameters {
    fn new(concerned: &Concerned) -> Self {
        let Concerned::Changed { keys, groups } = concerned else {
            return Self(None);
        };
        Self(Some(Changed {
            keys: keys.iter().map(|key| key.0).collect(),
            kinds: groups.iter().map(|(kind, _)| kind.purl_type()).collect(),
            distros: groups
                .iter()
                .map(|(_, distro)| distro.map(|distro| distro.0))
                .collect(),
        }))
    }

    async fn ids(&self, c: &mut PgConnection, revision: i64) -> Result<Vec<i64>> {
        let query = match &self.0 {
            None => sqlx::query_scalar(ALL).bind(revision),
            Some(changed) => sqlx::query_scalar(CHANGED)
                .bind(revision)
                .bind(&changed.keys)
                .bind(&changed.kinds)
                .bind(&changed.distros),
        };
        Ok(query.fetch_all(c).await?)
    }

    async fn are_unfinished(&self, c: &mut PgConnection, revision: i64) -> Result<bool> {
        let query = match &self.0 {
            None => sqlx::query_scalar(IS_UNFINISHED_OF_ALL).bind(revision),
            Some(changed) => sqlx::query_scalar(IS_UNFINISHED)
                .bind(revision)
                .bind(&changed.keys)
                .bind(&changed.kinds)
                .bind(&changed.distros),
        };
        Ok(query.fetch_one(c).await?)
    }
}

async fn complete(
    c: &mut PgConnection,
    revision: i64,
    concerned: &Parameters,
) -> Result<Option<Completed>> {
    let fleet = revisions::lock_fleet(c).await?;
    if fleet >= revision {
        return Ok(Some(Completed::default()));
    }
    if concerned.are_unfinished(c, revision).await? {
        return Ok(None);
    }
    let changes = sqlx::query(ADD_CHANGES)
        .bind(fleet)
        .bind(revision)
        .execute(&mut *c)
        .await?;
    let summaries = summaries::advance(c, fleet, revision).await?;
    let completed = Completed {
        changes: changes.rows_affected(),
        summaries,
    };
    sqlx::query(MOVE).bind(revision).execute(&mut *c).await?;
    sqlx::query(PROCESSED)
        .bind(revision)
        .bind(write_size(completed.changes))
        .bind(write_size(completed.summaries))
        .execute(c)
        .await?;
    Ok(Some(completed))
}
