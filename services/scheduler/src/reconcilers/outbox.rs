//! Moves messages from the outbox to the queue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_queue::Queue;
use scanyard_store::Store;
use scanyard_telemetry::name;

use crate::{Reconciler, Round};

/// Messages of one round.
const BATCH: u32 = 256;

/// Publishes what waits in the outbox, then forgets it. A crash in between publishes it again,
/// which the queue finds out by the message's id.
pub struct OutboxRelay {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for OutboxRelay {
    fn name(&self) -> &'static str {
        "outbox_relay"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn longest_retry(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let messages = self.store.pending_messages(BATCH).await?;
        if messages.is_empty() {
            return Ok(Round::Idle);
        }
        self.queue.publish(&messages).await?;
        let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
        self.store.remove_messages(&ids).await?;
        counter!(name::OUTBOX_PUBLISHED).increment(ids.len() as u64);
        // One more look costs little and finds what came meanwhile.
        Ok(Round::MoreToDo)
    }

    async fn woken(&self) {
        self.store.wait_for_messages().await;
    }
}
