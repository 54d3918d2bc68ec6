//! Package sets, distinct packages and their matches.
//!
//! Matches hold for a range of advisory revisions, from the first that made them to the last; one
//! that still holds has no last.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest, Distro, Package};

use super::{ImageSummary, Page, PageRequest, TenantId};
use crate::error::Result;

/// Names a distinct package of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(pub i64);

/// The packages of an image, which other images may share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSet {
    /// Digest of its sorted purls.
    pub digest: Digest,
    /// The distro that its OS packages belong to.
    pub distro: Option<Distro>,
    /// Its packages, each with its purl.
    pub packages: Vec<(String, Package)>,
}

/// A distinct package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPackage {
    /// Its id.
    pub id: PackageId,
    /// Its purl.
    pub purl: String,
    /// The package.
    pub package: Package,
    /// The distro of the images that hold it, for OS packages.
    pub distro: Option<Distro>,
}

/// What matching said about a distinct package.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchedPackage {
    /// The package.
    pub id: PackageId,
    /// Its findings at the revision.
    pub findings: Vec<Finding>,
    /// What about the package could not be assessed.
    pub coverage: Vec<Coverage>,
}

/// A revision of the advisories that was put to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its place in the order of use, from 1.
    pub sequence: i64,
    /// Digest of the compiled database.
    pub digest: Digest,
    /// Date of the newest advisory in it.
    pub date: Option<DateTime<Utc>>,
    /// When it was put to use.
    pub activated_at: DateTime<Utc>,
}

/// What the store knows about a vulnerability.
#[derive(Debug, Clone, PartialEq)]
pub struct VulnerabilityDetail {
    /// A finding of it for each package name that has one, with the ecosystem's package purl.
    pub findings: Vec<(String, Finding)>,
    /// Images of the tenant that have it.
    pub images: u64,
}

/// An image that has a vulnerability.
#[derive(Debug, Clone, PartialEq)]
pub struct AffectedImage {
    /// The image.
    pub image: ImageSummary,
    /// Purl and finding of each package of the image that has it.
    pub findings: Vec<(String, Finding)>,
}

/// Package sets, packages and matches.
#[async_trait]
pub trait Matches: Send + Sync + 'static {
    /// Puts a revision to use, unless it is the latest already; its place.
    async fn activate_revision(
        &self,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Result<Revision>;

    /// The revision in use.
    async fn current_revision(&self) -> Result<Option<Revision>>;

    /// The revision at this place, for images whose summary is not brought up to the latest yet.
    async fn revision(&self, sequence: i64) -> Result<Option<Revision>>;

    /// Packages, of one set or of all, that are not matched at the revision, at most `limit`.
    async fn unmatched_packages(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>>;

    /// Stores outcomes at a revision: new findings begin, those that are gone end, changed ones do
    /// both, and the packages count as matched. A package that was matched at a later revision
    /// meanwhile stays as it is. Idempotent.
    async fn save_matches(&self, revision: i64, matched: &[MatchedPackage]) -> Result<()>;

    /// Brings the summaries of package sets up to the revision whose packages are all matched at
    /// it, at most `limit`, or only this one; how many it brought up.
    async fn refresh_summaries(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<u64>;

    /// Findings of a package set that hold now, with the purl of their package.
    async fn findings_of_set(&self, set: Digest) -> Result<Vec<(String, Finding)>>;

    /// What could not be assessed about packages of the set at their last match.
    async fn coverage_of_set(&self, set: Digest) -> Result<Vec<Coverage>>;

    /// What is known about a vulnerability under any of its ids, among a tenant's images.
    async fn vulnerability(
        &self,
        tenant: TenantId,
        id: &str,
    ) -> Result<Option<VulnerabilityDetail>>;

    /// A tenant's images that have a vulnerability, under any of its ids.
    async fn affected_images(
        &self,
        tenant: TenantId,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<AffectedImage>>;
}
