//! A long-running process: one role or several, wired to the state that they share.

mod advisories;
mod backend_options;
mod backends;
mod listeners;
mod notifications;
mod registries;
mod roles;
mod sealing;

use std::net::SocketAddr;

use anyhow::Context;
use scanyard_assessment::Advisories;
use scanyard_gateway::ServeError;
use scanyard_scheduler::Scheduler;
use scanyard_telemetry::Metrics;
use scanyard_worker::Worker;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use backend_options::BackendOptions;
pub use backends::open_existing_store;
pub use notifications::NotificationOptions;
pub use registries::{RegistryRoleOptions, registry_rules};
pub use roles::{GatewayOptions, SchedulerOptions, WorkerOptions};
pub use sealing::sealing_keys;

use crate::first_key;
use backends::Backends;
use listeners::bind;

/// What a process does.
#[derive(Clone)]
pub struct ServiceOptions {
    /// Where the state is.
    pub backend: BackendOptions,
    /// The gateway, where the process is one.
    pub gateway: Option<GatewayOptions>,
    /// The worker, where the process is one.
    pub worker: Option<WorkerOptions>,
    /// The scheduler, where the process is one.
    pub scheduler: Option<SchedulerOptions>,
    /// Where health and metrics are answered, beside the gateway.
    pub metrics_listen: Option<SocketAddr>,
}

/// A running process.
pub struct Service {
    /// Where the gateway listens.
    pub gateway_address: Option<SocketAddr>,
    /// Where health and metrics are answered, beside the gateway.
    pub metrics_address: Option<SocketAddr>,
    stop: CancellationToken,
    servers: Vec<JoinHandle<Result<(), ServeError>>>,
    roles: Vec<JoinHandle<()>>,
    backends: Backends,
}

impl Service {
    /// Starts the roles; `None` when it was stopped before it had begun. Cancelling the token stops
    /// them.
    pub async fn start(
        options: ServiceOptions,
        stop: CancellationToken,
    ) -> anyhow::Result<Option<Self>> {
        let Some(backends) = Backends::open(&options.backend, &stop).await? else {
            return Ok(None);
        };
        let mut service = Self {
            gateway_address: None,
            metrics_address: None,
            stop,
            servers: Vec::new(),
            roles: Vec::new(),
            backends,
        };
        service.start_roles(options).await?;
        Ok(Some(service))
    }

    async fn start_roles(&mut self, options: ServiceOptions) -> anyhow::Result<()> {
        let advisories = Advisories::default();
        let metrics = scanyard_telemetry::install_metrics().context("cannot set up metrics")?;
        self.start_servers(&options, &advisories, metrics).await?;
        let (backends, stop) = (&self.backends, &self.stop);
        advisories::follow(backends, &advisories, stop.clone());
        if let Some(worker) = options.worker {
            let worker = Worker::new(worker.context(backends, &advisories));
            let stop = stop.clone();
            self.roles
                .push(tokio::spawn(async move { worker.run(stop).await }));
        }
        if let Some(scheduler) = options.scheduler {
            let scheduler = Scheduler::new(scheduler.context(backends, &advisories));
            let stop = stop.clone();
            self.roles
                .push(tokio::spawn(async move { scheduler.run(stop).await }));
        }
        Ok(())
    }

    async fn start_servers(
        &mut self,
        options: &ServiceOptions,
        advisories: &Advisories,
        metrics: Metrics,
    ) -> anyhow::Result<()> {
        let described = advisories::describe(advisories, self.stop.clone());
        tokio::spawn(metrics.clone().keep_up(self.stop.clone()));
        if let Some(gateway) = &options.gateway {
            if let Some(file) = &gateway.first_key_file {
                first_key::ensure(self.backends.store.as_ref(), file).await?;
            }
            let listener = bind(gateway.listen, "--listen").await?;
            self.gateway_address = Some(listener.local_addr().context("cannot tell the address")?);
            let parts = gateway.parts(
                &self.backends,
                described.clone(),
                metrics.clone(),
                &self.stop,
            );
            let serving = scanyard_gateway::serve(listener, scanyard_gateway::Gateway::new(parts));
            self.servers.push(tokio::spawn(serving));
        }
        if let Some(address) = options.metrics_listen {
            let listener = bind(address, "--metrics-listen").await?;
            self.metrics_address = Some(listener.local_addr().context("cannot tell the address")?);
            let parts = roles::operation_parts(&self.backends, described, metrics, &self.stop);
            let serving =
                scanyard_gateway::serve_operation(listener, scanyard_gateway::Gateway::new(parts));
            self.servers.push(tokio::spawn(serving));
        }
        Ok(())
    }

    /// Waits until every role has ended. A server that ends by itself stops the others.
    pub async fn ended(self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for server in self.servers {
            let served = server.await;
            self.stop.cancel();
            if outcome.is_ok() {
                outcome = served
                    .context("a server stopped")
                    .and_then(|served| Ok(served?));
            }
        }
        for role in self.roles {
            role.await.context("a role stopped")?;
        }
        outcome
    }
}
