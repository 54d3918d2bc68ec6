//! Images: what they are made of, and which tenant may see them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::{Coverage, Digest, Distro, Severity};

use super::{PackageSet, Page, PageRequest, TenantId};
use crate::error::Result;

/// A layer's place in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLayer {
    /// The layer's blob digest.
    pub digest: Digest,
    /// Bytes of the blob, as the manifest says.
    pub size: u64,
    /// The manifest's word for its format.
    pub media_type: String,
    /// Whether its bytes are not in the registry, so that it is never pulled.
    pub foreign: bool,
}

/// An image that a reference resolved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImage {
    /// Digest of its manifest.
    pub digest: Digest,
    /// Digest of what the reference named: of the index that led to it, or of its own manifest.
    pub root_digest: Digest,
    /// Digest of its config.
    pub config_digest: Digest,
    /// What it runs on: `linux/amd64`.
    pub platform: String,
    /// When it was built, as the builder wrote it.
    pub created: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What its config gave away.
    pub config: ConfigEvidence,
    /// Its layers, bottom first.
    pub layers: Vec<ImageLayer>,
    /// Where the tag that named it stands; `None` when a digest did.
    pub tag: Option<Tag>,
    /// The repository it was reached in: `docker.io/library/alpine`, `oci:/images`.
    pub repository: String,
}

/// What an image's config gave away, each part as whoever looked for it encoded it; `None` where
/// nobody did. A config never changes, so what was found once holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigEvidence {
    /// Credentials in it, masked.
    pub secrets: Option<Vec<u8>>,
    /// Checks that the image does not pass, as far as its config decides.
    pub checks: Option<Vec<u8>>,
}

/// A name that moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// The repository.
    pub repository: String,
    /// The tag.
    pub name: String,
}

/// Findings by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeverityCounts {
    /// Affected, by [`Severity::WORST_FIRST`].
    pub affected: [u32; 6],
    /// Undetermined, whatever their severity.
    pub undetermined: u32,
}

impl SeverityCounts {
    /// Findings of one severity.
    pub fn of(&self, severity: Severity) -> u32 {
        Severity::WORST_FIRST
            .iter()
            .zip(self.affected)
            .find(|(known, _)| **known == severity)
            .map_or(0, |(_, count)| count)
    }
}

/// An image in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// Digest of its manifest.
    pub digest: Digest,
    /// What it runs on.
    pub platform: String,
    /// Repositories in which the tenant reached it.
    pub repositories: Vec<String>,
    /// Tags that name it now.
    pub tags: Vec<Tag>,
    /// Its distro, once assembled.
    pub distro: Option<Distro>,
    /// Packages in it, once assembled.
    pub packages: Option<u32>,
    /// Its findings, once assembled.
    pub counts: Option<SeverityCounts>,
    /// How many things in it could not be assessed, once assembled.
    pub coverage_gaps: Option<u32>,
    /// Sequence number of the advisory revision behind the counts.
    pub revision: Option<i64>,
    /// When the tenant first reached it.
    pub first_seen: DateTime<Utc>,
    /// When the tenant last reached it.
    pub last_seen: DateTime<Utc>,
}

/// An image with everything that is stored about it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// As in a list.
    pub summary: ImageSummary,
    /// Digest of its config.
    pub config_digest: Digest,
    /// When it was built, as the builder wrote it.
    pub created: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What its config gave away.
    pub config: ConfigEvidence,
    /// Its layers, bottom first.
    pub layers: Vec<ImageLayer>,
    /// Digest of its package set, once assembled.
    pub package_set: Option<Digest>,
    /// The cataloger set behind its package set, once assembled.
    pub cataloger_set: Option<String>,
}

/// Which images to list. Those seen last come first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageFilter {
    /// Only those reached in this repository.
    pub repository: Option<String>,
    /// Only those with a finding at least this severe.
    pub min_severity: Option<Severity>,
}

/// Images.
#[async_trait]
pub trait Images: Send + Sync + 'static {
    /// Images that a tenant has reached.
    async fn images(
        &self,
        tenant: TenantId,
        filter: &ImageFilter,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>>;

    /// One of them.
    async fn image(&self, tenant: TenantId, digest: Digest) -> Result<Option<ImageDetail>>;

    /// An image's layers, bottom first, whoever reached it: for workers. `None` when it is unknown.
    async fn image_layers(&self, image: Digest) -> Result<Option<Vec<ImageLayer>>>;

    /// Stores what an image was assembled to: its package set, which is stored too unless it is
    /// known, and what of the image itself could not be read. Idempotent.
    async fn assemble_image(
        &self,
        image: Digest,
        cataloger_set: &str,
        set: &PackageSet,
        coverage: &[Coverage],
    ) -> Result<()>;

    /// The package set that an image was assembled to by this cataloger set, if it was: then
    /// nobody need assemble it again.
    async fn assembled_set(&self, image: Digest, cataloger_set: &str) -> Result<Option<Digest>>;

    /// What of the image itself could not be read.
    async fn image_coverage(&self, image: Digest) -> Result<Vec<Coverage>>;
}
