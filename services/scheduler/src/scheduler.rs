//! The scheduler as a whole.

use std::sync::Arc;

use scanyard_access::RegistryAccess;
use scanyard_assessment::Advisories;
use scanyard_queue::Queue;
use scanyard_store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::election::Candidate;
use crate::reconciler::{Reconciler, run_reconciler};
use crate::{AdvisoryCopies, SchedulerSettings, reconcilers};

/// What a scheduler works with.
#[derive(Clone)]
pub struct SchedulerContext {
    /// What is true.
    pub store: Arc<dyn Store>,
    /// Where work is published.
    pub queue: Arc<dyn Queue>,
    /// How registries are reached.
    pub registries: RegistryAccess,
    /// The advisories in use.
    pub advisories: Advisories,
    /// Where all processes get the advisory database from; `None` where this is the only one, which
    /// reads it in its place. With them somebody has to run [`crate::AdvisoryFollow`].
    pub copies: Option<Arc<AdvisoryCopies>>,
    /// Names this process's life in elections. One that is known to have no rival may keep its name
    /// over restarts, and need not wait for its own last lease.
    pub holder: Uuid,
    /// How often it looks.
    pub settings: SchedulerSettings,
}

/// Runs reconcilers: some always, the others while it leads.
pub struct Scheduler {
    context: SchedulerContext,
}

impl Scheduler {
    /// A scheduler that has not begun.
    pub fn new(context: SchedulerContext) -> Self {
        Self { context }
    }

    /// Runs until the token is cancelled, then gives leadership up. Dropping the future costs the
    /// next leader the rest of the lease.
    pub async fn run(&self, stop: CancellationToken) {
        let candidate = Candidate {
            arbiter: self.context.store.clone(),
            holder: self.context.holder,
            settings: self.context.settings.election,
        };
        let lead = |term| run_all(reconcilers::leading(&self.context), term);
        tokio::join!(
            run_all(reconcilers::standing(&self.context), stop.clone()),
            candidate.run(stop, lead),
        );
    }
}

/// Rounds at work when the token is cancelled are dropped.
async fn run_all(reconcilers: Vec<Arc<dyn Reconciler>>, stop: CancellationToken) {
    let mut running = JoinSet::new();
    for reconciler in reconcilers {
        running.spawn(run_reconciler(reconciler, stop.clone()));
    }
    while running.join_next().await.is_some() {}
}
