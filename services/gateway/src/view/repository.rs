//! Repositories and tags as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::{RepositorySummary, TagDetail, TagPeriod, TaggedImage};
use serde::Serialize;
use utoipa::ToSchema;

/// A repository.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Repository)]
pub struct RepositoryView {
    /// Its name.
    #[schema(example = "docker.io/library/alpine")]
    name: String,
    /// Images that it holds, as far as they were scanned.
    images: u64,
    /// Tags that it has, as far as they were scanned.
    tags: u64,
}

impl From<RepositorySummary> for RepositoryView {
    fn from(repository: RepositorySummary) -> Self {
        Self {
            name: repository.name,
            images: repository.images,
            tags: repository.tags,
        }
    }
}

/// A tag as it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagDetail)]
pub struct TagDetailView {
    /// The tag.
    name: String,
    /// What it names in the registry: an image's manifest or an index; null where nobody asked.
    digest: Option<String>,
    /// Its images, one for each platform that was scanned.
    images: Vec<TaggedImageView>,
}

impl From<TagDetail> for TagDetailView {
    fn from(tag: TagDetail) -> Self {
        Self {
            name: tag.name,
            digest: tag.digest.map(|digest| digest.to_string()),
            images: tag.images.into_iter().map(Into::into).collect(),
        }
    }
}

/// An image that a tag names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaggedImage)]
pub struct TaggedImageView {
    /// Digest of its manifest.
    digest: String,
    /// What it runs on.
    #[schema(example = "linux/amd64")]
    platform: String,
    /// Since when.
    since: DateTime<Utc>,
    /// When the registry last said so.
    last_seen: DateTime<Utc>,
}

impl From<TaggedImage> for TaggedImageView {
    fn from(image: TaggedImage) -> Self {
        Self {
            digest: image.digest.to_string(),
            platform: image.platform,
            since: image.since,
            last_seen: image.last_seen,
        }
    }
}

/// An image that a tag named for a while.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagPeriod)]
pub struct TagPeriodView {
    /// Digest of its manifest.
    image: String,
    /// What it runs on.
    #[schema(example = "linux/amd64")]
    platform: String,
    /// Since when.
    from: DateTime<Utc>,
    /// Until when: it moved, or was deleted. Null while it does.
    to: Option<DateTime<Utc>>,
}

impl From<TagPeriod> for TagPeriodView {
    fn from(period: TagPeriod) -> Self {
        Self {
            image: period.image.to_string(),
            platform: period.platform,
            from: period.from,
            to: period.to,
        }
    }
}
