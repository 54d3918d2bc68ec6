//! A fleet brought up to a revision, as the scheduler does it.

use std::sync::Arc;

use scanyard_advisory::Database;
use scanyard_assessment::{ActiveAdvisories, Before, Rescan, Step};
use scanyard_store::{Completed, Store};

/// Summaries made at once.
const SUMMARIES: u32 = 500;

/// What bringing the fleet up took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processed {
    /// Packages that were matched.
    pub packages: usize,
    /// What that changed.
    pub completed: Completed,
}

/// Puts a database to use.
///
/// # Errors
///
/// When the store does not do it.
pub async fn activate(
    store: &dyn Store,
    database: Database,
) -> anyhow::Result<Arc<ActiveAdvisories>> {
    let info = database.info();
    let revision = store.activate_revision(info.revision, info.date).await?;
    Ok(Arc::new(ActiveAdvisories { database, revision }))
}

/// Brings the fleet up to a revision from that of `before`.
///
/// # Errors
///
/// When the store does not do it.
pub async fn process(
    store: &dyn Store,
    active: Arc<ActiveAdvisories>,
    before: Before,
) -> anyhow::Result<Processed> {
    let sequence = active.revision.sequence;
    let mut rescan = Rescan::plan(store, active, before).await?;
    let completed = loop {
        if let Step::Done(completed) = rescan.step(store).await? {
            break completed;
        }
    };
    while store.refresh_summaries(None, sequence, SUMMARIES).await? > 0 {}
    let (packages, _) = rescan.progress();
    Ok(Processed {
        packages,
        completed,
    })
}
