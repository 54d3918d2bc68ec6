//! Rescans as JSON.

use chrono::{DateTime, TimeDelta, Utc};
use scanyard_store::{RescanRecord, RescanState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::PathValue;
use crate::problem::Problem;
use crate::problem_code::Code;

/// Names a rescan in a path: the number of its revision.
pub struct RescanId(pub i64);

impl PathValue for RescanId {
    fn parse(text: &str) -> Result<Self, Problem> {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(Self).ok_or_else(|| {
            Problem::new(Code::InvalidId, "The id in the path is no rescan's number.")
        })
    }
}

/// How far a rescan is. The last two are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RescanState)]
pub enum RescanStateView {
    /// Its turn has not come.
    Waiting,
    /// Packages are matched.
    Running,
    /// Every image is at its revision.
    Done,
    /// A later revision came first; every image went there at once.
    PassedOver,
}

impl From<RescanState> for RescanStateView {
    fn from(state: RescanState) -> Self {
        match state {
            RescanState::Waiting => Self::Waiting,
            RescanState::Running => Self::Running,
            RescanState::Done => Self::Done,
            RescanState::PassedOver => Self::PassedOver,
        }
    }
}

/// How the fleet gets, or got, to an advisory revision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rescan)]
pub struct RescanView {
    /// The number of its advisory revision.
    id: i64,
    /// Digest of the revision's database.
    #[schema(value_type = String)]
    revision: String,
    /// How far it is.
    state: RescanStateView,
    /// Whether every package is matched, not only those about which advisories changed.
    full: bool,
    /// Whether somebody asked for it; else new advisories did.
    requested: bool,
    /// When the revision was put to use, or asked for.
    created_at: DateTime<Utc>,
    /// When packages began to be matched.
    begun_at: Option<DateTime<Utc>>,
    /// When somebody cancelled the matching of every package.
    cancelled_at: Option<DateTime<Utc>>,
    /// When every image was at the revision.
    done_at: Option<DateTime<Utc>>,
    /// Distinct packages to match.
    packages: u64,
    /// How many of them are matched.
    packages_matched: u64,
    /// Packages matched a second, over the whole time.
    rate: Option<f64>,
    /// When it will be done at this rate.
    expected_at: Option<DateTime<Utc>>,
    /// Findings of distinct packages that are new, fixed or changed: what GET /v1/events lists.
    changes: u64,
    /// Package sets whose counts changed.
    package_sets_changed: u64,
}

impl RescanView {
    /// As of now.
    pub fn now(rescan: RescanRecord) -> Self {
        Self::at(Utc::now(), rescan)
    }

    fn at(now: DateTime<Utc>, rescan: RescanRecord) -> Self {
        let seconds = rescan
            .begun_at
            .map(|begun| (rescan.done_at.unwrap_or(now) - begun).as_seconds_f64());
        let rate = seconds
            .filter(|seconds| *seconds > 0.0 && rescan.matched > 0)
            .map(|seconds| rescan.matched as f64 / seconds);
        let left = rescan.packages.saturating_sub(rescan.matched) as f64;
        let expected_at = rate
            .filter(|_| rescan.state == RescanState::Running)
            .and_then(|rate| TimeDelta::try_milliseconds((left / rate * 1000.0) as i64))
            .and_then(|rest| now.checked_add_signed(rest));
        Self {
            id: rescan.revision,
            revision: rescan.digest.to_string(),
            state: rescan.state.into(),
            full: rescan.full,
            requested: rescan.requested_at.is_some(),
            created_at: rescan.created_at,
            begun_at: rescan.begun_at,
            cancelled_at: rescan.cancelled_at,
            done_at: rescan.done_at,
            packages: rescan.packages,
            packages_matched: rescan.matched,
            rate,
            expected_at,
            changes: rescan.changes,
            package_sets_changed: rescan.summaries,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_package::Digest;

    #[test]
    fn the_end_is_expected_at_the_rate_so_far() {
        let begun = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let rescan = RescanRecord {
            revision: 7,
            digest: Digest::from_bytes([1; 32]),
            state: RescanState::Running,
            full: true,
            created_at: begun,
            requested_at: None,
            begun_at: Some(begun),
            cancelled_at: None,
            done_at: None,
            packages: 400,
            matched: 100,
            changes: 0,
            summaries: 0,
        };
        let view = RescanView::at(begun + TimeDelta::seconds(10), rescan);
        assert_eq!(view.rate, Some(10.0));
        assert_eq!(view.expected_at, Some(begun + TimeDelta::seconds(40)));
    }
}
