//! Scans as JSON.

use chrono::{DateTime, Utc};
use scanyard_protocol::Lane;
use scanyard_store::{Scan, ScanFailure, ScanProgress, ScanState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who waits for a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Lane)]
pub enum LaneView {
    /// Somebody: a pipeline, a person.
    #[default]
    Interactive,
    /// Nobody in particular. Never delays what is interactive.
    Bulk,
}

impl From<LaneView> for Lane {
    fn from(lane: LaneView) -> Self {
        match lane {
            LaneView::Interactive => Lane::Interactive,
            LaneView::Bulk => Lane::Bulk,
        }
    }
}

impl From<Lane> for LaneView {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Interactive => LaneView::Interactive,
            Lane::Bulk => LaneView::Bulk,
        }
    }
}

/// How far a scan is. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScanState)]
pub enum ScanStateView {
    /// Accepted; nobody has begun.
    Queued,
    /// Its images are known; layers are being cataloged.
    Cataloging,
    /// Every image has its result.
    Done,
    /// It ended with a failure.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl From<ScanState> for ScanStateView {
    fn from(state: ScanState) -> Self {
        match state {
            ScanState::Queued => Self::Queued,
            ScanState::Cataloging => Self::Cataloging,
            ScanState::Done => Self::Done,
            ScanState::Failed => Self::Failed,
            ScanState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<ScanStateView> for ScanState {
    fn from(state: ScanStateView) -> Self {
        match state {
            ScanStateView::Queued => Self::Queued,
            ScanStateView::Cataloging => Self::Cataloging,
            ScanStateView::Done => Self::Done,
            ScanStateView::Failed => Self::Failed,
            ScanStateView::Cancelled => Self::Cancelled,
        }
    }
}

/// Why a scan failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScanFailure)]
pub struct FailureView {
    /// A stable word for machines.
    #[schema(example = "image_not_found")]
    code: String,
    /// What happened.
    message: String,
    /// What to do about it.
    remedy: String,
    /// Whether the same request can succeed later.
    retryable: bool,
}

impl From<ScanFailure> for FailureView {
    fn from(failure: ScanFailure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            remedy: failure.remedy,
            retryable: failure.retryable,
        }
    }
}

/// How much of a scan's work is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScanProgress)]
pub struct ProgressView {
    /// Layers of its images, each digest once.
    layers: u32,
    /// Those that are cataloged.
    layers_done: u32,
    /// Compressed bytes of those layers.
    bytes: u64,
    /// Compressed bytes read so far.
    bytes_done: u64,
}

impl From<ScanProgress> for ProgressView {
    fn from(progress: ScanProgress) -> Self {
        Self {
            layers: progress.layers,
            layers_done: progress.layers_done,
            bytes: progress.bytes,
            bytes_done: progress.bytes_done,
        }
    }
}

/// A scan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scan)]
pub struct ScanView {
    /// Its id.
    id: Uuid,
    /// What is scanned, complete.
    #[schema(example = "docker.io/library/alpine:3.18")]
    reference: String,
    /// The platform wanted; `all` for every one.
    #[schema(example = "linux/amd64")]
    platform: String,
    /// Who waits.
    lane: LaneView,
    /// The bulk that it is part of: `/v1/bulk/{id}`; null where it was submitted by itself.
    bulk: Option<Uuid>,
    /// How far it is.
    state: ScanStateView,
    /// Why it failed; null unless it did.
    failure: Option<FailureView>,
    /// Manifest digests of its images, as far as they are known: `/v1/images/{digest}`.
    images: Vec<String>,
    /// How much is done.
    progress: ProgressView,
    /// When it was accepted.
    created_at: DateTime<Utc>,
    /// When its images were known.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
}

impl From<Scan> for ScanView {
    fn from(scan: Scan) -> Self {
        Self {
            id: scan.id.0,
            reference: scan.reference,
            platform: scan.platform.unwrap_or_else(|| "all".to_owned()),
            lane: scan.lane.into(),
            bulk: scan.bulk.map(|bulk| bulk.0),
            state: scan.state.into(),
            failure: scan.failure.map(Into::into),
            images: scan.images.iter().map(ToString::to_string).collect(),
            progress: scan.progress.into(),
            created_at: scan.created_at,
            started_at: scan.started_at,
            finished_at: scan.finished_at,
        }
    }
}
