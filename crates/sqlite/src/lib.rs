//! The one SQLite file of an installation without servers, shared by the embedded store and the
//! embedded queue: its migrations, one writer and a pool of readers.
//!
//! SQLite allows one writer at a time, so there is one, and it makes a virtue of it: operations that
//! arrive while a transaction is being written to disk share the next one, so that a thousand
//! callers cost as many syncs as one. An operation is answered after its transaction is committed
//! with `synchronous=FULL`: what was answered survives a killed process and a lost power supply.
//! This crate knows no table.

mod error;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

pub use error::DatabaseError;
use writer::Writer;

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Another process (a backup, a second start) may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than any statement of ours waits for a free reader.
const READER_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// Enough for every statement of store and queue.
const CACHED_STATEMENTS: usize = 256;

/// An open database file. Clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    writer: Writer,
    readers: SqlitePool,
}

impl Database {
    /// Opens a file, creates it and its directory where they are missing, and brings its schema up
    /// to date.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is none of ours, or when a newer version wrote it.
    pub async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let failed = |source: sqlx::Error| DatabaseError::Open {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        if let Some(directory) = path.parent() {
            tokio::fs::create_dir_all(directory)
                .await
                .map_err(|e| failed(e.into()))?;
        }
        let options = options(path);
        let mut connection = options.connect().await.map_err(failed)?;
        MIGRATOR
            .run(&mut connection)
            .await
            .map_err(|source| match source {
                MigrateError::VersionMissing(_) => DatabaseError::Newer(path.to_owned()),
                source => DatabaseError::Migrate {
                    path: path.to_owned(),
                    source: Arc::new(source),
                },
            })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READER_TIMEOUT)
            .connect_with(options.pragma("query_only", "on"))
            .await
            .map_err(failed)?;
        Ok(Self {
            writer: Writer::start(connection),
            readers,
        })
    }

    /// Connections that read and never wait for the writer.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Runs an operation that writes, whole or not at all, and answers after its commit. It shares
    /// its transaction with others, so it must not take long nor wait for anything but the database.
    /// It runs to its end even if the caller goes away.
    ///
    /// # Errors
    ///
    /// The operation's own, or that the transaction could not be committed.
    pub async fn write<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.writer.run(operation).await
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(CACHED_STATEMENTS)
        .pragma("temp_store", "memory")
        // The log shrinks back after a burst.
        .pragma("journal_size_limit", "67108864")
        .pragma("mmap_size", "268435456")
        .disable_statement_logging()
}

/// Closes the writer's connection, which moves the log into the file.
async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database was not closed cleanly; the next start recovers it");
    }
}
