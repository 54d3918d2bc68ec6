//! Makes messages of changes, and forgets those that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::gauge;
use scanyard_store::Store;
use scanyard_telemetry::name;
use tokio::sync::Notify;

use crate::{Reconciler, Round};

/// Messages that are forgotten in one round.
const PRUNED: u32 = 500;

/// Tells subscriptions of changes that they were not told of yet. What it has got to is in the
/// store, with the messages, so nothing is told twice or not at all, whoever dies.
pub struct NoticeMaker {
    pub store: Arc<dyn Store>,
    pub interval: Duration,
    /// How long messages that ended are kept.
    pub keep: Duration,
    /// Told when there may be messages to send.
    pub made: Arc<Notify>,
}

#[async_trait]
impl Reconciler for NoticeMaker {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        if self.store.make_deliveries().await? {
            self.made.notify_one();
            return Ok(Round::MoreToDo);
        }
        if self.store.prune_deliveries(self.keep, PRUNED).await? >= u64::from(PRUNED) {
            return Ok(Round::MoreToDo);
        }
        let depth = self.store.delivery_depth().await?;
        for (state, count) in [("waiting", depth.waiting), ("dead", depth.dead)] {
            gauge!(name::DELIVERIES_KEPT, "state" => state).set(count as f64);
        }
        Ok(Round::Idle)
    }
}
