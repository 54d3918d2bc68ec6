//! What matching said about packages, stored: only what differs from what held.

use std::collections::HashSet;

use sqlx::postgres::PgConnection;

use super::columns::{CoverageColumns, corrupt, text};
use super::held::Held;
use super::revisions;
use super::statements::statements;
use crate::MatchedPackage;
use crate::error::Result;
use crate::stored_finding::{StoredFindingRow, encode_finding, ids_of};

statements! {
    /// Packages that were not matched at a later revision; nobody else matches them meanwhile.
    LOCK_PACKAGES = "SELECT id FROM packages WHERE id = ANY ($1::bigint[]) AND revision <= $2
        ORDER BY id FOR NO KEY UPDATE";
    ADD_FINDINGS = "INSERT INTO findings
            (digest, vulnerability, status, severity, is_fixable, is_known_exploited, content)
        SELECT DISTINCT ON (digest) digest, vulnerability, status, severity, is_fixable,
               is_known_exploited, content
        FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[],
                    $7::text[])
            AS said (digest, vulnerability, status, severity, is_fixable, is_known_exploited,
                     content)
        WHERE NOT EXISTS (SELECT 1 FROM findings WHERE findings.digest = said.digest)
        ORDER BY digest
        ON CONFLICT (digest) DO NOTHING";
    ADD_IDS = "INSERT INTO finding_ids (vulnerability, finding_id)
        SELECT DISTINCT said.id, findings.id
        FROM unnest($1::bytea[], $2::text[]) AS said (digest, id)
        JOIN findings ON findings.digest = said.digest
        ORDER BY said.id, findings.id
        ON CONFLICT DO NOTHING";
    BEGIN = "INSERT INTO matches (package_id, finding_id, first_revision)
        SELECT DISTINCT said.package_id, findings.id, $1::bigint
        FROM unnest($2::bigint[], $3::bytea[]) AS said (package_id, digest)
        JOIN findings ON findings.digest = said.digest
        ON CONFLICT (package_id, finding_id, first_revision) DO UPDATE SET last_revision = NULL";
    ADD_COVERAGE = "INSERT INTO package_coverage
            (package_id, position, kind, subject, detail, first_revision)
        SELECT package_id, position, kind, subject, detail, $1::bigint
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])
            AS gaps (package_id, position, kind, subject, detail)";
    ADD_KEYS = "INSERT INTO package_keys (key, package_id)
        SELECT DISTINCT key, package_id FROM unnest($1::bigint[], $2::bigint[])
            AS said (key, package_id)
        WHERE NOT EXISTS (SELECT 1 FROM package_keys AS known
                          WHERE known.key = said.key AND known.package_id = said.package_id)
        ORDER BY key, package_id
        ON CONFLICT DO NOTHING";
    MATCHED = "UPDATE packages SET revision = $2,
            first_revision = CASE WHEN first_revision = 0 THEN $2 ELSE first_revision END
        WHERE id = ANY ($1::bigint[]) AND revision < $2";
}

/// What matching said, with the digest of each finding.
pub(super) struct Outcomes<'a> {
    packages: Vec<(&'a MatchedPackage, Vec<StoredFindingRow>)>,
}

/// Parameters of arrays: what begins.
#[derive(Default)]
struct Begun {
    /// A package and the digest of its finding.
    matches: (Vec<i64>, Vec<Vec<u8>>),
    findings: FindingColumns,
    /// A digest and an id under which the finding is asked for.
    ids: (Vec<Vec<u8>>, Vec<String>),
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
    are_fixable: Vec<bool>,
    are_known_exploited: Vec<bool>,
    contents: Vec<String>,
}

impl<'a> Outcomes<'a> {
    pub(super) fn new(matched: &'a [MatchedPackage]) -> Result<Self> {
        let packages = matched.iter().map(|package| {
            let findings = package.findings.iter().map(encode_finding);
            Ok((package, findings.collect::<Result<_>>()?))
        });
        Ok(Self {
            packages: packages.collect::<Result<_>>()?,
        })
    }

    pub(super) async fn save(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        revisions::hold_fleet(c, revision).await?;
        let ids: Vec<i64> = self
            .packages
            .iter()
            .map(|(package, _)| package.id.0)
            .collect();
        let locked: Vec<i64> = sqlx::query_scalar(LOCK_PACKAGES)
            .bind(&ids)
            .bind(revision)
            .fetch_all(&mut *c)
            .await?;
        if locked.is_empty() {
            return Ok(());
        }
        let mut held = Held::read(c, &locked).await?;
        let begun = self.begin(&locked, &mut held)?;
        held.end(c, revision).await?;
        begun.save(c, revision).await?;
        self.save_keys(c, &locked).await?;
        sqlx::query(MATCHED)
            .bind(&locked)
            .bind(revision)
            .execute(c)
            .await?;
        Ok(())
    }

    /// What is said and did not hold. What is said and did is taken out of what held, so that the
    /// rest ends.
    fn begin(&self, locked: &[i64], held: &mut Held) -> Result<Begun> {
        let mut begun = Begun::default();
        for (package, findings) in &self.packages {
            let id = package.id.0;
            if locked.binary_search(&id).is_err() {
                continue;
            }
            for (finding, row) in package.findings.iter().zip(findings) {
                let digest =
                    hex::decode(&row.digest).map_err(|_| corrupt("digest", &row.digest))?;
                if !held.still_holds(id, &digest) {
                    begun.add_finding(id, digest, row, ids_of(finding));
                }
            }
            if !held.has_gaps(id, &package.coverage) {
                for (position, gap) in (0..).zip(&package.coverage) {
                    begun.gaps.0.push(id);
                    begun.gaps.1.push(position);
                    begun.coverage.push(gap);
                }
            }
        }
        Ok(begun)
    }

    async fn save_keys(&self, c: &mut PgConnection, locked: &[i64]) -> Result<()> {
        let locked: HashSet<i64> = locked.iter().copied().collect();
        let (keys, packages): (Vec<i64>, Vec<i64>) = self
            .packages
            .iter()
            .filter(|(package, _)| locked.contains(&package.id.0))
            .flat_map(|(package, _)| package.keys.iter().map(|key| (key.0, package.id.0)))
            .unzip();
        if keys.is_empty() {
            return Ok(());
        }
        sqlx::query(ADD_KEYS)
            .bind(keys)
            .bind(packages)
            .execute(c)
            .await?;
        Ok(())
    }
}

impl Begun {
    fn add_finding(
        &mut self,
        package: i64,
        digest: Vec<u8>,
        row: &StoredFindingRow,
        ids: Vec<&str>,
    ) {
        for id in ids {
            self.ids.0.push(digest.clone());
            self.ids.1.push(text(id));
        }
        self.matches.0.push(package);
        self.matches.1.push(digest.clone());
        let columns = &mut self.findings;
        columns.digests.push(digest);
        columns.vulnerabilities.push(text(&row.vulnerability));
        columns.statuses.push(row.status);
        columns.severities.push(row.severity);
        columns.are_fixable.push(row.is_fixable);
        columns.are_known_exploited.push(row.is_known_exploited);
        columns.contents.push(row.content.clone());
    }

    async fn save(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        if !self.findings.digests.is_empty() {
            self.save_findings(c, revision).await?;
        }
        if !self.gaps.0.is_empty() {
            sqlx::query(ADD_COVERAGE)
                .bind(revision)
                .bind(&self.gaps.0)
                .bind(&self.gaps.1)
                .bind(&self.coverage.kinds)
                .bind(&self.coverage.subjects)
                .bind(&self.coverage.details)
                .execute(c)
                .await?;
        }
        Ok(())
    }

    async fn save_findings(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        let columns = &self.findings;
        sqlx::query(ADD_FINDINGS)
            .bind(&columns.digests)
            .bind(&columns.vulnerabilities)
            .bind(&columns.statuses)
            .bind(&columns.severities)
            .bind(&columns.are_fixable)
            .bind(&columns.are_known_exploited)
            .bind(&columns.contents)
            .execute(&mut *c)
            .await?;
        sqlx::query(ADD_IDS)
            .bind(&self.ids.0)
            .bind(&self.ids.1)
            .execute(&mut *c)
            .await?;
        sqlx::query(BEGIN)
            .bind(revision)
            .bind(&self.matches.0)
            .bind(&self.matches.1)
            .execute(c)
            .await?;
        Ok(())
    }
}
