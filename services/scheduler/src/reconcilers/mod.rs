//! The reconcilers: one file each, and one list.

mod advisory_reload;
mod advisory_update;
mod leases;
mod outbox;
mod queue_depth;
mod rematch;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{Reconciler, SchedulerContext};

/// Every reconciler that the settings ask for.
pub fn all(context: &SchedulerContext) -> Vec<Arc<dyn Reconciler>> {
    let SchedulerContext {
        store,
        queue,
        advisories,
        settings,
    } = context;
    let mut list: Vec<Arc<dyn Reconciler>> = vec![
        Arc::new(outbox::OutboxRelay {
            store: Arc::clone(store),
            queue: Arc::clone(queue),
            interval: settings.outbox,
        }),
        Arc::new(leases::LeaseReaper {
            store: Arc::clone(store),
            interval: settings.leases,
        }),
        Arc::new(rematch::Rematch::new(
            Arc::clone(store),
            advisories.clone(),
            settings.rematch,
        )),
        Arc::new(queue_depth::QueueDepth {
            queue: Arc::clone(queue),
            advisories: advisories.clone(),
            interval: settings.queue_depth,
        }),
    ];
    let Some(advisory) = &settings.advisory else {
        return list;
    };
    let updated = Arc::new(Notify::new());
    list.push(Arc::new(advisory_reload::AdvisoryReload {
        store: Arc::clone(store),
        advisories: advisories.clone(),
        path: advisory.path.clone(),
        interval: settings.advisories,
        updated: Arc::clone(&updated),
    }));
    if let Some(update) = &advisory.update {
        list.push(Arc::new(advisory_update::AdvisoryUpdate {
            directory: advisory.path.clone(),
            settings: update.clone(),
            interval: settings.advisories,
            updated,
        }));
    }
    list
}
