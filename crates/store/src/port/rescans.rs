//! Rescans: how the fleet gets from one advisory revision to the next.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::{Page, PageRequest, TenantId};
use crate::error::Result;

/// How far a rescan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RescanState {
    /// Its turn has not come.
    Waiting,
    /// Packages are matched.
    Running,
    /// The fleet is at its revision.
    Done,
    /// A later revision came before it was done; the fleet went there at once.
    PassedOver,
}

impl RescanState {
    pub(crate) fn of(is_done: bool, is_reached: bool, has_begun: bool) -> Self {
        match (is_done, is_reached, has_begun) {
            (true, ..) => Self::Done,
            (_, true, _) => Self::PassedOver,
            (.., true) => Self::Running,
            _ => Self::Waiting,
        }
    }

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            RescanState::Waiting => "waiting",
            RescanState::Running => "running",
            RescanState::Done => "done",
            RescanState::PassedOver => "passed_over",
        }
    }

    /// Whether nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, RescanState::Done | RescanState::PassedOver)
    }
}

/// How the fleet gets, or got, to a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescanRecord {
    /// The revision, which names the rescan.
    pub revision: i64,
    /// The revision's database.
    pub digest: Digest,
    /// How far it is.
    pub state: RescanState,
    /// Whether every package is matched, not only those about which advisories changed.
    pub full: bool,
    /// When the revision was put to use.
    pub created_at: DateTime<Utc>,
    /// When somebody asked for it; `None` when new advisories did.
    pub requested_at: Option<DateTime<Utc>>,
    /// When packages began to be matched.
    pub begun_at: Option<DateTime<Utc>>,
    /// When somebody asked to match no more than changed advisories demand.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When the fleet was there.
    pub done_at: Option<DateTime<Utc>>,
    /// Packages to match.
    pub packages: u64,
    /// How many of them are.
    pub matched: u64,
    /// Findings of packages that are new, fixed or changed.
    pub changes: u64,
    /// Package sets whose summary changed.
    pub summaries: u64,
}

/// How far the matching is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RescanProgress {
    /// Whether every package is matched.
    pub all: bool,
    /// Packages to match.
    pub packages: u64,
    /// How many of them are.
    pub matched: u64,
}

/// Rescans.
#[async_trait]
pub trait Rescans: Send + Sync + 'static {
    /// One of them.
    async fn rescan(&self, revision: i64) -> Result<Option<RescanRecord>>;

    /// All of them, the newest first.
    async fn rescans(&self, page: &PageRequest) -> Result<Page<RescanRecord>>;

    /// Notes how far one is; whether every package is still wanted if that is what is matched.
    async fn note_rescan(&self, revision: i64, progress: RescanProgress) -> Result<bool>;

    /// Gives up matching every package at a revision that somebody asked for, unless the fleet is
    /// there; false where there is nothing to give up.
    async fn cancel_rescan(&self, revision: i64) -> Result<bool>;

    /// References (`repository@digest`) of a tenant's images in registries that none of these
    /// cataloger sets read.
    async fn outdated_images(
        &self,
        tenant: TenantId,
        current: &[&str],
        page: &PageRequest,
    ) -> Result<Page<String>>;
}
