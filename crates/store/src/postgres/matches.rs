//! Packages to match, and what holds of a package set.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest};

use super::columns::{CoverageRow, PackageRow};
use super::outcomes::Outcomes;
use super::package_rows::select_packages;
use super::statements::statements;
use super::{PostgresStore, revisions, summaries};
use crate::error::Result;
use crate::stored_finding::decode_findings;
use crate::{MatchedPackage, Matches, Revision, StoredPackage};

statements! {
    /// A set is small beside all packages, so its members are read first. What holds for the fleet
    /// holds for the revision if the fleet is at it.
    UNMATCHED = select_packages!("WHERE packages.id = ANY (ARRAY(
            SELECT package_id FROM package_set_packages
            WHERE package_set_id = (SELECT id FROM package_sets WHERE digest = $1)))
          AND packages.revision < CASE WHEN (SELECT revision FROM fleet) >= $2 THEN 1 ELSE $2 END
        ORDER BY packages.id LIMIT $3");
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
            AND coverage.last_revision IS NULL
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
            .transaction(move |c, _| {
                Box::pin(async move { revisions::activate(c, digest, date).await })
            })
            .await
    }

    async fn current_revision(&self) -> Result<Option<Revision>> {
        self.session
            .run(move |c, _| Box::pin(async move { revisions::latest(c).await }))
            .await
    }

    async fn revision(&self, sequence: i64) -> Result<Option<Revision>> {
        self.session
            .run(move |c, _| Box::pin(async move { revisions::of_sequence(c, sequence).await }))
            .await
    }

    async fn unmatched_packages(
        &self,
        set: Digest,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>> {
        let rows: Vec<PackageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(UNMATCHED)
                        .bind(set.as_bytes().as_slice())
                        .bind(revision)
                        .bind(i64::from(limit))
                        .fetch_all(c)
                        .await?)
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
}
