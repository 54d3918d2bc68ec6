//! Bulks as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::{
    Bulk, BulkCounts, BulkFailures, BulkItem, BulkItemState, BulkSource, BulkState, RejectedPlace,
    Rejection,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scan::FailureView;

/// How far a bulk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BulkState)]
pub enum BulkStateView {
    /// Its references are being sent; none is scanned before the last has come.
    Receiving,
    /// Its references are scanned.
    Running,
    /// Nothing more begins until it is resumed.
    Paused,
    /// Somebody cancelled it, or its upload was cut.
    Cancelled,
    /// Every item has ended.
    Done,
}

impl From<BulkState> for BulkStateView {
    fn from(state: BulkState) -> Self {
        match state {
            BulkState::Receiving => Self::Receiving,
            BulkState::Running => Self::Running,
            BulkState::Paused => Self::Paused,
            BulkState::Cancelled => Self::Cancelled,
            BulkState::Done => Self::Done,
        }
    }
}

/// How far an item of a bulk is. The last three are final, unless failed ones are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BulkItemState)]
pub enum BulkItemStateView {
    /// Its turn has not come.
    Waiting,
    /// It is being scanned.
    Open,
    /// It has a result.
    Done,
    /// It ended with a failure.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl From<BulkItemState> for BulkItemStateView {
    fn from(state: BulkItemState) -> Self {
        match state {
            BulkItemState::Waiting => Self::Waiting,
            BulkItemState::Open => Self::Open,
            BulkItemState::Done => Self::Done,
            BulkItemState::Failed => Self::Failed,
            BulkItemState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<BulkItemStateView> for BulkItemState {
    fn from(state: BulkItemStateView) -> Self {
        match state {
            BulkItemStateView::Waiting => Self::Waiting,
            BulkItemStateView::Open => Self::Open,
            BulkItemStateView::Done => Self::Done,
            BulkItemStateView::Failed => Self::Failed,
            BulkItemStateView::Cancelled => Self::Cancelled,
        }
    }
}

/// How many items of a bulk are where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkCounts)]
pub struct BulkCountsView {
    /// Items, each reference and platform once.
    accepted: u64,
    /// References that were there already.
    duplicates: u64,
    /// Lines that are no reference, repositories that cannot be listed.
    rejected: u64,
    /// Items whose turn has not come.
    waiting: u64,
    /// Items that are being scanned.
    open: u64,
    /// Items that have a result.
    done: u64,
    /// Items that ended with a failure.
    failed: u64,
    /// Items that were cancelled.
    cancelled: u64,
}

impl From<BulkCounts> for BulkCountsView {
    fn from(counts: BulkCounts) -> Self {
        Self {
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            rejected: counts.rejected,
            waiting: counts.waiting(),
            open: counts.open(),
            done: counts.done,
            failed: counts.failed,
            cancelled: counts.cancelled,
        }
    }
}

/// Where something was refused, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRejection)]
pub struct RejectionView {
    /// The line, from 1; null where it is a repository.
    line: Option<u64>,
    /// The repository; null where it is a line.
    repository: Option<String>,
    /// What is wrong with it.
    reason: String,
}

impl From<Rejection> for RejectionView {
    fn from(rejection: Rejection) -> Self {
        let (line, repository) = match rejection.place {
            RejectedPlace::Line(line) => (Some(line), None),
            RejectedPlace::Repository(name) => (None, Some(name)),
        };
        Self {
            line,
            repository,
            reason: rejection.reason,
        }
    }
}

/// What of a registry is scanned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrySelection)]
pub struct SelectionView {
    /// Its host.
    registry: String,
    /// Which repositories.
    repositories: String,
    /// Which tags; null for every one.
    tags: Option<String>,
    /// How many tags of each repository at most; null for every one.
    newest: Option<u32>,
}

/// A bulk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bulk)]
pub struct BulkView {
    /// Its id.
    id: Uuid,
    /// How far it is.
    state: BulkStateView,
    /// What of a registry is scanned; null where the references were sent.
    selection: Option<SelectionView>,
    /// The platform wanted where a reference names none; `all` for every one.
    platform: String,
    /// Whether every reference is known.
    is_listed: bool,
    /// How many items are where.
    counts: BulkCountsView,
    /// Scans that ended per second, over the last minute.
    rate_per_second: f64,
    /// Seconds until the rest has ended at that rate; null where that cannot be told.
    eta_seconds: Option<u64>,
    /// The first hundred of what was refused.
    rejections: Vec<RejectionView>,
    /// Why the listing or the upload ended early; null unless it did.
    failure: Option<FailureView>,
    /// When it was accepted.
    created_at: DateTime<Utc>,
    /// When its first scan began.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
}

impl BulkView {
    /// The bulk as it is now.
    pub fn now(bulk: Bulk) -> Self {
        Self::at(Utc::now(), bulk)
    }

    /// The bulk as it is at this time.
    pub fn at(now: DateTime<Utc>, bulk: Bulk) -> Self {
        let rate_per_second = rate(now, &bulk);
        Self {
            id: bulk.id.0,
            state: bulk.state.into(),
            eta_seconds: eta(rate_per_second, &bulk),
            rate_per_second,
            selection: match bulk.source {
                BulkSource::Upload => None,
                BulkSource::Registry(selection) => Some(SelectionView {
                    registry: selection.registry,
                    repositories: selection.repositories,
                    tags: selection.tags,
                    newest: selection.newest,
                }),
            },
            platform: bulk.platform.unwrap_or_else(|| "all".to_owned()),
            is_listed: bulk.is_listed,
            counts: bulk.counts.into(),
            rejections: bulk.rejections.into_iter().map(Into::into).collect(),
            failure: bulk.failure.map(Into::into),
            created_at: bulk.created_at,
            started_at: bulk.started_at,
            finished_at: bulk.finished_at,
        }
    }
}

/// Over the last minute, or since it began where that is less.
fn rate(now: DateTime<Utc>, bulk: &Bulk) -> f64 {
    let Some(started) = bulk.started_at else {
        return 0.0;
    };
    let since = (now - started).to_std().unwrap_or_default().as_secs_f64();
    let rate = bulk.ended_last_minute as f64 / since.clamp(1.0, 60.0);
    (rate * 100.0).round() / 100.0
}

fn eta(rate: f64, bulk: &Bulk) -> Option<u64> {
    let rest = bulk.counts.waiting() + bulk.counts.open();
    let is_known = bulk.state == BulkState::Running && bulk.is_listed && rate > 0.0;
    is_known.then(|| (rest as f64 / rate).ceil() as u64)
}

/// One item of a bulk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkItem)]
pub struct BulkItemView {
    /// What is scanned, complete.
    reference: String,
    /// The platform wanted; `all` for every one.
    platform: String,
    /// How far it is.
    state: BulkItemStateView,
    /// Its scan: `/v1/scans/{id}`; null until its turn has come.
    scan: Option<Uuid>,
    /// Why it failed; null unless it did.
    failure: Option<FailureView>,
}

impl From<BulkItem> for BulkItemView {
    fn from(item: BulkItem) -> Self {
        Self {
            reference: item.reference.reference,
            platform: item.reference.platform.unwrap_or_else(|| "all".to_owned()),
            state: item.state.into(),
            scan: item.scan.map(|scan| scan.0),
            failure: item.failure.map(Into::into),
        }
    }
}

/// Failed items of one reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkFailures)]
pub struct BulkFailuresView {
    /// The failure's code.
    #[schema(example = "image_not_found")]
    code: String,
    /// How many items.
    count: u64,
    /// The first of them.
    examples: Vec<BulkItemView>,
}

impl From<BulkFailures> for BulkFailuresView {
    fn from(failures: BulkFailures) -> Self {
        Self {
            code: failures.code,
            count: failures.count,
            examples: failures.examples.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_store::{BulkId, TenantId};

    #[test]
    fn rate_and_eta_are_told_where_they_are_known() {
        let now = Utc::now();
        let bulk = |ended_last_minute, seconds, state| Bulk {
            id: BulkId(Uuid::nil()),
            tenant: TenantId::DEFAULT,
            source: BulkSource::Upload,
            platform: None,
            state,
            is_listed: true,
            counts: BulkCounts {
                accepted: 1000,
                fed: 600,
                done: 100,
                ..BulkCounts::default()
            },
            rejections: Vec::new(),
            failure: None,
            ended_last_minute,
            created_at: now,
            started_at: Some(now - chrono::TimeDelta::seconds(seconds)),
            finished_at: None,
        };
        let told = |bulk| {
            let view = BulkView::at(now, bulk);
            (view.rate_per_second, view.eta_seconds)
        };
        assert_eq!(told(bulk(600, 3600, BulkState::Running)), (10.0, Some(90)));
        assert_eq!(told(bulk(600, 30, BulkState::Running)), (20.0, Some(45)));
        assert_eq!(told(bulk(600, 30, BulkState::Paused)), (20.0, None));
        assert_eq!(told(bulk(0, 30, BulkState::Running)), (0.0, None));
    }
}
