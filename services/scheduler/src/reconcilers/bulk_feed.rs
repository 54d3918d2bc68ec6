//! Feeds the scans of bulks to the queue, a window at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_store::{Fed, Store};
use scanyard_telemetry::name;

use crate::{Reconciler, Round};

/// Settles items whose scans have ended and feeds others in their place. The store keeps the cursor,
/// so that a scheduler that takes over goes on where the one before it stopped.
pub struct BulkFeed {
    pub store: Arc<dyn Store>,
    /// Scans of bulks at most that have not ended.
    pub window: u32,
    pub interval: Duration,
    /// From the first scan that ended to the round that settles it.
    pub gather: Duration,
}

#[async_trait]
impl Reconciler for BulkFeed {
    fn name(&self) -> &'static str {
        "bulk_feed"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn longest_retry(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let fed = self.store.feed_bulks(self.window).await?;
        count(&fed);
        if fed.fed > 0 {
            tracing::debug!(
                fed = fed.fed,
                settled = fed.settled.all(),
                open = fed.open,
                "bulks were fed"
            );
        }
        // Even where there is more to feed, its turn comes when scans have ended.
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        self.store.wait_for_feeding().await;
        // Scans that end shortly after one another are settled together.
        tokio::time::sleep(self.gather).await;
    }
}

fn count(fed: &Fed) {
    let moved = [
        ("fed", fed.fed),
        ("done", fed.settled.done),
        ("failed", fed.settled.failed),
        ("cancelled", fed.settled.cancelled),
    ];
    for (to, items) in moved {
        counter!(name::BULK_ITEMS_MOVED, "to" => to).increment(items);
    }
}
