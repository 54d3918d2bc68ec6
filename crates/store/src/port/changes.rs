//! What new advisories changed about images: the events, and the history of one image.
//!
//! A change is about a package and a vulnerability, however many images have the package. Which
//! images it concerns is asked for apart, so that one flaw in 50,000 images is one event.

use std::str::FromStr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Digest, Severity};

use super::{ImageSummary, Page, PageRequest, Tag, TenantId};
use crate::error::Result;

/// A change's place in the order in which changes became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeId(pub i64);

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there before.
    New,
    /// It is there no more.
    Fixed,
    /// It says something else: another severity, a fix, that it is exploited.
    Changed,
}

impl ChangeKind {
    /// All kinds.
    pub const ALL: [ChangeKind; 3] = [ChangeKind::New, ChangeKind::Fixed, ChangeKind::Changed];

    /// The stored word.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::New => "new",
            ChangeKind::Fixed => "fixed",
            ChangeKind::Changed => "changed",
        }
    }
}

/// The word names no kind of change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of change")]
pub struct UnknownChangeKind(String);

impl FromStr for ChangeKind {
    type Err = UnknownChangeKind;

    fn from_str(word: &str) -> std::result::Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == word);
        known.ok_or_else(|| UnknownChangeKind(word.to_owned()))
    }
}

/// What a revision changed about a package.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The advisory revision that changed it.
    pub revision: i64,
    /// When the fleet was brought up to that revision.
    pub at: DateTime<Utc>,
    /// Purl of the package.
    pub package: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// What became of the finding.
    pub kind: ChangeKind,
    /// The finding before; `None` where it is new.
    pub before: Option<Finding>,
    /// The finding now; `None` where it is fixed.
    pub after: Option<Finding>,
}

impl Change {
    /// The finding that says most about it: as it is now or, where it is fixed, as it was.
    pub fn finding(&self) -> Option<&Finding> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// How many images a change concerns. Counting ends at a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageCount {
    /// So many.
    Exactly(u32),
    /// So many and more.
    AtLeast(u32),
}

impl ImageCount {
    /// What was counted of rows that were read up to one more than the bound.
    pub(crate) fn bounded(counted: i64, bound: i64) -> Self {
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        match counted > bound {
            true => ImageCount::AtLeast(count(bound)),
            false => ImageCount::Exactly(count(counted)),
        }
    }

    /// The number counted.
    pub fn counted(self) -> u32 {
        match self {
            ImageCount::Exactly(count) | ImageCount::AtLeast(count) => count,
        }
    }

    /// Whether that is all of them.
    pub fn is_exact(self) -> bool {
        matches!(self, ImageCount::Exactly(_))
    }
}

/// A change with how many of a tenant's images it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The change.
    pub change: Change,
    /// The tenant's images that it concerns.
    pub images: ImageCount,
}

/// Which changes matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeFilter {
    /// Only of these kinds; of all where there are none.
    pub kinds: Vec<ChangeKind>,
    /// Only those at least this severe.
    pub min_severity: Option<Severity>,
    /// Only those with a fixed version.
    pub only_fixable: bool,
    /// Only those that are known to be exploited.
    pub only_known_exploited: bool,
    /// Only those that concern an image in a repository of this name, in which `*` stands for
    /// anything. Only such images are counted.
    pub repository: Option<String>,
}

/// Which changes to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeQuery {
    /// Which matter.
    pub filter: ChangeFilter,
    /// Only those of this vulnerability, under any of its ids.
    pub vulnerability: Option<String>,
    /// Only those that became known since then.
    pub since: Option<DateTime<Utc>>,
}

/// What happened to an image.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub what: ImageEvent,
}

/// What can happen to an image.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageEvent {
    /// The tenant reached it for the first time.
    FirstSeen,
    /// What is in it became known, or was found to be more than was known.
    Cataloged {
        /// The revision in use then: the findings that it began with are no changes.
        revision: i64,
        /// Packages in it.
        packages: u32,
        /// When another cataloger set found something else.
        replaced_at: Option<DateTime<Utc>>,
    },
    /// A tag began to name it.
    Tagged(Tag),
    /// A tag names it no more.
    Untagged(Tag),
    /// The tenant had it no more.
    Gone,
    /// New advisories changed a finding.
    Finding(Box<Change>),
}

/// Changes, and whom they concern.
///
/// A change concerns an image that holds the package, that was assembled before the change's
/// revision was in use, and that the tenant had when it was processed.
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// Changes that concern a tenant's images, in the order in which they became known. An id of a
    /// change is the cursor of those after it. A page can hold fewer than asked for, and still have
    /// a next one: how far it looks is bounded.
    async fn changes(
        &self,
        tenant: TenantId,
        query: &ChangeQuery,
        page: &PageRequest,
    ) -> Result<Page<Event>>;

    /// One of them.
    async fn change(&self, tenant: TenantId, id: ChangeId) -> Result<Option<Event>>;

    /// The last change of all, whomever it concerns: who has seen it need not look again.
    async fn latest_change(&self) -> Result<Option<ChangeId>>;

    /// The tenant's images that a change concerns; `None` where there are none.
    async fn changed_images(
        &self,
        tenant: TenantId,
        id: ChangeId,
        page: &PageRequest,
    ) -> Result<Option<Page<ImageSummary>>>;

    /// What happened to an image since the tenant first reached it, the newest first; `None` where
    /// it never did.
    async fn image_history(
        &self,
        tenant: TenantId,
        image: Digest,
        page: &PageRequest,
    ) -> Result<Option<Page<HistoryEntry>>>;
}
