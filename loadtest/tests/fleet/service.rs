//! Workers and a scheduler on the embedded store and queue, as `scanyard serve` has them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scanyard_access::{RegistryAccess, RegistryRules};
use scanyard_assessment::Advisories;
use scanyard_oci::{CredentialFiles, RegistryOptions};
use scanyard_package::Limits;
use scanyard_protocol::Lane;
use scanyard_queue::{EmbeddedQueue, Queue, Settings};
use scanyard_scheduler::{Scheduler, SchedulerContext, SchedulerSettings};
use scanyard_sqlite::Database;
use scanyard_store::{NewScan, ScanId, ScanState, SqliteStore, Store, StoreSettings, TenantId};
use scanyard_worker::{LookFor, Worker, WorkerContext, WorkerSettings};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than any scan takes on a busy machine. Reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(300);
const OFTEN: Duration = Duration::from_millis(50);

pub struct Service {
    pub store: Arc<dyn Store>,
    _roles: JoinSet<()>,
    _directory: TempDir,
}

impl Service {
    pub async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("scanyard.db");
        let database = Database::open(&file).await.unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::new(database.clone(), StoreSettings::default()));
        let queue: Arc<dyn Queue> = Arc::new(EmbeddedQueue::new(database, Settings::default()));
        let advisories = Advisories::default();
        let registries = RegistryAccess::new(
            Arc::clone(&store),
            None,
            RegistryRules::anything(),
            RegistryOptions {
                credential_files: CredentialFiles::none(),
                ..RegistryOptions::default()
            },
        );
        let scheduler = Scheduler::new(SchedulerContext {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            registries: registries.clone(),
            advisories: advisories.clone(),
            copies: None,
            holder: Uuid::now_v7(),
            settings: SchedulerSettings {
                outbox: OFTEN,
                ..SchedulerSettings::default()
            },
        });
        let worker = Worker::new(WorkerContext {
            store: Arc::clone(&store),
            queue,
            advisories,
            limits: Limits::default(),
            registries,
            look_for: LookFor::default(),
            settings: WorkerSettings {
                fetch_wait: OFTEN,
                ..WorkerSettings::default()
            },
        });
        let mut roles = JoinSet::new();
        roles.spawn(async move { scheduler.run(CancellationToken::new()).await });
        roles.spawn(async move { worker.run(CancellationToken::new()).await });
        Self {
            store,
            _roles: roles,
            _directory: directory,
        }
    }

    /// Scans a reference.
    pub async fn submit(&self, reference: String) -> ScanId {
        let id = ScanId(Uuid::now_v7());
        let scan = NewScan {
            id,
            tenant: TenantId::DEFAULT,
            reference,
            platform: None,
            lane: Lane::Interactive,
            idempotency_key: None,
            traceparent: None,
        };
        self.store.create_scan(&scan).await.unwrap();
        id
    }

    /// Waits for the end of a scan, which must be a good one.
    pub async fn done(&self, id: ScanId) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let scan = self.store.scan_of_any_tenant(id).await.unwrap().unwrap();
            if scan.state.is_final() {
                assert_eq!(scan.state, ScanState::Done, "{:?}", scan.failure);
                return;
            }
            assert!(Instant::now() < deadline, "{} never ends", scan.reference);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
