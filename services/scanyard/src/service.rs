//! The embedded service: every role in one process, on one SQLite file.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scanyard_assessment::Advisories;
use scanyard_gateway::{AuthMode, Gateway, LoadedAdvisories, Parts};
use scanyard_oci::RegistryOptions;
use scanyard_package::Limits;
use scanyard_queue::{EmbeddedQueue, Queue, Settings as QueueSettings};
use scanyard_scheduler::{
    AdvisorySettings, Scheduler, SchedulerContext, SchedulerSettings, UpdateSettings,
};
use scanyard_store::{SqliteStore, Store};
use scanyard_telemetry::Metrics;
use scanyard_worker::{StageSlots, Worker, WorkerContext, WorkerSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;
use crate::first_key;

/// How to run the service.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Store, queue and first API key.
    pub data_dir: PathBuf,
    /// The advisory database: a file or a directory.
    pub database: PathBuf,
    /// Where to update it from, and how often.
    pub update: Option<(String, Duration)>,
    /// Layers cataloged at once; the number of cores where unset.
    pub concurrency: Option<usize>,
    /// Whether requests need an API key.
    pub auth: AuthMode,
    /// Whether images may be named by a path on this machine.
    pub allow_local_sources: bool,
    /// How to talk to registries.
    pub registry: RegistryOptions,
}

/// A running service.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// The file with the first API key, where this start or an earlier one wrote it.
    pub key_file: PathBuf,
    stop: CancellationToken,
    gateway: JoinHandle<Result<(), scanyard_gateway::ServeError>>,
    workers: JoinHandle<()>,
    scheduler: JoinHandle<()>,
    /// Held until the end, so that no second process works on the same directory.
    _lock: File,
}

impl Service {
    /// Starts every role. Cancelling the token stops them.
    pub async fn start(options: ServiceOptions, stop: CancellationToken) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.data_dir)
            .with_context(|| format!("cannot create {}", options.data_dir.display()))?;
        let lock = lock(&options.data_dir)?;
        let store = SqliteStore::open(&options.data_dir.join("scanyard.db"))
            .await
            .context("cannot open the store")?;
        let queue: Arc<dyn Queue> = Arc::new(EmbeddedQueue::new(store.database().clone(), QueueSettings::default()));
        let store: Arc<dyn Store> = Arc::new(store);
        let key_file = options.data_dir.join("api-key");
        first_key::ensure(store.as_ref(), &key_file).await?;
        let listener = TcpListener::bind(options.listen).await.map_err(|error| {
            Failure::new(
                format!("cannot listen on {}: {error}", options.listen),
                "choose another address with --listen",
            )
        })?;
        let address = listener.local_addr().context("cannot tell the address")?;
        let advisories = Advisories::default();
        let metrics = scanyard_telemetry::install_metrics().context("cannot set up metrics")?;
        let gateway = gateway(&options, &store, &queue, &advisories, metrics, &stop);
        let worker = Worker::new(WorkerContext {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            advisories: advisories.clone(),
            limits: Limits::default(),
            registry: options.registry.clone(),
            settings: worker_settings(options.concurrency),
        });
        let scheduler = Scheduler::new(SchedulerContext {
            store,
            queue,
            advisories,
            settings: scheduler_settings(&options),
        });
        let (for_worker, for_scheduler) = (stop.clone(), stop.clone());
        Ok(Self {
            address,
            key_file,
            gateway: tokio::spawn(scanyard_gateway::serve(listener, gateway)),
            workers: tokio::spawn(async move { worker.run(for_worker).await }),
            scheduler: tokio::spawn(async move { scheduler.run(for_scheduler).await }),
            stop,
            _lock: lock,
        })
    }

    /// Waits until every role has ended. One that ends by itself stops the others.
    pub async fn ended(self) -> anyhow::Result<()> {
        let served = self.gateway.await;
        self.stop.cancel();
        self.workers.await.context("the worker stopped")?;
        self.scheduler.await.context("the scheduler stopped")?;
        served.context("the gateway stopped")??;
        Ok(())
    }
}

fn lock(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            format!("another Scanyard runs on {}", data_dir.display()),
            "stop it, or choose another directory with --data-dir",
        )
        .into()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

fn gateway(
    options: &ServiceOptions,
    store: &Arc<dyn Store>,
    queue: &Arc<dyn Queue>,
    advisories: &Advisories,
    metrics: Metrics,
    stop: &CancellationToken,
) -> Gateway {
    Gateway::new(Parts {
        store: Arc::clone(store),
        queue: Arc::clone(queue),
        advisories: describe(advisories, stop.clone()),
        metrics,
        auth: options.auth,
        allow_local_sources: options.allow_local_sources,
        settings: scanyard_gateway::Settings::default(),
        shutdown: stop.clone(),
    })
}

/// What the gateway tells about the advisories, kept up to date: it never opens the database.
fn describe(
    advisories: &Advisories,
    stop: CancellationToken,
) -> watch::Receiver<Option<Arc<LoadedAdvisories>>> {
    let mut changes = advisories.subscribe();
    let (described, receiver) = watch::channel(None);
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            let current = changes.borrow_and_update().clone();
            let description = current.map(|active| {
                let info = active.database.info();
                Arc::new(LoadedAdvisories {
                    revision: info.revision,
                    date: info.date,
                    records: info.ecosystems.clone(),
                })
            });
            if described.send(description).is_err() || changes.changed().await.is_err() {
                return;
            }
        }
    }));
    receiver
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

fn scheduler_settings(options: &ServiceOptions) -> SchedulerSettings {
    let update = options
        .update
        .clone()
        .map(|(source, interval)| UpdateSettings { source, interval });
    SchedulerSettings {
        advisory: Some(AdvisorySettings {
            path: options.database.clone(),
            update,
        }),
        ..SchedulerSettings::default()
    }
}
