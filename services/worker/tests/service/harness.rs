//! A whole service in one test: its store and queue in a directory of its own, a registry of its
//! own, and as many workers as the test starts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scanyard_access::{RegistryAccess, RegistryRules};
use scanyard_assessment::Advisories;
use scanyard_oci::{CredentialFiles, RegistryOptions};
use scanyard_package::Limits;
use scanyard_protocol::Lane;
use scanyard_queue::{DeadLetter, DeadLetterFilter, EmbeddedQueue, Queue, Settings};
use scanyard_scheduler::{
    AdvisorySettings, BulkSettings, Scheduler, SchedulerContext, SchedulerSettings,
};
use scanyard_sqlite::Database;
use scanyard_store::{
    CreatedScan, NewScan, Scan, ScanId, ScanState, SqliteStore, Store, StoreSettings, TenantId,
};
use scanyard_testkit::{FakeRegistry, Image, Layer};
use scanyard_worker::{Backoff, LookFor, StageSlots, Worker, WorkerContext, WorkerSettings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than any step takes on a busy machine. Reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long leases and deliveries hold. Short where a worker dies, long where none may expire.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    pub lease: Duration,
    pub max_deliveries: u32,
    /// Longest time for one layer.
    pub layer_time: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(3600),
            max_deliveries: 3,
            layer_time: Duration::from_secs(3600),
        }
    }
}

impl Timing {
    /// What a dead worker held is free again soon.
    pub fn short() -> Self {
        Self {
            lease: Duration::from_millis(600),
            ..Self::default()
        }
    }
}

pub struct Service {
    pub registry: FakeRegistry,
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub advisories: Advisories,
    timing: Timing,
    directory: tempfile::TempDir,
    scheduler: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.scheduler.abort();
    }
}

/// A running worker. Dropping it kills it: what it held is neither finished nor given back.
pub struct RunningWorker {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RunningWorker {
    /// Stops it as SIGTERM does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let task = std::mem::replace(&mut self.task, tokio::spawn(async {}));
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
    }
}

impl Service {
    pub async fn start(timing: Timing) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&directory.path().join("scanyard.db"))
            .await
            .unwrap();
        let queue_settings = Settings {
            ack_wait: timing.lease,
            max_deliveries: timing.max_deliveries,
            ..Settings::default()
        };
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::new(database.clone(), StoreSettings::default()));
        let queue: Arc<dyn Queue> = Arc::new(EmbeddedQueue::new(database, queue_settings));
        let advisories = Advisories::default();
        let scheduler = Scheduler::new(SchedulerContext {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            registries: registries(&store),
            advisories: advisories.clone(),
            copies: None,
            holder: Uuid::now_v7(),
            settings: scheduler_settings(directory.path().join("advisories")),
        });
        Self {
            registry: FakeRegistry::start().await,
            store,
            queue,
            advisories,
            timing,
            directory,
            scheduler: tokio::spawn(async move { scheduler.run(CancellationToken::new()).await }),
        }
    }

    /// A directory for files of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn start_worker(&self) -> RunningWorker {
        let worker = Worker::new(WorkerContext {
            store: Arc::clone(&self.store),
            queue: Arc::clone(&self.queue),
            advisories: self.advisories.clone(),
            limits: Limits::default(),
            registries: registries(&self.store),
            look_for: LookFor::default(),
            settings: worker_settings(self.timing),
        });
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { worker.run(stopped).await });
        RunningWorker { task, stop }
    }

    /// Pushes an image and asks for its scan.
    pub async fn submit(&self, repository: &str, image: &Image) -> ScanId {
        self.registry.push(repository, "1", image);
        self.submit_reference(TenantId::DEFAULT, &self.registry.reference(repository, "1"))
            .await
    }

    pub async fn submit_reference(&self, tenant: TenantId, reference: &str) -> ScanId {
        let scan = NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant,
            reference: reference.to_owned(),
            platform: None,
            lane: Lane::Interactive,
            idempotency_key: None,
            traceparent: None,
        };
        let created = self.store.create_scan(&scan).await.unwrap();
        assert!(matches!(created, CreatedScan::New(_)));
        scan.id
    }

    pub async fn scan(&self, id: ScanId) -> Scan {
        self.store.scan_of_any_tenant(id).await.unwrap().unwrap()
    }

    /// The scan, once it has ended.
    pub async fn ended(&self, id: ScanId) -> Scan {
        until("the scan has ended", async || {
            let scan = self.scan(id).await;
            scan.state.is_final().then_some(scan)
        })
        .await
    }

    /// Fails unless the scan ends well.
    pub async fn done(&self, id: ScanId) -> Scan {
        let scan = self.ended(id).await;
        assert_eq!(scan.state, ScanState::Done, "{:?}", scan.failure);
        scan
    }

    /// The failure of a scan that does not end well.
    pub async fn failure_code(&self, id: ScanId) -> String {
        let scan = self.ended(id).await;
        assert_eq!(scan.state, ScanState::Failed);
        scan.failure.unwrap().code
    }

    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        let filter = DeadLetterFilter {
            stage: None,
            after: None,
            limit: 100,
        };
        self.queue.dead_letters(&filter).await.unwrap()
    }

    /// Waits until the layer was asked for so often.
    pub async fn blob_requested(&self, layer: &Layer, times: usize) {
        until("the blob was requested", async || {
            (self.registry.blob_requests(&layer.digest()) >= times).then_some(())
        })
        .await;
    }

    /// Waits until no message waits or is held.
    pub async fn queue_empty(&self) {
        until("the queue is empty", async || {
            let depths = self.queue.depths().await.unwrap();
            let busy = depths.iter().any(|d| d.waiting + d.in_flight > 0);
            (!busy).then_some(())
        })
        .await;
    }
}

/// Asks again and again until there is an answer. Fails loudly when there is none for very long.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn scheduler_settings(advisories: PathBuf) -> SchedulerSettings {
    let often = Duration::from_millis(50);
    SchedulerSettings {
        outbox: often,
        leases: often,
        advisories: often,
        rematch: often,
        depth: Duration::from_secs(5),
        advisory: Some(AdvisorySettings {
            path: advisories,
            update: None,
            changed: Arc::default(),
        }),
        bulk: BulkSettings {
            window: 50,
            feed: often,
            gather: Duration::ZERO,
            listing: often,
        },
        ..SchedulerSettings::default()
    }
}

fn registries(store: &Arc<dyn Store>) -> RegistryAccess {
    let options = RegistryOptions {
        credential_files: CredentialFiles::none(),
        retries: 0,
        ..RegistryOptions::default()
    };
    RegistryAccess::new(Arc::clone(store), None, RegistryRules::anything(), options)
}

fn worker_settings(timing: Timing) -> WorkerSettings {
    let slots = StageSlots {
        total: 4,
        reserved: 1,
    };
    WorkerSettings {
        image_slots: slots,
        layer_slots: slots,
        lease: timing.lease,
        heartbeat: (timing.lease / 6).min(Duration::from_millis(100)),
        fetch_wait: Duration::from_millis(50),
        retry: Backoff {
            first: Duration::from_millis(10),
            longest: Duration::from_millis(50),
        },
        store_patience: Duration::from_secs(5),
        drain: Duration::from_millis(100),
        layer_time: timing.layer_time,
        ..WorkerSettings::default()
    }
}

/// A layer of Alpine with these packages.
pub fn alpine_layer(packages: &[(&str, &str)]) -> Layer {
    let installed: String = packages
        .iter()
        .map(|(name, version)| format!("P:{name}\nV:{version}\nA:x86_64\no:{name}\n\n"))
        .collect();
    Layer::gzip(&[
        ("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"),
        ("lib/apk/db/installed", &installed),
    ])
}

/// A layer that is like no other.
pub fn own_layer(name: &str) -> Layer {
    Layer::gzip(&[("app/name", name)])
}
