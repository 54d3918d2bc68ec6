//! What happened to an image, whoever says so.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was pushed.
    Push,
    /// It was deleted.
    Delete,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A tag, and what it names as far as the sender says so.
    Tag {
        /// The tag.
        name: String,
        /// Digest of the manifest or index.
        digest: Option<Digest>,
    },
    /// A manifest or an index, and with its deletion every tag that names it.
    Manifest(Digest),
}

/// A push or a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What the sender calls it: the same when it is delivered again. `None` where it has no name.
    pub id: Option<String>,
    /// What was done.
    pub action: Action,
    /// The host of the registry as the sender knows it, which may be a name that only it can reach.
    pub registry: Option<String>,
    /// The repository, without the registry.
    pub repository: String,
    /// What it was done to.
    pub target: Target,
    /// The manifest's media type.
    pub media_type: Option<String>,
    /// When, by the sender's clock.
    pub at: Option<DateTime<Utc>>,
}
