//! The scheduler as a whole.

use std::sync::Arc;

use scanyard_assessment::Advisories;
use scanyard_queue::Queue;
use scanyard_store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::reconciler::run_reconciler;
use crate::{SchedulerSettings, reconcilers};

/// What a scheduler works with.
#[derive(Clone)]
pub struct SchedulerContext {
    /// What is true.
    pub store: Arc<dyn Store>,
    /// Where work is published.
    pub queue: Arc<dyn Queue>,
    /// The advisories in use, which it swaps.
    pub advisories: Advisories,
    /// How often it looks.
    pub settings: SchedulerSettings,
}

/// Runs every reconciler.
pub struct Scheduler {
    context: SchedulerContext,
}

impl Scheduler {
    /// A scheduler that has not begun.
    pub fn new(context: SchedulerContext) -> Self {
        Self { context }
    }

    /// Runs until the token is cancelled. Dropping the future is as good.
    pub async fn run(&self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        for reconciler in reconcilers::all(&self.context) {
            running.spawn(run_reconciler(reconciler, stop.clone()));
        }
        while running.join_next().await.is_some() {}
    }
}
