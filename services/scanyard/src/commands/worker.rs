//! `scanyard worker`: takes jobs of a cluster.

use super::roles;
use crate::cli::WorkerRoleArgs;
use crate::exit::Exit;
use crate::service::{BackendOptions, ServiceOptions, WorkerOptions, sealing_keys};

/// Works until a signal.
pub async fn run(args: WorkerRoleArgs) -> anyhow::Result<Exit> {
    let keys = sealing_keys(&args.sealing, None)?;
    let options = ServiceOptions {
        backend: BackendOptions::resolve_shared(&args.backend, "worker")?,
        gateway: None,
        worker: Some(WorkerOptions {
            concurrency: args.worker.concurrency.map(usize::from),
            look_for: args.worker.look_for(),
            registries: roles::registries(&args.registry, &args.registries, keys),
        }),
        scheduler: None,
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| roles::announce("worker", service)).await
}
