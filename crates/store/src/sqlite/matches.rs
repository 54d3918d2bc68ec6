//! Packages to match, and what holds of a package set.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest};

use super::columns::{CoverageRow, PackageRow};
use super::outcomes::Outcomes;
use super::package_rows::select_packages;
use super::{SqliteStore, revisions, summaries};
use crate::error::Result;
use crate::stored_finding::decode_findings;
use crate::{MatchedPackage, Matches, Revision, StoredPackage};

#[async_trait]
impl Matches for SqliteStore {
    async fn activate_revision(
        &self,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Result<Revision> {
        self.write(move |c| Box::pin(async move { revisions::activate(c, digest, date).await }))
            .await
    }

    async fn current_revision(&self) -> Result<Option<Revision>> {
        revisions::latest(&mut *self.readers().acquire().await?).await
    }

    async fn revision(&self, sequence: i64) -> Result<Option<Revision>> {
        revisions::of_sequence(&mut *self.readers().acquire().await?, sequence).await
    }

    async fn unmatched_packages(
        &self,
        set: Digest,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>> {
        let rows: Vec<PackageRow> = sqlx::query_as(concat!(
            select_packages!(),
            " WHERE packages.id IN (SELECT package_id FROM package_set_packages
                  WHERE package_set_id = (SELECT id FROM package_sets WHERE digest = ?1))
                AND packages.revision < iif((SELECT revision FROM fleet) >= ?2, 1, ?2)
              LIMIT ?3"
        ))
        .bind(set.as_bytes().as_slice())
        .bind(revision)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
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
                 AND coverage.last_revision IS NULL
             WHERE members.package_set_id = (SELECT id FROM package_sets WHERE digest = ?1)
             ORDER BY coverage.kind, coverage.subject, coverage.package_id, coverage.position",
        )
        .bind(set.as_bytes().as_slice())
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(CoverageRow::read).collect()
    }
}
