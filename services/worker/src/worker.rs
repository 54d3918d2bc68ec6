//! A worker as a whole.

use std::sync::Arc;
use std::time::Duration;

use scanyard_access::RegistryAccess;
use scanyard_assessment::Advisories;
use scanyard_package::Limits;
use scanyard_protocol::{Lane, Stage};
use scanyard_queue::Queue;
use scanyard_store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::consumer::Consumer;
use crate::slots::Slots;
use crate::{LookFor, WorkerSettings};

/// How long handing jobs back may take before they are dropped, which costs their ack wait.
const HAND_BACK: Duration = Duration::from_secs(5);

/// What a worker works with.
#[derive(Clone)]
pub struct WorkerContext {
    /// What is true.
    pub store: Arc<dyn Store>,
    /// What is to be done.
    pub queue: Arc<dyn Queue>,
    /// The advisories in use.
    pub advisories: Advisories,
    /// What one image may cost.
    pub limits: Limits,
    /// How registries are reached.
    pub registries: RegistryAccess,
    /// What is looked for beside packages.
    pub look_for: LookFor,
    /// Bounds of its own.
    pub settings: WorkerSettings,
}

/// Takes jobs until it is stopped.
pub struct Worker {
    context: Arc<WorkerContext>,
}

impl Worker {
    /// A worker that has not begun.
    pub fn new(context: WorkerContext) -> Self {
        Self {
            context: Arc::new(context),
        }
    }

    /// Works until the token is cancelled, and then until the jobs at hand are done or handed back.
    /// Dropping the future drops the jobs; others take them over when lease and ack wait are over.
    pub async fn run(&self, stop: CancellationToken) {
        let hand_back = CancellationToken::new();
        let mut consumers = self.spawn_consumers(&stop, &hand_back);
        stop.cancelled().await;
        let drain = self.context.settings.drain;
        if !all_ended(&mut consumers, drain).await {
            tracing::info!("handing running jobs back");
            hand_back.cancel();
            if !all_ended(&mut consumers, HAND_BACK).await {
                tracing::warn!("some jobs could not be handed back in time");
            }
        }
    }

    fn spawn_consumers(
        &self,
        stop: &CancellationToken,
        hand_back: &CancellationToken,
    ) -> JoinSet<()> {
        let mut consumers = JoinSet::new();
        for stage in Stage::ALL {
            let slots = Slots::new(self.context.settings.slots(stage));
            for lane in Lane::ALL {
                let consumer = Consumer {
                    context: Arc::clone(&self.context),
                    lane,
                    stage,
                    slots: slots.clone(),
                    hand_back: hand_back.clone(),
                };
                consumers.spawn(consumer.run(stop.clone()));
            }
        }
        consumers
    }
}

/// Whether all tasks ended within the time.
async fn all_ended(tasks: &mut JoinSet<()>, within: Duration) -> bool {
    let ended = async { while tasks.join_next().await.is_some() {} };
    tokio::time::timeout(within, ended).await.is_ok()
}
