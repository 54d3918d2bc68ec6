//! Revisions, packages to match, and what holds of a package set.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest, Package, PackageKind, SourcePackage};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::{CoverageRow, DistroRow, corrupt, read_digest};
use super::outcomes::Outcomes;
use super::statements::statements;
use super::{PostgresStore, questions, summaries};
use crate::error::Result;
use crate::stored_finding::decode_findings;
use crate::{
    AffectedImage, MatchedPackage, Matches, PackageId, Page, PageRequest, Revision, StoredPackage,
    TenantId, VulnerabilityDetail,
};

/// A select of packages with this rest of a statement.
macro_rules! select_packages {
    ($rest:literal) => {
        concat!(
            "SELECT packages.id, purl, kind, packages.name, packages.version, arch, source_name,
                    source_version, module, distros.os_id, distros.version AS distro_version,
                    distros.id_like, distros.name AS distro_name, distros.channels
             FROM packages LEFT JOIN distros ON distros.id = packages.distro_id ",
            $rest
        )
    };
}

statements! {
    /// One process at a time; who reads does not wait.
    LOCK_REVISIONS = "LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE";
    ACTIVATE = "INSERT INTO revisions (sequence, digest, date, activated_at)
        VALUES ($1, $2, $3, now())
        RETURNING sequence, digest, date, activated_at";
    LATEST = "SELECT sequence, digest, date, activated_at FROM revisions
        ORDER BY sequence DESC LIMIT 1";
    BY_SEQUENCE = "SELECT sequence, digest, date, activated_at FROM revisions WHERE sequence = $1";
    UNMATCHED = select_packages!("WHERE packages.revision < $1
        ORDER BY packages.revision, packages.id LIMIT $2");
    /// A set is small beside all packages, so its members are read first.
    UNMATCHED_OF_SET = select_packages!("WHERE packages.id = ANY (ARRAY(
            SELECT package_id FROM package_set_packages
            WHERE package_set_id = (SELECT id FROM package_sets WHERE digest = $3)))
          AND packages.revision < $1
        ORDER BY packages.id LIMIT $2");
    FINDINGS_OF_SET = "SELECT packages.purl, findings.content
        FROM package_set_packages AS members
        JOIN packages ON packages.id = members.package_id
        JOIN matches ON matches.package_id = members.package_id AND matches.last_revision IS NULL
        JOIN findings ON findings.id = matches.finding_id
        WHERE members.package_set_id = (SELECT id FROM package_sets WHERE digest = $1)
        ORDER BY packages.purl COLLATE \"C\", findings.vulnerability COLLATE \"C\", findings.id";
    COVERAGE_OF_SET = "SELECT coverage.kind, coverage.subject, coverage.detail
        FROM package_set_packages AS members
        JOIN package_coverage AS coverage ON coverage.package_id = members.package_id
        WHERE members.package_set_id = (SELECT id FROM package_sets WHERE digest = $1)
        ORDER BY coverage.kind COLLATE \"C\", coverage.subject COLLATE \"C\", coverage.package_id,
                 coverage.position";
}

#[async_trait]
impl Matches for PostgresStore {
    async fn activate_revision(
        &self,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Result<Revision> {
        self.session
            .transaction(move |c, _| Box::pin(async move { activate(c, digest, date).await }))
            .await
    }

    async fn current_revision(&self) -> Result<Option<Revision>> {
        self.session
            .run(move |c, _| Box::pin(async move { latest_revision(c).await }))
            .await
    }

    async fn revision(&self, sequence: i64) -> Result<Option<Revision>> {
        let row: Option<RevisionRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(BY_SEQUENCE)
                        .bind(sequence)
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(read_revision).transpose()
    }

    async fn unmatched_packages(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>> {
        let statement = match set {
            Some(_) => UNMATCHED_OF_SET,
            None => UNMATCHED,
        };
        let rows: Vec<PackageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    let query = sqlx::query_as(statement)
                        .bind(revision)
                        .bind(i64::from(limit));
                    let query = match &set {
                        Some(set) => query.bind(set.as_bytes().as_slice()),
                        None => query,
                    };
                    Ok(query.fetch_all(c).await?)
                })
            })
            .await?;
        rows.into_iter().map(PackageRow::read).collect()
    }

    async fn save_matches(&self, revision: i64, matched: &[MatchedPackage]) -> Result<()> {
        let outcomes = &Outcomes::new(matched)?;
        self.session
            .transaction(move |c, _| Box::pin(async move { outcomes.save(c, revision).await }))
            .await
    }

    async fn refresh_summaries(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<u64> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { summaries::refresh(c, set, revision, limit).await })
            })
            .await
    }

    async fn findings_of_set(&self, set: Digest) -> Result<Vec<(String, Finding)>> {
        let rows = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(FINDINGS_OF_SET)
                        .bind(set.as_bytes().as_slice())
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        decode_findings(rows)
    }

    async fn coverage_of_set(&self, set: Digest) -> Result<Vec<Coverage>> {
        let rows: Vec<CoverageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(COVERAGE_OF_SET)
                        .bind(set.as_bytes().as_slice())
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        rows.into_iter().map(CoverageRow::read).collect()
    }

    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
    ) -> Result<Option<VulnerabilityDetail>> {
        self.session
            .run(move |c, _| Box::pin(async move { questions::vulnerability(c, tenant, id).await }))
            .await
    }

    async fn affected_images(
        &self,
        tenant: TenantId,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<AffectedImage>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move { questions::affected_images(c, tenant, id, page).await })
            })
            .await
    }
}

type RevisionRow = (i64, Vec<u8>, Option<DateTime<Utc>>, DateTime<Utc>);

async fn latest_revision(c: &mut PgConnection) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(LATEST).fetch_optional(c).await?;
    row.map(read_revision).transpose()
}

fn read_revision((sequence, digest, date, activated_at): RevisionRow) -> Result<Revision> {
    Ok(Revision {
        sequence,
        digest: read_digest(&digest)?,
        date,
        activated_at,
    })
}

async fn activate(
    c: &mut PgConnection,
    digest: Digest,
    date: Option<DateTime<Utc>>,
) -> Result<Revision> {
    sqlx::query(LOCK_REVISIONS).execute(&mut *c).await?;
    let latest = latest_revision(c).await?;
    let sequence = match latest {
        Some(latest) if latest.digest == digest => return Ok(latest),
        latest => latest.map_or(1, |latest| latest.sequence + 1),
    };
    let row: RevisionRow = sqlx::query_as(ACTIVATE)
        .bind(sequence)
        .bind(digest.as_bytes().as_slice())
        .bind(date)
        .fetch_one(c)
        .await?;
    read_revision(row)
}

#[derive(FromRow)]
struct PackageRow {
    id: i64,
    purl: String,
    kind: String,
    name: String,
    version: String,
    arch: Option<String>,
    source_name: Option<String>,
    source_version: Option<String>,
    module: Option<String>,
    #[sqlx(flatten)]
    distro: DistroRow,
}

impl PackageRow {
    fn read(self) -> Result<StoredPackage> {
        let source = self.source_name.zip(self.source_version);
        Ok(StoredPackage {
            id: PackageId(self.id),
            purl: self.purl,
            package: Package {
                kind: PackageKind::from_purl_type(&self.kind)
                    .ok_or_else(|| corrupt("kind of package", &self.kind))?,
                name: self.name,
                version: self.version,
                arch: self.arch,
                source: source.map(|(name, version)| SourcePackage { name, version }),
                module: self.module,
            },
            distro: self.distro.read(),
        })
    }
}
