//! `scanyard serve`: the whole service in one process.

use scanyard_gateway::AuthMode;
use scanyard_oci::RegistryOptions;

use super::roles;
use crate::cli::ServeArgs;
use crate::exit::Exit;
use crate::service::{BackendOptions, ServiceOptions, WorkerOptions};

/// Serves until a signal.
pub async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    let backend = BackendOptions::resolve(&args.backend)?;
    let key_file = backend.data_dir().join("api-key");
    let gateway = roles::gateway(&args.gateway, Some(key_file.clone()))?;
    let insecure = gateway.auth == AuthMode::Insecure;
    // One user's machine: what docker may pull, this process may.
    let registry: RegistryOptions = args.registry.options();
    let scheduler = roles::scheduler(args.scheduler, registry.clone());
    let database = scheduler.database.clone();
    let options = ServiceOptions {
        backend,
        gateway: Some(gateway),
        worker: Some(WorkerOptions {
            concurrency: args.worker.concurrency.map(usize::from),
            registry,
        }),
        scheduler: Some(scheduler),
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| {
        let Some(address) = service.gateway_address else {
            return;
        };
        println!("scanyard serves on http://{address}");
        println!("  API documentation  http://{address}/docs");
        if insecure {
            println!("  API key            none is asked for");
        } else {
            println!("  first API key      in {}", key_file.display());
        }
        println!("  advisories         {}", database.display());
        println!(
            "  submit an image    scanyard submit alpine:3.18 --wait --server http://{address}"
        );
    })
    .await
}
