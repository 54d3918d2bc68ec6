//! The routes: one file for each group, and the two lists below.

mod advisories;
mod bulk;
mod bulk_events;
mod dead_letters;
mod deliveries;
mod docs;
mod events;
mod fleet;
pub mod harbor;
mod health;
mod history;
mod hook_deliveries;
mod hooks;
mod images;
mod keys;
mod lineage;
mod metrics;
mod packages;
mod registries;
mod reports;
mod repositories;
mod rescans;
mod sboms;
mod scan_events;
mod scans;
mod subscriptions;
mod vulnerabilities;

use utoipa_axum::router::OpenApiRouter;

pub use bulk::key_reused;
pub use hook_deliveries::find_kind;

use crate::state::Gateway;

/// Routes behind a key.
pub fn behind_a_key() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .merge(scans::routes())
        .merge(scan_events::routes())
        .merge(sboms::routes())
        .merge(bulk::routes())
        .merge(bulk_events::routes())
        .merge(images::routes())
        .merge(reports::routes())
        .merge(repositories::routes())
        .merge(rescans::routes())
        .merge(history::routes())
        .merge(vulnerabilities::routes())
        .merge(events::routes())
        .merge(packages::routes())
        .merge(fleet::routes())
        .merge(lineage::routes())
        .merge(subscriptions::routes())
        .merge(deliveries::routes())
        .merge(advisories::routes())
        .merge(dead_letters::routes())
        .merge(keys::routes())
        .merge(hooks::routes())
        .merge(registries::routes())
}

/// Routes whose requests prove by themselves who sends them.
pub fn self_authenticating() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().merge(hook_deliveries::routes())
}

/// Routes that tell nothing about any tenant.
pub fn open() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(docs::routes())
}

/// Routes that tell how a process does, whatever its role.
pub fn operation() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
}
