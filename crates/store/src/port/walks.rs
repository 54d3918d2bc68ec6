//! Walks through repositories at their registries, which find what nobody told us.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::{Tag, TenantId};
use crate::error::Result;

/// A piece of a walk that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Whose repository it is.
    pub tenant: TenantId,
    /// The repository: `docker.io/library/alpine`.
    pub repository: String,
    /// Where to go on, as the piece before said; `None` at the beginning.
    pub cursor: Option<String>,
}

/// How a walk goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkStep {
    /// The next piece begins at this cursor, after a while.
    Continue(Option<String>, Duration),
    /// Everything was looked at. The next walk begins after a while.
    Complete(Duration),
}

/// Walks.
#[async_trait]
pub trait Walks: Send + Sync + 'static {
    /// The walk that is due the longest, of a repository that is at a registry; it counts as being
    /// worked on for a while.
    async fn take_walk(&self, hold: Duration) -> Result<Option<Walk>>;

    /// Stores how a walk goes on.
    async fn save_walk(&self, walk: &Walk, step: &WalkStep) -> Result<()>;

    /// The registry says that a tag still names what it did, under this digest.
    async fn tag_confirmed(
        &self,
        tenant: TenantId,
        tag: &Tag,
        digest: Digest,
        at: DateTime<Utc>,
    ) -> Result<()>;

    /// Images that a repository holds under no tag, in the order of their digests, after one, at
    /// most `limit`.
    async fn untagged_images(
        &self,
        tenant: TenantId,
        repository: &str,
        after: Option<Digest>,
        limit: u32,
    ) -> Result<Vec<Digest>>;
}
