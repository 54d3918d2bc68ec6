//! Connections, and how an operation runs on one: bounded in time, tried again where another try
//! is known to help.

use std::marker::PhantomData;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::PostgresSettings;
use crate::StoreError;
use crate::error::Result;

/// Enough for every statement of the store.
const CACHED_STATEMENTS: usize = 256;
/// Transactions that lose a deadlock or a serialization conflict begin again; so often at most.
const MAX_TRIES: u32 = 5;
/// Before the second try; doubles.
const PAUSE: Duration = Duration::from_millis(5);
/// Connections that nobody used for this long are closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL plan_cache_mode = force_custom_plan";

/// Says that what an operation borrows outlives its use of the connection.
pub(super) type Scope<'c, 'a> = PhantomData<&'c &'a ()>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Statements,
    Transaction,
    Snapshot,
}

/// A pool and the bounds on its use. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pool: PgPool,
    operation_timeout: Duration,
}

impl Session {
    /// Connects when the first operation does.
    pub(super) fn new(options: PgConnectOptions, settings: &PostgresSettings) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(with_settings(options, settings));
        Self {
            pool,
            operation_timeout: settings.operation_timeout,
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs statements that need no transaction: one that writes, or any that read.
    pub(super) async fn run<'a, T, F>(&self, operation: F) -> Result<T>
    where
        F: for<'c> Fn(&'c mut PgConnection, Scope<'c, 'a>) -> BoxFuture<'c, Result<T>>,
    {
        self.retry(Mode::Statements, operation).await
    }

    /// Runs statements in one transaction, at the isolation level read committed.
    pub(super) async fn transaction<'a, T, F>(&self, operation: F) -> Result<T>
    where
        F: for<'c> Fn(&'c mut PgConnection, Scope<'c, 'a>) -> BoxFuture<'c, Result<T>>,
    {
        self.retry(Mode::Transaction, operation).await
    }

    /// Runs statements that read, and all see the same state. Each is planned for the lists that it is
    /// given: what is best for ten package sets is not for ten thousand.
    pub(super) async fn snapshot<'a, T, F>(&self, operation: F) -> Result<T>
    where
        F: for<'c> Fn(&'c mut PgConnection, Scope<'c, 'a>) -> BoxFuture<'c, Result<T>>,
    {
        self.retry(Mode::Snapshot, operation).await
    }

    async fn retry<'a, T, F>(&self, mode: Mode, operation: F) -> Result<T>
    where
        F: for<'c> Fn(&'c mut PgConnection, Scope<'c, 'a>) -> BoxFuture<'c, Result<T>>,
    {
        let mut pause = PAUSE;
        for _ in 1..MAX_TRIES {
            match self.bounded(mode, &operation).await {
                Err(error) if lost_to_another(&error) => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        self.bounded(mode, &operation).await
    }

    /// A connection whose operation did not end in time is closed: nobody knows what comes from it
    /// next, and waiting for it would hold its place in the pool.
    async fn bounded<'a, T, F>(&self, mode: Mode, operation: &F) -> Result<T>
    where
        F: for<'c> Fn(&'c mut PgConnection, Scope<'c, 'a>) -> BoxFuture<'c, Result<T>>,
    {
        let mut connection = self.pool.acquire().await?;
        let work = async {
            if mode == Mode::Statements {
                return operation(&mut connection, PhantomData).await;
            }
            let mut transaction = connection.begin().await?;
            if mode == Mode::Snapshot {
                sqlx::raw_sql(SNAPSHOT).execute(&mut *transaction).await?;
            }
            let outcome = operation(&mut transaction, PhantomData).await?;
            transaction.commit().await?;
            Ok(outcome)
        };
        match tokio::time::timeout(self.operation_timeout, work).await {
            Ok(outcome) => outcome,
            Err(elapsed) => {
                drop(connection.detach());
                Err(StoreError::Unavailable(Box::new(elapsed)))
            }
        }
    }
}

pub(super) fn with_settings(
    options: PgConnectOptions,
    settings: &PostgresSettings,
) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().to_string();
    options
        .application_name("scanyard")
        .statement_cache_capacity(CACHED_STATEMENTS)
        .options([
            ("statement_timeout", millis(settings.statement_timeout)),
            ("lock_timeout", millis(settings.lock_timeout)),
            // Every question here is answered from indexes: reading at random costs little more than
            // in order on disks of today, and compiling a plan costs more than running it.
            ("random_page_cost", "1.1".to_owned()),
            ("jit", "off".to_owned()),
            (
                "idle_in_transaction_session_timeout",
                millis(settings.idle_in_transaction_timeout),
            ),
        ])
        .disable_statement_logging()
}

/// Serialization failure or deadlock: the transaction is rolled back and the winner is through.
fn lost_to_another(error: &StoreError) -> bool {
    let StoreError::Unavailable(cause) = error else {
        return false;
    };
    let code = cause
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
