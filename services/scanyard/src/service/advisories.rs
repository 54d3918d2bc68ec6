//! The advisories of a process.

use std::sync::Arc;
use std::time::Duration;

use scanyard_advisory::Database;
use scanyard_assessment::Advisories;
use scanyard_gateway::{ExploitPredictions, LoadedAdvisories};
use scanyard_scheduler::{AdvisoryFollow, run_reconciler};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::backends::Backends;
use crate::database;

/// How often the store is asked which revision is in use, where no news comes from the archive.
const INTERVAL: Duration = Duration::from_secs(5);

/// Keeps the handle at the revision in use, where the database comes from an archive.
pub fn follow(backends: &Backends, advisories: &Advisories, stop: CancellationToken) {
    let Some(copies) = &backends.copies else {
        return;
    };
    let follower = AdvisoryFollow {
        store: Arc::clone(&backends.store),
        copies: Arc::clone(copies),
        advisories: advisories.clone(),
        interval: INTERVAL,
    };
    tokio::spawn(run_reconciler(Arc::new(follower), stop));
}

fn predictions(database: Database) -> ExploitPredictions {
    ExploitPredictions::new(move |cve| database::predicted(&database, cve))
}

/// What the gateway tells about the advisories, kept up to date: it never opens the database.
pub fn describe(
    advisories: &Advisories,
    stop: CancellationToken,
) -> watch::Receiver<Option<Arc<LoadedAdvisories>>> {
    let mut changes = advisories.subscribe();
    let (described, receiver) = watch::channel(None);
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            let current = changes.borrow_and_update().clone();
            let description = current.map(|active| {
                let info = active.database.info();
                Arc::new(LoadedAdvisories {
                    revision: info.revision,
                    date: info.date,
                    records: info.ecosystems.clone(),
                    predictions: predictions(active.database.clone()),
                })
            });
            if described.send(description).is_err() || changes.changed().await.is_err() {
                return;
            }
        }
    }));
    receiver
}
