//! Questions across the fleet.
//!
//! Every answer is of a tenant's own images. What a question costs grows with what it is about:
//! distinct packages and package sets, not images times findings.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::{Digest, PackageKind};

use super::{
    BaseImage, ChangeSummary, FixPlan, FleetSummary, Holders, ImageContent, ImageSummary,
    NamedPackage, PackageId, PackageName, Page, PageRequest, Ranking, RepositoryImages, Selection,
    Subject, TenantId, VulnerabilityDetail,
};
use crate::error::Result;

/// Questions across the fleet, and what they are answered from.
#[async_trait]
pub trait Questions: Send + Sync + 'static {
    /// What is known about a vulnerability under any of its ids; `None` when no image has it.
    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
        selection: &Selection,
    ) -> Result<Option<VulnerabilityDetail>>;

    /// Images that hold a vulnerability or packages.
    async fn holders(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Holders>;

    /// The same images by repository, those with most of them first, at most `limit`.
    async fn holders_by_repository(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
        limit: u32,
    ) -> Result<Vec<RepositoryImages>>;

    /// Distinct packages that go by exactly this name, whoever has them: for questions whose answer
    /// is a tenant's images. At most as many as one name can sensibly have.
    async fn packages_named(
        &self,
        kind: Option<PackageKind>,
        name: &str,
    ) -> Result<Vec<NamedPackage>>;

    /// In how many of the tenant's images each of these packages is; those that are in none are
    /// left out.
    async fn spread_of_packages(
        &self,
        tenant: TenantId,
        packages: &[PackageId],
        selection: &Selection,
    ) -> Result<Vec<(PackageId, u64)>>;

    /// Names of the tenant's packages that contain a text, at most `limit`.
    async fn search_packages(
        &self,
        tenant: TenantId,
        text: &str,
        limit: u32,
    ) -> Result<Vec<PackageName>>;

    /// Images that a selection describes, those seen last first. With bounds on findings, those
    /// that have such a finding.
    async fn select_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>>;

    /// The selected images in numbers. Bounds on findings count for nothing here.
    async fn summarize_fleet(
        &self,
        tenant: TenantId,
        selection: &Selection,
    ) -> Result<FleetSummary>;

    /// The vulnerabilities that most of the selected images have, at most `limit`.
    async fn top_vulnerabilities(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<Ranking>;

    /// The selected images, those with most critical findings first, then high ones and so on. As
    /// of now, and without bounds on findings.
    async fn worst_images(
        &self,
        tenant: TenantId,
        selection: &Selection,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>>;

    /// What revisions that were processed after a moment changed about the selected images that
    /// were there then; of at most `limit` vulnerabilities, the most severe ones.
    async fn changes_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
        selection: &Selection,
        limit: u32,
    ) -> Result<ChangeSummary>;

    /// What is, or was at a moment, in an image; `None` of one that the tenant does not have, or
    /// that is not assembled.
    async fn image_content(
        &self,
        tenant: TenantId,
        image: Digest,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<ImageContent>>;

    /// The tenant's images whose layers an image begins with, the one that gives most first.
    async fn base_images(&self, tenant: TenantId, image: Digest) -> Result<Vec<BaseImage>>;

    /// The tenant's images whose layers begin with those of an image.
    async fn images_built_on(
        &self,
        tenant: TenantId,
        base: Digest,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>>;

    /// The upgrades that remove most findings of the selected images, at most `limit`.
    async fn fix_plan(
        &self,
        tenant: TenantId,
        selection: &Selection,
        limit: u32,
    ) -> Result<FixPlan>;
}
