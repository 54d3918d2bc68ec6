//! Revisions, packages to match, and what matching said.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest, Package, PackageKind, SourcePackage};
use serde_json::{Value, json};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{FromRow, QueryBuilder, query};

use super::columns::{CoverageRow, DistroRow, corrupt, now, read_digest, read_time};
use super::{SqliteStore, questions, summaries};
use crate::error::Result;
use crate::stored_finding::{decode_findings, encode_finding, ids_of};
use crate::{
    AffectedImage, MatchedPackage, Matches, PackageId, Page, PageRequest, Revision, StoredPackage,
    TenantId, VulnerabilityDetail,
};

#[async_trait]
impl Matches for SqliteStore {
    async fn activate_revision(
        &self,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Result<Revision> {
        self.write(move |c| Box::pin(async move { activate(c, digest, date).await }))
            .await
    }

    async fn current_revision(&self) -> Result<Option<Revision>> {
        latest_revision(&mut *self.readers().acquire().await?).await
    }

    async fn revision(&self, sequence: i64) -> Result<Option<Revision>> {
        let row: Option<RevisionRow> = sqlx::query_as(
            "SELECT sequence, digest, date, activated_at FROM revisions WHERE sequence = ?1",
        )
        .bind(sequence)
        .fetch_optional(self.readers())
        .await?;
        row.map(read_revision).transpose()
    }

    async fn unmatched_packages(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT packages.id, purl, kind, packages.name, packages.version, arch, source_name,
                    source_version, module, distros.os_id, distros.version AS distro_version,
                    distros.id_like, distros.name AS distro_name, distros.channels
             FROM packages LEFT JOIN distros ON distros.id = packages.distro_id
             WHERE packages.revision < ",
        );
        query.push_bind(revision);
        if let Some(set) = set {
            query
                .push(
                    " AND packages.id IN (SELECT package_id FROM package_set_packages
                      WHERE package_set_id = (SELECT id FROM package_sets WHERE digest = ",
                )
                .push_bind(set.as_bytes().to_vec())
                .push("))");
        }
        query.push(" LIMIT ").push_bind(limit);
        let rows: Vec<PackageRow> = query.build_query_as().fetch_all(self.readers()).await?;
        rows.into_iter().map(PackageRow::read).collect()
    }

    async fn save_matches(&self, revision: i64, matched: &[MatchedPackage]) -> Result<()> {
        let outcomes = Outcomes::new(matched)?;
        self.write(move |c| Box::pin(async move { outcomes.save(c, revision).await }))
            .await
    }

    async fn refresh_summaries(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<u64> {
        self.write(move |c| {
            Box::pin(async move { summaries::refresh(c, set, revision, limit).await })
        })
        .await
    }

    async fn findings_of_set(&self, set: Digest) -> Result<Vec<(String, Finding)>> {
        let rows = sqlx::query_as(
            "SELECT packages.purl, findings.content
             FROM package_set_packages AS members
             JOIN packages ON packages.id = members.package_id
             JOIN matches ON matches.package_id = members.package_id
                 AND matches.last_revision IS NULL
             JOIN findings ON findings.id = matches.finding_id
             WHERE members.package_set_id = (SELECT id FROM package_sets WHERE digest = ?1)
             ORDER BY packages.purl, findings.vulnerability, findings.id",
        )
        .bind(set.as_bytes().as_slice())
        .fetch_all(self.readers())
        .await?;
        decode_findings(rows)
    }

    async fn coverage_of_set(&self, set: Digest) -> Result<Vec<Coverage>> {
        let rows: Vec<CoverageRow> = sqlx::query_as(
            "SELECT coverage.kind, coverage.subject, coverage.detail
             FROM package_set_packages AS members
             JOIN package_coverage AS coverage ON coverage.package_id = members.package_id
             WHERE members.package_set_id = (SELECT id FROM package_sets WHERE digest = ?1)
             ORDER BY coverage.kind, coverage.subject, coverage.package_id, coverage.position",
        )
        .bind(set.as_bytes().as_slice())
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(CoverageRow::read).collect()
    }

    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
    ) -> Result<Option<VulnerabilityDetail>> {
        let mut snapshot = self.readers().begin().await?;
        questions::vulnerability(&mut snapshot, tenant, id).await
    }

    async fn affected_images(
        &self,
        tenant: TenantId,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<AffectedImage>> {
        let mut snapshot = self.readers().begin().await?;
        questions::affected_images(&mut snapshot, tenant, id, page).await
    }
}

type RevisionRow = (i64, Vec<u8>, Option<i64>, i64);

async fn latest_revision(c: &mut SqliteConnection) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(
        "SELECT sequence, digest, date, activated_at FROM revisions
         ORDER BY sequence DESC LIMIT 1",
    )
    .fetch_optional(c)
    .await?;
    row.map(read_revision).transpose()
}

fn read_revision((sequence, digest, date, activated_at): RevisionRow) -> Result<Revision> {
    Ok(Revision {
        sequence,
        digest: read_digest(&digest)?,
        date: date.map(read_time).transpose()?,
        activated_at: read_time(activated_at)?,
    })
}

async fn activate(
    c: &mut SqliteConnection,
    digest: Digest,
    date: Option<DateTime<Utc>>,
) -> Result<Revision> {
    let latest = latest_revision(c).await?;
    let sequence = match latest {
        Some(latest) if latest.digest == digest => return Ok(latest),
        latest => latest.map_or(1, |latest| latest.sequence + 1),
    };
    let activated_at = now();
    query("INSERT INTO revisions (sequence, digest, date, activated_at) VALUES (?1, ?2, ?3, ?4)")
        .bind(sequence)
        .bind(digest.as_bytes().as_slice())
        .bind(date.map(|date| date.timestamp_micros()))
        .bind(activated_at)
        .execute(c)
        .await?;
    Ok(Revision {
        sequence,
        digest,
        date,
        activated_at: read_time(activated_at)?,
    })
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

/// What matching said, as the statements read it.
struct Outcomes {
    packages: String,
    findings: String,
    matches: String,
    coverage: String,
}

impl Outcomes {
    fn new(matched: &[MatchedPackage]) -> Result<Self> {
        let (mut findings, mut matches, mut coverage) = (Vec::new(), Vec::new(), Vec::new());
        for package in matched {
            for finding in &package.findings {
                let (digest, content) = encode_finding(finding)?;
                matches.push(json!({ "package": package.id.0, "digest": digest }));
                findings.push(json!({
                    "digest": digest,
                    "vulnerability": finding.id,
                    "ids": ids_of(finding),
                    "status": finding.status.name(),
                    "severity": finding.severity.name(),
                    "content": content,
                }));
            }
            for (position, gap) in package.coverage.iter().enumerate() {
                coverage.push(json!({
                    "package": package.id.0,
                    "position": position,
                    "kind": gap.kind.name(),
                    "subject": gap.subject,
                    "detail": gap.detail,
                }));
            }
        }
        let packages: Value = matched.iter().map(|package| package.id.0).collect();
        Ok(Self {
            packages: packages.to_string(),
            findings: Value::from(findings).to_string(),
            matches: Value::from(matches).to_string(),
            coverage: Value::from(coverage).to_string(),
        })
    }

    /// Parameters: packages, revision, findings, matches, coverage. The statements before the last
    /// one leave a package alone that was matched at a later revision.
    async fn save(self, c: &mut SqliteConnection, revision: i64) -> Result<()> {
        let statements = [
            "INSERT INTO findings (digest, vulnerability, status, severity, content)
             SELECT unhex(value->>'digest'), value->>'vulnerability', value->>'status',
                    value->>'severity', value->>'content'
             FROM json_each(?3) WHERE true
             ON CONFLICT (digest) DO NOTHING",
            "INSERT INTO finding_ids (vulnerability, finding_id)
             SELECT ids.value, findings.id
             FROM json_each(?3) AS finding
             JOIN json_each(finding.value, '$.ids') AS ids
             JOIN findings ON findings.digest = unhex(finding.value->>'digest') WHERE true
             ON CONFLICT DO NOTHING",
            // What began at this very revision and is taken back never held.
            "DELETE FROM matches
             WHERE last_revision IS NULL AND first_revision >= ?2
               AND package_id IN (SELECT packages.id FROM json_each(?1)
                                  JOIN packages ON packages.id = value AND revision <= ?2)
               AND (package_id, finding_id) NOT IN (
                   SELECT outcome.value->>'package', findings.id FROM json_each(?4) AS outcome
                   JOIN findings ON findings.digest = unhex(outcome.value->>'digest'))",
            "UPDATE matches SET last_revision = ?2 - 1
             WHERE last_revision IS NULL AND first_revision < ?2
               AND package_id IN (SELECT packages.id FROM json_each(?1)
                                  JOIN packages ON packages.id = value AND revision <= ?2)
               AND (package_id, finding_id) NOT IN (
                   SELECT outcome.value->>'package', findings.id FROM json_each(?4) AS outcome
                   JOIN findings ON findings.digest = unhex(outcome.value->>'digest'))",
            "INSERT INTO matches (package_id, finding_id, first_revision)
             SELECT packages.id, findings.id, ?2 FROM json_each(?4) AS outcome
             JOIN packages ON packages.id = outcome.value->>'package' AND packages.revision <= ?2
             JOIN findings ON findings.digest = unhex(outcome.value->>'digest')
             WHERE NOT EXISTS (
                 SELECT 1 FROM matches
                 WHERE matches.package_id = packages.id AND matches.finding_id = findings.id
                   AND matches.last_revision IS NULL)
             ON CONFLICT (package_id, finding_id, first_revision)
                 DO UPDATE SET last_revision = NULL",
            "DELETE FROM package_coverage
             WHERE package_id IN (SELECT packages.id FROM json_each(?1)
                                  JOIN packages ON packages.id = value AND revision <= ?2)",
            "INSERT INTO package_coverage (package_id, position, kind, subject, detail)
             SELECT packages.id, gap.value->>'position', gap.value->>'kind',
                    gap.value->>'subject', gap.value->>'detail'
             FROM json_each(?5) AS gap
             JOIN packages ON packages.id = gap.value->>'package' AND packages.revision <= ?2",
            "UPDATE packages SET revision = ?2
             WHERE id IN (SELECT value FROM json_each(?1)) AND revision < ?2",
        ];
        for statement in statements {
            query(statement)
                .bind(&self.packages)
                .bind(revision)
                .bind(&self.findings)
                .bind(&self.matches)
                .bind(&self.coverage)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }
}
