//! How images come and go: repositories, tags and their history, deletions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::{Page, PageRequest, Tag, TenantId};
use crate::error::Result;

/// A repository that a tenant reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositorySummary {
    /// Its name: `docker.io/library/alpine`.
    pub name: String,
    /// Images that it holds.
    pub images: u64,
    /// Tags that it has.
    pub tags: u64,
}

/// A tag and what it names now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagDetail {
    /// The tag.
    pub name: String,
    /// What it names in the registry: an image's manifest, or an index; `None` where nobody asked.
    pub digest: Option<Digest>,
    /// Its images, one for each platform that was scanned.
    pub images: Vec<TaggedImage>,
}

/// An image that a tag names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedImage {
    /// Digest of its manifest.
    pub digest: Digest,
    /// What it runs on.
    pub platform: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When the registry last said so.
    pub last_seen: DateTime<Utc>,
}

/// An image that a tag named for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPeriod {
    /// Digest of its manifest.
    pub image: Digest,
    /// What it runs on.
    pub platform: String,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when; `None` while it does.
    pub to: Option<DateTime<Utc>>,
}

/// Repositories, tags and deletions.
///
/// A deletion carries the time at which it happened, by whosever clock, and changes nothing that was
/// seen later. It may come twice, late, or about what is not known.
#[async_trait]
pub trait Lifecycle: Send + Sync + 'static {
    /// A tenant's repositories by name.
    async fn repositories(
        &self,
        tenant: TenantId,
        page: &PageRequest,
    ) -> Result<Page<RepositorySummary>>;

    /// Tags of a repository by name, as they stand now; `None` when the tenant has no such
    /// repository.
    async fn tags(
        &self,
        tenant: TenantId,
        repository: &str,
        page: &PageRequest,
    ) -> Result<Option<Page<TagDetail>>>;

    /// What a tag named, the last first; empty when it never named anything.
    async fn tag_history(
        &self,
        tenant: TenantId,
        tag: &Tag,
        page: &PageRequest,
    ) -> Result<Page<TagPeriod>>;

    /// The tenant lets go of an image: from now on it has it in no repository and under no tag.
    /// False when it does not have it.
    async fn let_go_of_image(&self, tenant: TenantId, image: Digest) -> Result<bool>;

    /// A tag was deleted in its repository. Its images stay, untagged.
    async fn tag_deleted(&self, tenant: TenantId, tag: &Tag, at: DateTime<Utc>) -> Result<()>;

    /// A manifest or an index was deleted in a repository, and with it every tag that named it. An
    /// image that no repository of the tenant holds any more is gone.
    async fn image_deleted_in_repository(
        &self,
        tenant: TenantId,
        repository: &str,
        digest: Digest,
        at: DateTime<Utc>,
    ) -> Result<()>;
}
