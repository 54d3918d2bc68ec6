//! Brings every package and every summary up to the revision in use.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_assessment::{ActiveAdvisories, Advisories, match_batch};
use scanyard_store::Store;
use tokio::sync::{Mutex, watch};

use crate::{Reconciler, Round};

/// Summaries of one round.
const SUMMARIES: u32 = 500;

/// Matches what is not matched at the revision in use, in batches. No layer is looked at: what is
/// in an image does not change with what is known about it.
pub struct Rematch {
    store: Arc<dyn Store>,
    advisories: Advisories,
    interval: Duration,
    changes: Mutex<watch::Receiver<Option<Arc<ActiveAdvisories>>>>,
}

impl Rematch {
    pub fn new(store: Arc<dyn Store>, advisories: Advisories, interval: Duration) -> Self {
        let changes = Mutex::new(advisories.subscribe());
        Self {
            store,
            advisories,
            interval,
            changes,
        }
    }
}

#[async_trait]
impl Reconciler for Rematch {
    fn name(&self) -> &'static str {
        "rematch"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let Some(active) = self.advisories.current() else {
            return Ok(Round::Idle);
        };
        if match_batch(self.store.as_ref(), &active).await? > 0 {
            return Ok(Round::MoreToDo);
        }
        let sequence = active.revision.sequence;
        let refreshed = self.store.refresh_summaries(None, sequence, SUMMARIES);
        Ok(match refreshed.await? {
            0 => Round::Idle,
            _ => Round::MoreToDo,
        })
    }

    async fn woken(&self) {
        let mut changes = self.changes.lock().await;
        if changes.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
