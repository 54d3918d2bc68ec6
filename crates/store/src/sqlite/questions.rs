//! Questions across the fleet, each answered in one snapshot.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::{Digest, PackageKind};

use super::SqliteStore;
use super::question_facts::SqliteFacts;
use crate::error::Result;
use crate::questions;
use crate::{
    BaseImage, ChangeSummary, FixPlan, FleetSummary, Holders, ImageContent, ImageSummary,
    NamedPackage, PackageId, PackageName, Page, PageRequest, Questions, Ranking, RepositoryImages,
    Selection, Subject, TenantId, VulnerabilityDetail,
};

/// One name has no more packages than this that anybody looks through.
const NAMED: i64 = 50_000;

/// Kind, if any, name, limit. The version of a source package is that which has its name.
const PACKAGES_NAMED: &str = "SELECT id, purl, kind, version FROM packages
    WHERE name = ?2 AND (?1 IS NULL OR kind = ?1)
    UNION ALL
    SELECT id, purl, kind, coalesce(source_version, version) FROM packages
    WHERE source_name = ?2 AND (?1 IS NULL OR kind = ?1) AND name <> ?2
    ORDER BY 1 LIMIT ?3";
/// Names that contain a text, of packages that the tenant has; those that begin with it first.
const SEARCH: &str = "WITH found AS MATERIALIZED (
        SELECT id, kind, name FROM packages WHERE instr(lower(name), lower(?2)) > 0 LIMIT 100000
    )
    SELECT kind, name, count(*) FROM found
    WHERE EXISTS (
        SELECT 1 FROM package_set_packages AS members
        JOIN tenant_images ON tenant_images.tenant_id = ?1
            AND tenant_images.package_set_id = members.package_set_id
            AND tenant_images.gone_at IS NULL
        WHERE members.package_id = found.id)
    GROUP BY kind, name
    ORDER BY instr(lower(name), lower(?2)) <> 1, length(name), name, kind
    LIMIT ?3";

#[async_trait]
impl Questions for SqliteStore {
    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
        selection: &Selection,
    ) -> Result<Option<VulnerabilityDetail>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::vulnerability(facts, tenant, id, selection).await
    }

    async fn holders(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Holders> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::holders(facts, tenant, subject, selection, page).await
    }

    async fn holders_by_repository(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        limit: u32,
    ) -> Result<Vec<RepositoryImages>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::holders_by_repository(facts, tenant, subject, selection, limit).await
    }

    async fn packages_named(
        &self,
        kind: Option<PackageKind>,
        name: &str,
    ) -> Result<Vec<NamedPackage>> {
        let rows = sqlx::query_as(PACKAGES_NAMED)
            .bind(kind.map(PackageKind::purl_type))
            .bind(name)
            .bind(NAMED)
            .fetch_all(self.readers())
            .await?;
        questions::read_named(rows)
    }

    async fn spread_of_packages(
        &self,
        tenant: TenantId,
        packages: &[PackageId],
        selection: &Selection,
    ) -> Result<Vec<(PackageId, u64)>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::spread_of_packages(facts, tenant, packages, selection).await
    }

    async fn search_packages(
        &self,
        tenant: TenantId,
        part: &str,
        limit: u32,
    ) -> Result<Vec<PackageName>> {
        let rows = sqlx::query_as(SEARCH)
            .bind(tenant.0)
            .bind(part)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        questions::read_names(rows)
    }

    async fn select_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::select_images(facts, tenant, selection, page).await
    }

    async fn summarize_fleet(
        &self,
        tenant: TenantId,
        selection: &Selection,
    ) -> Result<FleetSummary> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::summarize_fleet(facts, tenant, selection).await
    }

    async fn top_vulnerabilities(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<Ranking> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::top_vulnerabilities(facts, tenant, selection, limit).await
    }

    async fn worst_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::worst_images(facts, tenant, selection, page).await
    }

    async fn changes_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
        selection: &Selection,
        limit: u32,
    ) -> Result<ChangeSummary> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::changes_since(facts, tenant, since, selection, limit).await
    }

    async fn image_content(
        &self,
        tenant: TenantId,
        image: Digest,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<ImageContent>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::image_content(facts, tenant, image, as_of).await
    }

    async fn base_images(&self, tenant: TenantId, image: Digest) -> Result<Vec<BaseImage>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::base_images(facts, tenant, image).await
    }

    async fn images_built_on(
        &self,
        tenant: TenantId,
        base: Digest,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::images_built_on(facts, tenant, base, page).await
    }

    async fn fix_plan(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<FixPlan> {
        let mut snapshot = self.readers().begin().await?;
        let facts = &mut SqliteFacts(&mut snapshot);
        questions::fix_plan(facts, tenant, selection, limit).await
    }
}
