//! Keeps beside the findings how likely they are to be exploited, as the advisories in use say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_assessment::{ActiveAdvisories, Advisories};
use scanyard_store::Store;
use tokio::sync::{Mutex, watch};

use crate::{Reconciler, Round};

/// Ids that are looked up at once.
const IDS: u32 = 2000;

/// Goes through the vulnerabilities that findings have, batch by batch; what is stored already is not
/// written again. Wakes when there are other advisories, and now and then for findings that came
/// since.
pub struct Predictions {
    store: Arc<dyn Store>,
    advisories: Advisories,
    interval: Duration,
    changes: Mutex<watch::Receiver<Option<Arc<ActiveAdvisories>>>>,
}

impl Predictions {
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
impl Reconciler for Predictions {
    fn name(&self) -> &'static str {
        "predictions"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let Some(active) = self.advisories.current() else {
            return Ok(Round::Idle);
        };
        let mut after = String::new();
        loop {
            let ids = self.store.vulnerability_ids(&after, IDS).await?;
            let Some(last) = ids.last().cloned() else {
                return Ok(Round::Idle);
            };
            after = last;
            let predicted: Vec<(String, Option<f64>)> = ids
                .into_iter()
                .map(|id| {
                    let predicted = active.database.exploit_prediction(&id);
                    (id, predicted.map(|predicted| predicted.score))
                })
                .collect();
            self.store.save_predictions(&predicted).await?;
        }
    }

    async fn woken(&self) {
        let mut changes = self.changes.lock().await;
        if changes.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
