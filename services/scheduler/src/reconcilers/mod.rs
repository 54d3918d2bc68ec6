//! The reconcilers: one file each, and two lists.

mod advisory_follow;
mod advisory_publish;
mod advisory_reload;
mod advisory_update;
mod bulk_depth;
mod bulk_feed;
mod bulk_listing;
mod deliveries;
mod garbage;
mod leases;
mod notices;
mod outbox;
mod predictions;
mod queue_depth;
mod registry_walk;
mod rematch;
mod scan_credentials;

use std::sync::Arc;

use scanyard_store::Store;
use tokio::sync::{Mutex, Notify};

pub use advisory_follow::AdvisoryFollow;

use crate::{AdvisorySettings, DeliverySettings, Reconciler, SchedulerContext};

/// Those that change what everybody shares. Only the leader runs them: several would be as right,
/// and do the same work several times.
///
/// The outbox is among them, so that messages leave in the order in which they were written and
/// nobody publishes what another does; a leader that dies delays them by its lease.
pub fn leading(context: &SchedulerContext) -> Vec<Arc<dyn Reconciler>> {
    let SchedulerContext {
        store,
        queue,
        advisories,
        settings,
        ..
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
        Arc::new(scan_credentials::ScanCredentialSweep {
            store: Arc::clone(store),
            interval: settings.leases,
        }),
        Arc::new(bulk_feed::BulkFeed {
            store: Arc::clone(store),
            window: settings.bulk.window,
            interval: settings.bulk.feed,
            gather: settings.bulk.gather,
        }),
        Arc::new(bulk_listing::BulkListing {
            store: Arc::clone(store),
            registries: context.registries.clone(),
            interval: settings.bulk.listing,
        }),
        Arc::new(predictions::Predictions::new(
            Arc::clone(store),
            advisories.clone(),
            settings.predictions,
        )),
        Arc::new(rematch::Rematch::new(
            Arc::clone(store),
            advisories.clone(),
            settings.rematch,
            settings
                .advisory
                .as_ref()
                .and_then(AdvisorySettings::directory),
        )),
    ];
    if let Some(garbage) = &settings.garbage {
        list.push(Arc::new(garbage::GarbageCollection::new(
            Arc::clone(store),
            garbage.clone(),
        )));
    }
    if let Some(walk) = &settings.walk {
        list.push(Arc::new(registry_walk::RegistryWalk::new(
            Arc::clone(store),
            context.registries.clone(),
            walk.clone(),
        )));
    }
    list.extend(telling(store, &settings.delivery));
    if let Some(advisory) = &settings.advisory
        && let Some(copies) = &context.copies
    {
        list.push(Arc::new(advisory_publish::AdvisoryPublish {
            store: Arc::clone(store),
            copies: Arc::clone(copies),
            path: advisory.path.clone(),
            interval: settings.advisories,
            updated: Arc::clone(&advisory.changed),
            put: Mutex::default(),
        }));
    }
    if let Some(advisory) = &settings.advisory
        && let Some(update) = &advisory.update
    {
        list.push(Arc::new(advisory_update::AdvisoryUpdate {
            directory: advisory.path.clone(),
            settings: update.clone(),
            interval: settings.advisories,
            updated: Arc::clone(&advisory.changed),
        }));
    }
    list
}

/// Those that tell subscriptions of changes.
pub fn telling(store: &Arc<dyn Store>, settings: &DeliverySettings) -> [Arc<dyn Reconciler>; 2] {
    let made = Arc::new(Notify::new());
    [
        Arc::new(notices::NoticeMaker {
            store: Arc::clone(store),
            interval: settings.interval,
            keep: settings.keep,
            made: Arc::clone(&made),
        }),
        Arc::new(deliveries::DeliverySender::new(
            Arc::clone(store),
            settings.clone(),
            made,
        )),
    ]
}

/// Those that keep something of this process, whoever leads.
pub fn standing(context: &SchedulerContext) -> Vec<Arc<dyn Reconciler>> {
    let SchedulerContext {
        store,
        queue,
        advisories,
        settings,
        ..
    } = context;
    let mut list: Vec<Arc<dyn Reconciler>> = vec![
        Arc::new(queue_depth::QueueDepth {
            queue: Arc::clone(queue),
            advisories: advisories.clone(),
            interval: settings.depth,
        }),
        Arc::new(bulk_depth::BulkDepth {
            store: Arc::clone(store),
            interval: settings.depth,
        }),
    ];
    if let Some(advisory) = &settings.advisory
        && context.copies.is_none()
    {
        list.push(Arc::new(advisory_reload::AdvisoryReload {
            store: Arc::clone(store),
            advisories: advisories.clone(),
            path: advisory.path.clone(),
            interval: settings.advisories,
            updated: Arc::clone(&advisory.changed),
        }));
    }
    list
}
