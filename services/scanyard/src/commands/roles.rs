//! What the commands that run roles have in common.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scanyard_access::RegistryRules;
use scanyard_gateway::AuthMode;
use scanyard_inventory::CatalogerSet;
use scanyard_oci::{CredentialFiles, RegistryOptions};
use scanyard_scheduler::{GarbageSettings, UpdateSettings, WalkSettings};
use scanyard_sealing::SealingKeys;
use scanyard_store::Retention;
use tokio_util::sync::CancellationToken;

use crate::cli::{
    GatewayArgs, RegistryRulesArgs, RetentionArgs, RoleRegistryArgs, SchedulerArgs, WalkArgs,
};
use crate::commands::db::update_options;
use crate::exit::{Exit, Usage};
use crate::service::{
    GatewayOptions, NotificationOptions, RegistryRoleOptions, SchedulerOptions, Service,
    ServiceOptions, registry_rules,
};
use crate::{database, signals};

/// Runs until a signal. `announce` words what is running, and where, for standard output.
pub async fn run(
    options: ServiceOptions,
    announce: impl FnOnce(&Service) -> String,
) -> anyhow::Result<Exit> {
    let stop = CancellationToken::new();
    signals::cancel_on_signal(&stop)?;
    let Some(service) = Service::start(options, stop).await? else {
        return Ok(Exit::Done);
    };
    // Who has closed standard output does not want to know.
    let _ = writeln!(io::stdout(), "{}", announce(&service));
    service.ended().await?;
    Ok(Exit::Done)
}

/// Says that a role runs.
pub fn announce(role: &str, service: &Service) -> String {
    let mut text = match service.gateway_address {
        Some(address) => format!("scanyard {role} serves on http://{address}"),
        None => format!("scanyard {role} runs"),
    };
    if let Some(address) = service.metrics_address {
        text.push_str(&format!("\n  health and metrics  http://{address}"));
    }
    text
}

/// The gateway as the options want it.
pub fn gateway(
    args: &GatewayArgs,
    first_key_file: Option<PathBuf>,
    registry_rules: RegistryRules,
    notifications: NotificationOptions,
) -> Result<GatewayOptions, Usage> {
    if args.insecure_no_auth && !args.listen.ip().is_loopback() {
        return Err(Usage(format!(
            "--insecure-no-auth is for loopback addresses, and {} is none",
            args.listen
        )));
    }
    Ok(GatewayOptions {
        listen: args.listen,
        first_key_file,
        auth: match args.insecure_no_auth {
            true => AuthMode::Insecure,
            false => AuthMode::Keys,
        },
        allow_local_sources: args.allow_local_sources,
        registry_rules,
        notifications,
    })
}

/// The scheduler as the options want it.
pub fn scheduler(
    args: SchedulerArgs,
    registries: RegistryRoleOptions,
    notifications: NotificationOptions,
) -> SchedulerOptions {
    let (source, options) = update_options(args.advisory_source, args.advisory_mirror);
    let interval = Duration::from_secs(u64::from(args.update_interval) * 3600);
    SchedulerOptions {
        garbage: Some(GarbageSettings::hourly(retention(&args.retention))),
        walk: walk(&args.walk),
        database: database::location(args.db.as_deref()),
        update: args.update_advisories.then_some(UpdateSettings {
            source,
            options,
            interval,
        }),
        registries,
        notifications,
    }
}

/// What is kept.
pub fn retention(args: &RetentionArgs) -> Retention {
    let sets = CatalogerSet::ALL.map(|set| set.name().to_owned());
    Retention {
        scans: args.keep_scans.0,
        untagged_images: args.keep_untagged_images.0,
        gone_images: args.keep_gone_images.0,
        history: args.keep_history.0,
        outdated_inventories: args.keep_outdated_inventories.0,
        ..Retention::new(sets.into())
    }
}

/// How registries are walked, if they are.
fn walk(args: &WalkArgs) -> Option<WalkSettings> {
    let hours = args.walk_registries?;
    Some(WalkSettings {
        every: Duration::from_secs(u64::from(hours) * 3600),
        requests: args.walk_requests,
        ..WalkSettings::default()
    })
}

/// Registries as a role reaches them.
pub fn registries(
    args: &RoleRegistryArgs,
    rules: &RegistryRulesArgs,
    keys: Option<Arc<SealingKeys>>,
) -> RegistryRoleOptions {
    let options = args.registry.options();
    let credential_files = match args.use_docker_credentials {
        true => options.credential_files.clone(),
        false => CredentialFiles::none(),
    };
    RegistryRoleOptions {
        keys,
        rules: registry_rules(rules),
        options: RegistryOptions {
            credential_files,
            ..without_credentials(options)
        },
    }
}

/// Without the credentials of the environment: they are for whatever registry is asked, and a service
/// is told by others which. Those in files are each for one registry.
pub fn without_credentials(options: RegistryOptions) -> RegistryOptions {
    if options.credentials.is_some() {
        anstream::eprintln!(
            "warning: a service shows no registry the user and password of its environment; \
             tell it whose they are with `scanyard registry add`"
        );
    }
    RegistryOptions {
        credentials: None,
        ..options
    }
}
