//! Scans: what somebody asked for, and how far it is.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use scanyard_protocol::Lane;
use uuid::Uuid;

use crate::notices::ScanNotice;

use super::{BulkId, NewImage, Page, PageRequest, TenantId};
use crate::error::Result;

/// Names a scan. Version 7: later scans have greater ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanId(pub Uuid);

/// A scan to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScan {
    /// Its id.
    pub id: ScanId,
    /// Who asked.
    pub tenant: TenantId,
    /// The image's source as text, complete: `docker.io/library/alpine:3.18`, `oci:/images:app`.
    pub reference: String,
    /// The platform wanted; `None` for every one.
    pub platform: Option<String>,
    /// Who waits.
    pub lane: Lane,
    /// A second request with the same key is the first one again.
    pub idempotency_key: Option<String>,
    /// W3C `traceparent` of the request.
    pub traceparent: Option<String>,
}

/// What became of a request for a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedScan {
    /// It is new.
    New(Scan),
    /// The idempotency key names this scan of the same content.
    Existing(Scan),
    /// The idempotency key names a scan of something else.
    Conflict(ScanId),
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScanState {
    /// Accepted; nobody has begun.
    Queued,
    /// Its images are known; layers are being cataloged.
    Cataloging,
    /// Every image has its result.
    Done,
    /// It ended with a [`ScanFailure`].
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl ScanState {
    /// Every state.
    pub const ALL: [ScanState; 5] = [
        ScanState::Queued,
        ScanState::Cataloging,
        ScanState::Done,
        ScanState::Failed,
        ScanState::Cancelled,
    ];

    /// The state's name in API and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            ScanState::Queued => "queued",
            ScanState::Cataloging => "cataloging",
            ScanState::Done => "done",
            ScanState::Failed => "failed",
            ScanState::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing will change any more.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            ScanState::Done | ScanState::Failed | ScanState::Cancelled
        )
    }
}

/// Why a scan failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanFailure {
    /// A stable word for machines: `image_not_found`, `digest_mismatch`.
    pub code: String,
    /// What happened, for people. Holds no secret and no internal cause.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether the same request can succeed later.
    pub retryable: bool,
}

/// How much of a scan's work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanProgress {
    /// Layers of its images, each digest once.
    pub layers: u32,
    /// Those that have an inventory.
    pub layers_done: u32,
    /// Compressed bytes of those layers.
    pub bytes: u64,
    /// Compressed bytes read so far.
    pub bytes_done: u64,
}

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// Who asked.
    pub tenant: TenantId,
    /// The image's source as text.
    pub reference: String,
    /// The platform wanted; `None` for every one.
    pub platform: Option<String>,
    /// Who waits.
    pub lane: Lane,
    /// The bulk that it belongs to.
    pub bulk: Option<BulkId>,
    /// How far it is.
    pub state: ScanState,
    /// Why it failed, when it did.
    pub failure: Option<ScanFailure>,
    /// Manifest digests of its images, as far as they are known.
    pub images: Vec<Digest>,
    /// How much is done.
    pub progress: ScanProgress,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its images were known.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Which scans to list. The newest come first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanFilter {
    /// Only those in this state.
    pub state: Option<ScanState>,
    /// Only those of this reference.
    pub reference: Option<String>,
}

/// What recording a scan's images led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Some layers have no inventory yet; jobs for those that nobody works on are in the outbox.
    Waiting,
    /// Every layer has an inventory: these images can be assembled at once.
    Complete(Vec<Digest>),
    /// The scan has ended meanwhile.
    Ended,
}

/// Scans.
#[async_trait]
pub trait Scans: Send + Sync + 'static {
    /// Stores a scan and, in the same transaction, the message of its image job.
    async fn create_scan(&self, scan: &NewScan) -> Result<CreatedScan>;

    /// A tenant's scan.
    async fn scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>>;

    /// Hears of the scan's end, whoever ends it: for those who would look again and again otherwise.
    /// It is a hint that may be lost, so they still look now and then.
    fn scan_notice(&self, id: ScanId) -> ScanNotice;

    /// A scan, whoever asked for it: for workers.
    async fn scan_of_any_tenant(&self, id: ScanId) -> Result<Option<Scan>>;

    /// A tenant's scans, the newest first.
    async fn scans(
        &self,
        tenant: TenantId,
        filter: &ScanFilter,
        page: &PageRequest,
    ) -> Result<Page<Scan>>;

    /// Cancels a scan that has not ended; the scan as it is afterwards.
    async fn cancel_scan(&self, tenant: TenantId, id: ScanId) -> Result<Option<Scan>>;

    /// Ends a scan with a failure, unless it has ended; whether it did.
    async fn fail_scan(&self, id: ScanId, failure: &ScanFailure) -> Result<bool>;

    /// Queues a failed scan again, with a new image job; false when it is not in state failed.
    async fn retry_scan(&self, id: ScanId) -> Result<bool>;

    /// Records what a scan's reference resolved to: images, their layers, the tenant's access to
    /// both, the tag. Layers without an inventory of the cataloger set that nobody works on, or
    /// whose work failed before, get a layer job in the outbox, each digest at most one whoever
    /// asks. Idempotent.
    async fn record_images(
        &self,
        scan: ScanId,
        images: &[NewImage],
        cataloger_set: &str,
    ) -> Result<Recorded>;

    /// Ends, as done, every scan all of whose images are assembled and that waits on this image;
    /// the scans it ended.
    async fn finish_scans(&self, image: Digest) -> Result<Vec<ScanId>>;

    /// Ends, as failed, every scan that waits on this layer; the scans it ended.
    async fn fail_scans_of_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        failure: &ScanFailure,
    ) -> Result<Vec<ScanId>>;

    /// A scan that has not ended and waits for this layer, whoever asked for it: whose reference
    /// reaches the layer when the scan that a job names is gone.
    async fn scan_waiting_for_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Scan>>;

    /// Queues again, each with a new image job, the failed scans whose images hold this layer, if
    /// the layer is marked as failed; the scans it queued. This is what redriving a layer's dead
    /// letter means.
    async fn retry_scans_of_layer(&self, layer: Digest, cataloger_set: &str)
    -> Result<Vec<ScanId>>;
}
