//! Keeps the gauges of queue and advisories.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use metrics::gauge;
use scanyard_assessment::Advisories;
use scanyard_queue::{LaneDepth, Queue};
use scanyard_telemetry::name;

use crate::{Reconciler, Round};

/// Looks at how much waits, and how old the advisories are.
pub struct QueueDepth {
    pub queue: Arc<dyn Queue>,
    pub advisories: Advisories,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for QueueDepth {
    fn name(&self) -> &'static str {
        "queue_depth"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let now = Utc::now();
        if let Some(active) = self.advisories.current() {
            gauge!(name::ADVISORY_REVISION).set(active.revision.sequence as f64);
            if let Some(date) = active.revision.date {
                gauge!(name::ADVISORY_AGE).set(seconds_since(date, now));
            }
        }
        for depth in self.queue.depths().await? {
            record(&depth, now);
        }
        Ok(Round::Idle)
    }
}

fn record(depth: &LaneDepth, now: DateTime<Utc>) {
    let place = [("stage", depth.stage.name()), ("lane", depth.lane.name())];
    let [stage, lane] = place;
    for (state, count) in [("waiting", depth.waiting), ("in_flight", depth.in_flight)] {
        gauge!(name::QUEUE_MESSAGES, &[stage, lane, ("state", state)]).set(count as f64);
    }
    let oldest = depth
        .oldest
        .map_or(0.0, |oldest| seconds_since(oldest, now));
    gauge!(name::QUEUE_OLDEST, &place).set(oldest);
}

/// 0 for a time in the future, which is another machine's clock.
fn seconds_since(time: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (now - time).to_std().unwrap_or_default().as_secs_f64()
}
