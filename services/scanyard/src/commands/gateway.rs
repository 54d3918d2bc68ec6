//! `scanyard gateway`: the REST API of a cluster.

use super::roles;
use crate::cli::GatewayRoleArgs;
use crate::exit::Exit;
use crate::service::{
    BackendOptions, NotificationOptions, ServiceOptions, registry_rules, sealing_keys,
};

/// Serves until a signal.
pub async fn run(args: GatewayRoleArgs) -> anyhow::Result<Exit> {
    let keys = sealing_keys(&args.sealing, None)?;
    let notifications = NotificationOptions::resolve(&args.notifications, keys)?;
    let options = ServiceOptions {
        backend: BackendOptions::resolve_shared(&args.backend, "gateway")?,
        gateway: Some(roles::gateway(
            &args.gateway,
            args.first_key_file,
            registry_rules(&args.registries),
            notifications,
        )?),
        worker: None,
        scheduler: None,
        metrics_listen: args.telemetry.metrics_listen,
    };
    roles::run(options, |service| roles::announce("gateway", service)).await
}
