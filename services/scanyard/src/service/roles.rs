//! What each role is made of.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use scanyard_access::RegistryRules;
use scanyard_assessment::Advisories;
use scanyard_egress::Egress;
use scanyard_gateway::{AuthMode, LoadedAdvisories, Parts};
use scanyard_package::Limits;
use scanyard_scheduler::{
    AdvisorySettings, DeliverySettings, GarbageSettings, SchedulerContext, SchedulerSettings,
    UpdateSettings, WalkSettings,
};
use scanyard_telemetry::Metrics;
use scanyard_worker::{LookFor, StageSlots, WorkerContext, WorkerSettings};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::backends::Backends;
use super::{NotificationOptions, RegistryRoleOptions};

/// What the gateway is told about the advisories.
type Described = watch::Receiver<Option<Arc<LoadedAdvisories>>>;

/// How to run a gateway.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the first API key is written, if there is none yet.
    pub first_key_file: Option<PathBuf>,
    /// Whether requests need an API key.
    pub auth: AuthMode,
    /// Whether images may be named by a path on the workers' machines.
    pub allow_local_sources: bool,
    /// Which registries may be asked.
    pub registry_rules: RegistryRules,
    /// How others are told of changes.
    pub notifications: NotificationOptions,
}

impl GatewayOptions {
    pub(super) fn parts(
        &self,
        backends: &Backends,
        advisories: Described,
        metrics: Metrics,
        stop: &CancellationToken,
    ) -> Parts {
        Parts {
            auth: self.auth,
            allow_local_sources: self.allow_local_sources,
            registry_rules: self.registry_rules.clone(),
            sealing: self.notifications.keys.clone(),
            egress: self.notifications.egress,
            ..operation_parts(backends, advisories, metrics, stop)
        }
    }
}

/// What answers for health and metrics in a process that need not be a gateway.
pub(super) fn operation_parts(
    backends: &Backends,
    advisories: Described,
    metrics: Metrics,
    stop: &CancellationToken,
) -> Parts {
    Parts {
        store: Arc::clone(&backends.store),
        queue: Arc::clone(&backends.queue),
        advisories,
        metrics,
        auth: AuthMode::Keys,
        allow_local_sources: false,
        registry_rules: RegistryRules::default(),
        sealing: None,
        egress: Egress::default(),
        settings: scanyard_gateway::Settings::default(),
        shutdown: stop.clone(),
    }
}

/// How to run a worker.
#[derive(Clone)]
pub struct WorkerOptions {
    /// Layers cataloged at once; the number of cores where unset.
    pub concurrency: Option<usize>,
    /// What is looked for beside packages.
    pub look_for: LookFor,
    /// How registries are reached.
    pub registries: RegistryRoleOptions,
}

impl WorkerOptions {
    pub(super) fn context(self, backends: &Backends, advisories: &Advisories) -> WorkerContext {
        WorkerContext {
            store: Arc::clone(&backends.store),
            queue: Arc::clone(&backends.queue),
            advisories: advisories.clone(),
            limits: Limits::default(),
            settings: worker_settings(self.concurrency),
            look_for: self.look_for,
            registries: self.registries.access(&backends.store),
        }
    }
}

fn worker_settings(concurrency: Option<usize>) -> WorkerSettings {
    let defaults = WorkerSettings::default();
    let Some(total) = concurrency else {
        return defaults;
    };
    WorkerSettings {
        layer_slots: StageSlots {
            total,
            reserved: total / 4,
        },
        ..defaults
    }
}

/// How to run a scheduler.
#[derive(Clone)]
pub struct SchedulerOptions {
    /// The advisory database: a file or a directory.
    pub database: PathBuf,
    /// Where to update it from, and how often.
    pub update: Option<UpdateSettings>,
    /// How registries are reached.
    pub registries: RegistryRoleOptions,
    /// What is kept for how long; without it nothing is removed.
    pub garbage: Option<GarbageSettings>,
    /// How known repositories are compared with their registries, if they are.
    pub walk: Option<WalkSettings>,
    /// How others are told of changes.
    pub notifications: NotificationOptions,
}

impl SchedulerOptions {
    pub(super) fn context(self, backends: &Backends, advisories: &Advisories) -> SchedulerContext {
        let advisory = AdvisorySettings {
            path: self.database,
            update: self.update,
            changed: Arc::new(Notify::new()),
        };
        SchedulerContext {
            store: Arc::clone(&backends.store),
            queue: Arc::clone(&backends.queue),
            registries: self.registries.access(&backends.store),
            advisories: advisories.clone(),
            copies: backends.copies.clone(),
            holder: backends.holder,
            settings: SchedulerSettings {
                advisory: Some(advisory),
                garbage: self.garbage,
                walk: self.walk,
                delivery: DeliverySettings {
                    keys: self.notifications.keys,
                    egress: self.notifications.egress,
                    links: self.notifications.links,
                    ..DeliverySettings::default()
                },
                ..SchedulerSettings::default()
            },
        }
    }
}
