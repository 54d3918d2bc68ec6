//! Opens the state that the roles share. Behind it no role can tell one machine from a cluster.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scanyard_queue::{
    ConnectError, EmbeddedQueue, JetStreamQueue, JetStreamSettings, Queue, Settings,
};
use scanyard_scheduler::AdvisoryCopies;
use scanyard_store::{
    PostgresSettings, PostgresStore, SqliteStore, Store, StoreError, StoreSettings,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::BackendOptions;
use crate::cli::BackendArgs;
use crate::exit::Failure;

/// How long servers that do not answer are waited for at the start: whoever starts everything
/// together should not have to care about the order.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// The state.
pub struct Backends {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    /// Where the advisory database comes from, unless it is read in its place.
    pub copies: Option<Arc<AdvisoryCopies>>,
    /// Names this process's life in elections.
    pub holder: Uuid,
    /// Held until the end, so that no second process works on the same directory.
    _lock: Option<File>,
}

impl Backends {
    /// Opens store and queue; `None` when it was stopped before they answered.
    pub async fn open(
        options: &BackendOptions,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Self>> {
        let data_dir = options.data_dir();
        std::fs::create_dir_all(data_dir)
            .with_context(|| format!("cannot create {}", data_dir.display()))?;
        match options {
            BackendOptions::Embedded { data_dir } => Self::open_embedded(data_dir).await.map(Some),
            BackendOptions::Cluster {
                database_url,
                nats,
                data_dir,
            } => {
                // Boxed: connecting takes much room, and is awaited through several callers.
                let opening = Box::pin(Self::open_cluster(database_url, nats, data_dir));
                stop.run_until_cancelled(opening).await.transpose()
            }
        }
    }

    async fn open_embedded(data_dir: &Path) -> anyhow::Result<Self> {
        let lock = lock(data_dir)?;
        let store = open_sqlite(data_dir).await?;
        Ok(Self {
            queue: Arc::new(EmbeddedQueue::new(
                store.database().clone(),
                Settings::default(),
            )),
            store: Arc::new(store),
            copies: None,
            // The lock leaves no rival, so a restart need not wait for the lease of its last life.
            holder: Uuid::nil(),
            _lock: Some(lock),
        })
    }

    async fn open_cluster(
        database_url: &str,
        nats: &JetStreamSettings,
        data_dir: &Path,
    ) -> anyhow::Result<Self> {
        let (store, queue) = tokio::try_join!(open_postgres(database_url), open_nats(nats))?;
        let archive = queue.advisory_archive().await?;
        let copies = AdvisoryCopies::new(Arc::new(archive), data_dir.join("advisories"));
        Ok(Self {
            copies: Some(Arc::new(copies)),
            store: Arc::new(store),
            queue: Arc::new(queue),
            holder: Uuid::now_v7(),
            _lock: None,
        })
    }
}

/// The store alone, for commands of operators; an embedded service may run beside.
pub async fn open_existing_store(args: &BackendArgs) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match BackendOptions::resolve(args)? {
        BackendOptions::Embedded { data_dir } if !data_dir.is_dir() => {
            return Err(Failure::new(
                format!("there is no service in {}", data_dir.display()),
                "name its directory with --data-dir, or its database with --database-url and --nats-url",
            )
            .into());
        }
        BackendOptions::Embedded { data_dir } => Arc::new(open_sqlite(&data_dir).await?),
        BackendOptions::Cluster { database_url, .. } => {
            Arc::new(open_postgres(&database_url).await?)
        }
    })
}

async fn open_sqlite(data_dir: &Path) -> anyhow::Result<SqliteStore> {
    let opened = SqliteStore::open(&data_dir.join("scanyard.db")).await;
    opened.context("cannot open the store")
}

async fn open_postgres(url: &str) -> anyhow::Result<PostgresStore> {
    let open = || PostgresStore::open(url, PostgresSettings::default(), StoreSettings::default());
    let opened = patiently("the database", open, StoreError::is_retryable).await;
    opened.map_err(|error| {
        let remedy = "check --database-url, and that PostgreSQL 15 or newer runs there";
        Failure::of(&error, remedy).into()
    })
}

async fn open_nats(settings: &JetStreamSettings) -> anyhow::Result<JetStreamQueue> {
    let open = || JetStreamQueue::connect(settings.clone(), Settings::default());
    let opened = patiently("NATS", open, ConnectError::is_retryable).await;
    opened.map_err(|error| {
        let remedy = "check --nats-url and its credentials, and that nats-server runs there with JetStream (-js)";
        Failure::of(&error, remedy).into()
    })
}

/// Tries until it works, the error is one that stays, or patience ends.
async fn patiently<T, E, F>(
    what: &str,
    mut open: impl FnMut() -> F,
    is_retryable: impl Fn(&E) -> bool,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: std::error::Error,
{
    let deadline = Instant::now() + PATIENCE;
    let mut is_told = false;
    loop {
        match open().await {
            Err(error) if is_retryable(&error) && Instant::now() + PAUSE < deadline => {
                if !is_told {
                    let cause = error.source().map(ToString::to_string);
                    tracing::warn!(%error, cause, "waits for {what}");
                }
                is_told = true;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
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
