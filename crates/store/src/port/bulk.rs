//! Bulk work: many references that somebody wants scanned, fed to the queue a window at a time.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{BulkCounts, BulkDepth, Fed, Page, PageRequest, ScanFailure, ScanId, TenantId};
use crate::error::Result;

/// Refusals of one bulk that are kept; the rest are counted.
pub const MAX_REJECTIONS: usize = 100;

/// Names a bulk. Version 7: later bulks have greater ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BulkId(pub Uuid);

/// Where a bulk's references come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkSource {
    /// A client sends them.
    Upload,
    /// A registry is listed.
    Registry(RegistrySelection),
}

/// What to list of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySelection {
    /// Its host: `registry.test:5000`.
    pub registry: String,
    /// Which repositories, as a glob.
    pub repositories: String,
    /// Which tags, as a glob; `None` for every one.
    pub tags: Option<String>,
    /// How many tags of each repository at most, the greatest first.
    pub newest: Option<u32>,
}

/// A bulk to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBulk {
    /// Its id.
    pub id: BulkId,
    /// Who asked.
    pub tenant: TenantId,
    /// Where its references come from.
    pub source: BulkSource,
    /// The platform wanted where a reference names none; `None` for every one.
    pub platform: Option<String>,
    /// A second request with the same key is the first one again.
    pub idempotency_key: Option<String>,
    /// W3C `traceparent` of the request.
    pub traceparent: Option<String>,
}

/// What became of a request for a bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedBulk {
    /// It is new.
    New(Bulk),
    /// The idempotency key names this bulk, which was asked for in the same words. The references of
    /// an upload are not compared.
    Existing(Bulk),
    /// The idempotency key names a bulk of something else.
    Conflict(BulkId),
}

impl CreatedBulk {
    /// What became of a request whose id or idempotency key another bulk has.
    pub(crate) fn existing(existing: Bulk, asked: &NewBulk) -> Self {
        let is_same = existing.tenant == asked.tenant
            && existing.source == asked.source
            && existing.platform == asked.platform;
        match is_same {
            true => Self::Existing(existing),
            false => Self::Conflict(existing.id),
        }
    }
}

/// One reference of a bulk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BulkReference {
    /// The image's source as text, complete.
    pub reference: String,
    /// The platform wanted; `None` for every one.
    pub platform: Option<String>,
}

/// How far a bulk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BulkState {
    /// A client is sending its references; none is fed before the last has come.
    Receiving,
    /// Its items are fed. A registry may be listed meanwhile.
    Running,
    /// Nothing is fed nor listed until it is resumed; scans that began go on.
    Paused,
    /// Somebody cancelled it, or its upload was cut.
    Cancelled,
    /// Every item has ended.
    Done,
}

impl BulkState {
    /// Every state.
    pub const ALL: [BulkState; 5] = [
        BulkState::Receiving,
        BulkState::Running,
        BulkState::Paused,
        BulkState::Cancelled,
        BulkState::Done,
    ];

    /// The state's name in API and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            BulkState::Receiving => "receiving",
            BulkState::Running => "running",
            BulkState::Paused => "paused",
            BulkState::Cancelled => "cancelled",
            BulkState::Done => "done",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing will change any more, unless its failed items are tried again.
    pub const fn is_final(self) -> bool {
        matches!(self, BulkState::Cancelled | BulkState::Done)
    }
}

/// Where something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectedPlace {
    /// A line of an upload, from 1.
    Line(u64),
    /// A repository of a registry.
    Repository(String),
}

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Where.
    pub place: RejectedPlace,
    /// Why, for people.
    pub reason: String,
}

/// What was refused while references came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejections {
    /// How often.
    pub count: u64,
    /// The first of them, at most [`MAX_REJECTIONS`].
    pub first: Vec<Rejection>,
}

impl Rejections {
    /// Counts one more, and keeps it while there is room.
    pub fn add(&mut self, rejection: Rejection) {
        self.count += 1;
        if self.first.len() < MAX_REJECTIONS {
            self.first.push(rejection);
        }
    }
}

/// A bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// Its id.
    pub id: BulkId,
    /// Who asked.
    pub tenant: TenantId,
    /// Where its references come from.
    pub source: BulkSource,
    /// The platform wanted where a reference names none.
    pub platform: Option<String>,
    /// How far it is.
    pub state: BulkState,
    /// Whether every reference is known.
    pub is_listed: bool,
    /// How many items are where.
    pub counts: BulkCounts,
    /// The first of what was refused.
    pub rejections: Vec<Rejection>,
    /// Why the listing or the upload ended early, when it did.
    pub failure: Option<ScanFailure>,
    /// Scans of it that ended within the last minute.
    pub ended_last_minute: u64,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its first item was fed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far an item of a bulk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BulkItemState {
    /// Not fed yet.
    Waiting,
    /// Its scan has not ended.
    Open,
    /// It has a result.
    Done,
    /// It ended with a failure.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl BulkItemState {
    /// Every state.
    pub const ALL: [BulkItemState; 5] = [
        BulkItemState::Waiting,
        BulkItemState::Open,
        BulkItemState::Done,
        BulkItemState::Failed,
        BulkItemState::Cancelled,
    ];

    /// The state's name in API and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            BulkItemState::Waiting => "waiting",
            BulkItemState::Open => "open",
            BulkItemState::Done => "done",
            BulkItemState::Failed => "failed",
            BulkItemState::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One item of a bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItem {
    /// Its place in the order of feeding.
    pub position: u64,
    /// What is scanned.
    pub reference: BulkReference,
    /// How far it is.
    pub state: BulkItemState,
    /// Its scan, once it was fed.
    pub scan: Option<ScanId>,
    /// Why it failed, when it did.
    pub failure: Option<ScanFailure>,
}

/// Failed items of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkFailures {
    /// The failure's code.
    pub code: String,
    /// How many items.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<BulkItem>,
}

/// What became of references that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// They are stored.
    Stored {
        /// Those that are new to the bulk.
        new: u64,
        /// Those that were there already.
        duplicates: u64,
    },
    /// The bulk takes no more: it was cancelled, or its upload counted as cut.
    Closed,
}

/// What a tenant can do to a bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkChange {
    /// Stops feeding and listing. Takes a running bulk.
    Pause,
    /// Goes on. Takes a paused bulk.
    Resume,
    /// Ends it and every scan of it that has not ended. Takes any that has not ended.
    Cancel,
    /// Feeds its failed items again, each with a new scan, after those that wait; a listing that
    /// failed goes on. Takes a bulk that runs, is paused or done.
    Retry,
}

/// A piece of a listing that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Whose bulk it is for.
    pub tenant: TenantId,
    /// Which bulk it is for.
    pub bulk: BulkId,
    /// What to list.
    pub selection: RegistrySelection,
    /// The platform wanted.
    pub platform: Option<String>,
    /// Where to go on, as the piece before said; `None` at the beginning.
    pub cursor: Option<String>,
    /// Tries that failed since the last piece.
    pub tries: u32,
}

/// What a piece of a listing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// References.
    pub references: Vec<BulkReference>,
    /// What cannot be listed.
    pub rejections: Rejections,
    /// How it goes on.
    pub next: ListingStep,
}

/// How a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingStep {
    /// The next piece begins at this cursor.
    Continue(String),
    /// The same piece is tried again after a while.
    TryAgain(Duration),
    /// Everything is listed.
    Complete,
    /// It cannot go on.
    Fail(ScanFailure),
}

/// Bulk work.
#[async_trait]
pub trait Bulks: Send + Sync + 'static {
    /// Stores a bulk: one that is uploaded is `receiving`, one that is listed is `running`. An
    /// upload that breaks off gives its idempotency key back.
    async fn create_bulk(&self, bulk: &NewBulk) -> Result<CreatedBulk>;

    /// Adds references to a bulk that is receiving, in their order; those that it has already are
    /// counted. A few thousand at a time.
    async fn append_references(
        &self,
        bulk: BulkId,
        references: &[BulkReference],
    ) -> Result<Appended>;

    /// Ends the upload of a bulk, which is fed from now on; `None` when it was not receiving.
    async fn end_upload(&self, bulk: BulkId, rejections: &Rejections) -> Result<Option<Bulk>>;

    /// The listing that is due the longest, which counts as being worked on for a while. None of a
    /// bulk that is paused.
    async fn take_listing(&self, hold: Duration) -> Result<Option<Listing>>;

    /// Stores what a piece of a listing found together with where it goes on. Of a bulk that has
    /// ended, or whose listing has, nothing is stored. Idempotent, as an item is there once.
    async fn save_listed(&self, bulk: BulkId, listed: &Listed) -> Result<()>;

    /// One round of feeding, bounded by the window. First settles the items whose scans have ended
    /// and ends bulks that have none left, and cancels uploads that nobody continued. Then creates
    /// scans in the bulk lane, with their messages in the same transaction, for the next items of
    /// running bulks, such that at most `window` scans of bulks have not ended: to the tenant that
    /// has the fewest of them, who had no turn for the longest; to its oldest bulk.
    async fn feed_bulks(&self, window: u32) -> Result<Fed>;

    /// Returns when scans may have ended or bulks may have become ready to be fed, or after the
    /// adapter's own bound on waiting, whichever is first. Never later than a second.
    async fn wait_for_feeding(&self);

    /// How much bulk work there is: every bulk that has not ended.
    async fn bulk_depth(&self) -> Result<BulkDepth>;

    /// A tenant's bulk.
    async fn bulk(&self, tenant: TenantId, id: BulkId) -> Result<Option<Bulk>>;

    /// A tenant's bulks, the newest first.
    async fn bulks(&self, tenant: TenantId, page: &PageRequest) -> Result<Page<Bulk>>;

    /// Items of a tenant's bulk in the order of feeding; `None` when there is no such bulk.
    async fn bulk_items(
        &self,
        tenant: TenantId,
        id: BulkId,
        state: Option<BulkItemState>,
        page: &PageRequest,
    ) -> Result<Option<Page<BulkItem>>>;

    /// Failed items of a tenant's bulk by reason, the most frequent first, with the first few of
    /// each; `None` when there is no such bulk.
    async fn bulk_failures(
        &self,
        tenant: TenantId,
        id: BulkId,
        examples: u32,
    ) -> Result<Option<Vec<BulkFailures>>>;

    /// Changes a tenant's bulk where its state allows; the bulk as it is afterwards.
    async fn change_bulk(
        &self,
        tenant: TenantId,
        id: BulkId,
        change: BulkChange,
    ) -> Result<Option<Bulk>>;
}
