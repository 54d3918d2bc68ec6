//! Questions across the fleet, each answered in one snapshot.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::{Digest, PackageKind};

use super::PostgresStore;
use super::columns::text;
use super::question_facts::PostgresFacts;
use super::statements::statements;
use crate::error::Result;
use crate::questions;
use crate::{
    BaseImage, ChangeSummary, FixPlan, FleetSummary, Holders, ImageContent, ImageSummary,
    NamedPackage, PackageId, PackageName, Page, PageRequest, Questions, Ranking, RepositoryImages,
    Selection, Subject, TenantId, VulnerabilityDetail,
};

/// One name has no more packages than this that anybody looks through.
const NAMED: i64 = 50_000;

statements! {
    /// Kind, if any, name, limit. The version of a source package is that which has its name.
    PACKAGES_NAMED = "SELECT id, purl, kind, version FROM packages
        WHERE hashtextextended(name, 0) = hashtextextended($2, 0) AND name = $2
          AND ($1::text IS NULL OR kind = $1)
        UNION ALL
        SELECT id, purl, kind, coalesce(source_version, version) FROM packages
        WHERE source_name IS NOT NULL
          AND hashtextextended(source_name, 0) = hashtextextended($2, 0) AND source_name = $2
          AND ($1::text IS NULL OR kind = $1) AND name <> $2
        ORDER BY 1 LIMIT $3";
    /// Names that contain a text, of packages that the tenant has; those that begin with it first.
    SEARCH = "WITH found AS MATERIALIZED (
            SELECT id, kind, name FROM packages WHERE strpos(lower(name), lower($2)) > 0 LIMIT 100000
        )
        SELECT kind, name, count(*) FROM found
        WHERE EXISTS (
            SELECT 1 FROM package_set_packages AS members
            JOIN tenant_images ON tenant_images.tenant_id = $1
                AND tenant_images.package_set_id = members.package_set_id
                AND tenant_images.gone_at IS NULL
            WHERE members.package_id = found.id)
        GROUP BY kind, name
        ORDER BY NOT starts_with(lower(name), lower($2)), length(name),
                 name COLLATE \"C\", kind COLLATE \"C\"
        LIMIT $3";
}

#[async_trait]
impl Questions for PostgresStore {
    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
        selection: &Selection,
    ) -> Result<Option<VulnerabilityDetail>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::vulnerability(&mut PostgresFacts(c), tenant, id, selection).await
                })
            })
            .await
    }

    async fn holders(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Holders> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::holders(&mut PostgresFacts(c), tenant, subject, selection, page)
                        .await
                })
            })
            .await
    }

    async fn holders_by_repository(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        limit: u32,
    ) -> Result<Vec<RepositoryImages>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    let facts = &mut PostgresFacts(c);
                    questions::holders_by_repository(facts, tenant, subject, selection, limit).await
                })
            })
            .await
    }

    async fn packages_named(
        &self,
        kind: Option<PackageKind>,
        name: &str,
    ) -> Result<Vec<NamedPackage>> {
        let rows = self
            .session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(PACKAGES_NAMED)
                        .bind(kind.map(PackageKind::purl_type))
                        .bind(text(name))
                        .bind(NAMED)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        questions::read_named(rows)
    }

    async fn spread_of_packages(
        &self,
        tenant: TenantId,
        packages: &[PackageId],
        selection: &Selection,
    ) -> Result<Vec<(PackageId, u64)>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::spread_of_packages(
                        &mut PostgresFacts(c),
                        tenant,
                        packages,
                        selection,
                    )
                    .await
                })
            })
            .await
    }

    async fn search_packages(
        &self,
        tenant: TenantId,
        part: &str,
        limit: u32,
    ) -> Result<Vec<PackageName>> {
        let rows = self
            .session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(SEARCH)
                        .bind(tenant.0)
                        .bind(text(part))
                        .bind(i64::from(limit))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        questions::read_names(rows)
    }

    async fn select_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::select_images(&mut PostgresFacts(c), tenant, selection, page).await
                })
            })
            .await
    }

    async fn summarize_fleet(
        &self,
        tenant: TenantId,
        selection: &Selection,
    ) -> Result<FleetSummary> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::summarize_fleet(&mut PostgresFacts(c), tenant, selection).await
                })
            })
            .await
    }

    async fn top_vulnerabilities(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<Ranking> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::top_vulnerabilities(&mut PostgresFacts(c), tenant, selection, limit)
                        .await
                })
            })
            .await
    }

    async fn worst_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::worst_images(&mut PostgresFacts(c), tenant, selection, page).await
                })
            })
            .await
    }

    async fn changes_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
        selection: &Selection,
        limit: u32,
    ) -> Result<ChangeSummary> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::changes_since(&mut PostgresFacts(c), tenant, since, selection, limit)
                        .await
                })
            })
            .await
    }

    async fn image_content(
        &self,
        tenant: TenantId,
        image: Digest,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<ImageContent>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::image_content(&mut PostgresFacts(c), tenant, image, as_of).await
                })
            })
            .await
    }

    async fn base_images(&self, tenant: TenantId, image: Digest) -> Result<Vec<BaseImage>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::base_images(&mut PostgresFacts(c), tenant, image).await
                })
            })
            .await
    }

    async fn images_built_on(
        &self,
        tenant: TenantId,
        base: Digest,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::images_built_on(&mut PostgresFacts(c), tenant, base, page).await
                })
            })
            .await
    }

    async fn fix_plan(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<FixPlan> {
        self.session
            .snapshot(move |c, _| {
                Box::pin(async move {
                    questions::fix_plan(&mut PostgresFacts(c), tenant, selection, limit).await
                })
            })
            .await
    }
}
