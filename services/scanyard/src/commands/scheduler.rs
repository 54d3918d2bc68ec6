//! `scanyard scheduler`: leads a cluster, or stands by.

use super::roles;
use crate::cli::SchedulerRoleArgs;
use crate::exit::Exit;
use crate::service::{BackendOptions, NotificationOptions, ServiceOptions, sealing_keys};

/// Runs until a signal.
pub async fn run(args: SchedulerRoleArgs) -> anyhow::Result<Exit> {
    let keys = sealing_keys(&args.sealing, None)?;
    let notifications = NotificationOptions::resolve(&args.notifications, keys.clone())?;
    let options = ServiceOptions {
        backend: BackendOptions::resolve_shared(&args.backend, "scheduler")?,
        gateway: None,
        worker: None,
        scheduler: Some(roles::scheduler(
            args.scheduler,
            roles::registries(&args.registry, &args.registries, keys),
            notifications,
        )),
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| roles::announce("scheduler", service)).await
}
