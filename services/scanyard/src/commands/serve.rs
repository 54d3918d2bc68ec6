//! `scanyard serve`: the whole service in one process.

use std::path::Path;

use scanyard_gateway::AuthMode;

use super::roles;
use crate::cli::ServeArgs;
use crate::exit::Exit;
use crate::service::{
    BackendOptions, NotificationOptions, RegistryRoleOptions, Service, ServiceOptions,
    WorkerOptions, registry_rules, sealing_keys,
};

/// Serves until a signal.
pub async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    let backend = BackendOptions::resolve(&args.backend)?;
    let key_file = backend.data_dir().join("api-key");
    let sealing_key = match &backend {
        BackendOptions::Embedded { data_dir } => Some(data_dir.join("sealing-key")),
        BackendOptions::Cluster { .. } => None,
    };
    let mut gateway = roles::gateway(
        &args.gateway,
        Some(key_file.clone()),
        registry_rules(&args.registries),
        NotificationOptions::default(),
    )?;
    // May write a key, so whatever else is wrong with the options is said first.
    NotificationOptions::resolve(&args.notifications, None)?;
    let keys = sealing_keys(&args.sealing, sealing_key.as_deref())?;
    let notifications = NotificationOptions::resolve(&args.notifications, keys.clone())?;
    gateway.notifications = notifications.clone();
    let insecure = gateway.auth == AuthMode::Insecure;
    // One user's machine: what docker may pull, this process may.
    let registries = RegistryRoleOptions {
        keys,
        rules: registry_rules(&args.registries),
        options: roles::without_credentials(args.registry.options()),
    };
    let scheduler = roles::scheduler(args.scheduler, registries.clone(), notifications);
    let database = scheduler.database.clone();
    let options = ServiceOptions {
        backend,
        gateway: Some(gateway),
        worker: Some(WorkerOptions {
            concurrency: args.worker.concurrency.map(usize::from),
            look_for: args.worker.look_for(),
            registries,
        }),
        scheduler: Some(scheduler),
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| {
        let key = match insecure {
            true => "none is asked for".to_owned(),
            false => format!("in {}", key_file.display()),
        };
        greeting(service, &key, &database)
    })
    .await
}

fn greeting(service: &Service, key: &str, database: &Path) -> String {
    let server = match service.gateway_address {
        Some(address) => format!("http://{address}"),
        None => String::new(),
    };
    [
        format!("scanyard serves on {server}"),
        format!("  API documentation  {server}/docs"),
        format!("  first API key      {key}"),
        format!("  advisories         {}", database.display()),
        format!("  submit an image    scanyard submit alpine:3.18 --wait --server {server}"),
    ]
    .join("\n")
}
