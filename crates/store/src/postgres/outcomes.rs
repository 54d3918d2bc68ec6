//! What matching said about packages, stored.

use sqlx::postgres::PgConnection;

use super::columns::{CoverageColumns, corrupt, text};
use super::statements::statements;
use crate::MatchedPackage;
use crate::error::Result;
use crate::stored_finding::{encode_finding, ids_of};

statements! {
    /// Packages that were not matched at a later revision; nobody else matches them meanwhile.
    LOCK_PACKAGES = "SELECT id FROM packages WHERE id = ANY ($1::bigint[]) AND revision <= $2
        ORDER BY id FOR NO KEY UPDATE";
    ADD_FINDINGS = "INSERT INTO findings (digest, vulnerability, status, severity, content)
        SELECT DISTINCT ON (digest) digest, vulnerability, status, severity, content
        FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[])
            AS said (digest, vulnerability, status, severity, content)
        WHERE NOT EXISTS (SELECT 1 FROM findings WHERE findings.digest = said.digest)
        ORDER BY digest
        ON CONFLICT (digest) DO NOTHING";
    ADD_IDS = "INSERT INTO finding_ids (vulnerability, finding_id)
        SELECT DISTINCT said.id, findings.id
        FROM unnest($1::bytea[], $2::text[]) AS said (digest, id)
        JOIN findings ON findings.digest = said.digest
        ORDER BY said.id, findings.id
        ON CONFLICT DO NOTHING";
    /// What began at this very revision and is taken back never held.
    TAKE_BACK = "WITH said AS MATERIALIZED (
            SELECT said.package_id, findings.id AS finding_id
            FROM unnest($3::bigint[], $4::bytea[]) AS said (package_id, digest)
            JOIN findings ON findings.digest = said.digest
        )
        DELETE FROM matches
        WHERE package_id = ANY ($1::bigint[]) AND last_revision IS NULL AND first_revision >= $2
          AND NOT EXISTS (SELECT 1 FROM said WHERE said.package_id = matches.package_id
                                               AND said.finding_id = matches.finding_id)";
    END = "WITH said AS MATERIALIZED (
            SELECT said.package_id, findings.id AS finding_id
            FROM unnest($3::bigint[], $4::bytea[]) AS said (package_id, digest)
            JOIN findings ON findings.digest = said.digest
        )
        UPDATE matches SET last_revision = $2 - 1
        WHERE package_id = ANY ($1::bigint[]) AND last_revision IS NULL AND first_revision < $2
          AND NOT EXISTS (SELECT 1 FROM said WHERE said.package_id = matches.package_id
                                               AND said.finding_id = matches.finding_id)";
    BEGIN = "INSERT INTO matches (package_id, finding_id, first_revision)
        SELECT DISTINCT said.package_id, findings.id, $2::bigint
        FROM unnest($3::bigint[], $4::bytea[]) AS said (package_id, digest)
        JOIN findings ON findings.digest = said.digest
        WHERE said.package_id = ANY ($1::bigint[])
          AND NOT EXISTS (
              SELECT 1 FROM matches
              WHERE matches.package_id = said.package_id AND matches.finding_id = findings.id
                AND matches.last_revision IS NULL)
        ON CONFLICT (package_id, finding_id, first_revision) DO UPDATE SET last_revision = NULL";
    FORGET_COVERAGE = "DELETE FROM package_coverage WHERE package_id = ANY ($1::bigint[])";
    ADD_COVERAGE = "INSERT INTO package_coverage (package_id, position, kind, subject, detail)
        SELECT package_id, position, kind, subject, detail
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])
            AS gaps (package_id, position, kind, subject, detail)
        WHERE package_id = ANY ($1::bigint[])";
    MATCHED = "UPDATE packages SET revision = $2 WHERE id = ANY ($1::bigint[]) AND revision < $2";
}

/// What matching said, as parameters of arrays.
#[derive(Default)]
pub(super) struct Outcomes {
    packages: Vec<i64>,
    findings: FindingColumns,
    /// A digest and an id under which the finding is asked for.
    ids: (Vec<Vec<u8>>, Vec<String>),
    /// A package and the digest of its finding.
    matches: (Vec<i64>, Vec<Vec<u8>>),
    /// A package and the place of its gap, whose words follow.
    gaps: (Vec<i64>, Vec<i64>),
    coverage: CoverageColumns,
}

#[derive(Default)]
struct FindingColumns {
    digests: Vec<Vec<u8>>,
    vulnerabilities: Vec<String>,
    statuses: Vec<&'static str>,
    severities: Vec<&'static str>,
    contents: Vec<String>,
}

impl Outcomes {
    pub(super) fn new(matched: &[MatchedPackage]) -> Result<Self> {
        let mut outcomes = Self::default();
        for package in matched {
            outcomes.add(package)?;
        }
        Ok(outcomes)
    }

    fn add(&mut self, package: &MatchedPackage) -> Result<()> {
        self.packages.push(package.id.0);
        for finding in &package.findings {
            let (digest, content) = encode_finding(finding)?;
            let digest = hex::decode(&digest).map_err(|_| corrupt("digest", &digest))?;
            for id in ids_of(finding) {
                self.ids.0.push(digest.clone());
                self.ids.1.push(text(id));
            }
            self.matches.0.push(package.id.0);
            self.matches.1.push(digest.clone());
            self.findings.digests.push(digest);
            self.findings.vulnerabilities.push(text(&finding.id));
            self.findings.statuses.push(finding.status.name());
            self.findings.severities.push(finding.severity.name());
            self.findings.contents.push(content);
        }
        for (position, gap) in (0..).zip(&package.coverage) {
            self.gaps.0.push(package.id.0);
            self.gaps.1.push(position);
            self.coverage.push(gap);
        }
        Ok(())
    }

    pub(super) async fn save(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        let packages: Vec<i64> = sqlx::query_scalar(LOCK_PACKAGES)
            .bind(&self.packages)
            .bind(revision)
            .fetch_all(&mut *c)
            .await?;
        if packages.is_empty() {
            return Ok(());
        }
        if !self.findings.digests.is_empty() {
            self.save_findings(c).await?;
        }
        for statement in [TAKE_BACK, END, BEGIN] {
            sqlx::query(statement)
                .bind(&packages)
                .bind(revision)
                .bind(&self.matches.0)
                .bind(&self.matches.1)
                .execute(&mut *c)
                .await?;
        }
        self.save_coverage(c, &packages).await?;
        sqlx::query(MATCHED)
            .bind(&packages)
            .bind(revision)
            .execute(c)
            .await?;
        Ok(())
    }

    async fn save_findings(&self, c: &mut PgConnection) -> Result<()> {
        sqlx::query(ADD_FINDINGS)
            .bind(&self.findings.digests)
            .bind(&self.findings.vulnerabilities)
            .bind(&self.findings.statuses)
            .bind(&self.findings.severities)
            .bind(&self.findings.contents)
            .execute(&mut *c)
            .await?;
        sqlx::query(ADD_IDS)
            .bind(&self.ids.0)
            .bind(&self.ids.1)
            .execute(c)
            .await?;
        Ok(())
    }

    async fn save_coverage(&self, c: &mut PgConnection, packages: &[i64]) -> Result<()> {
        sqlx::query(FORGET_COVERAGE)
            .bind(packages)
            .execute(&mut *c)
            .await?;
        if self.gaps.0.is_empty() {
            return Ok(());
        }
        sqlx::query(ADD_COVERAGE)
            .bind(packages)
            .bind(&self.gaps.0)
            .bind(&self.gaps.1)
            .bind(&self.coverage.kinds)
            .bind(&self.coverage.subjects)
            .bind(&self.coverage.details)
            .execute(c)
            .await?;
        Ok(())
    }
}
