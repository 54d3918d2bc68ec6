//! `scanyard worker`: takes jobs of a cluster.

use super::roles;
use crate::cli::WorkerRoleArgs;
use crate::exit::Exit;
use crate::service::{BackendOptions, ServiceOptions, WorkerOptions};

/// Works until a signal.
pub async fn run(args: WorkerRoleArgs) -> anyhow::Result<Exit> {
    let options = ServiceOptions {
        backend: BackendOptions::resolve_shared(&args.backend, "worker")?,
        gateway: None,
        worker: Some(WorkerOptions {
            concurrency: args.worker.concurrency.map(usize::from),
            look_for: args.worker.look_for(),
            registry: roles::registry(&args.registry),
        }),
        scheduler: None,
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| roles::announce("worker", service)).await
}
