//! The store in one SQLite file.
//!
//! Everything that changes more than one thing is one operation of the file's single writer
//! ([`scanyard_sqlite::Database`]), so a crash leaves either all of it or none, and nothing needs a
//! lock. Statements are set-based: a list travels as one JSON parameter. Reads never wait for writes.
//!
//! Whatever crashes, no scan waits for ever. A layer's job is asked for by the outbox, in the
//! transaction that made a scan wait for the layer. A worker that dies after its claim leaves a lease
//! that expires; one that dies after its commit leaves the image among `images_ready` until its scans
//! have ended; a job that is lost altogether is asked for again by `reap_leases`, under a new message
//! id, a bounded number of times.

mod assemble;
mod bulk;
mod bulk_change;
mod bulk_create;
mod bulk_feed;
mod bulk_listing;
mod bulk_read;
mod changed_images;
mod changes;
mod chosen_images;
mod claim;
mod columns;
mod deliveries;
mod delivery_rows;
mod documents;
mod finish;
mod fleet;
mod fleet_summary;
mod garbage;
mod held_findings;
mod history;
mod hooks;
mod images;
mod keys;
mod layers;
mod leadership;
mod lifecycle;
mod lineage_facts;
mod matches;
mod notices;
mod outbox;
mod outcomes;
mod package_rows;
mod plan_facts;
mod predictions;
mod progress;
mod question_facts;
mod questions;
mod ranking_facts;
mod reap;
mod record;
mod registries;
mod rescans;
mod revisions;
mod scan_credentials;
mod scans;
mod sets_then;
mod subscriptions;
mod summaries;
mod tags;
mod unused;
mod walks;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use scanyard_sqlite::{Database, DatabaseError};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::Notify;

use crate::error::Result;
use crate::notices::Notices;
use crate::{ScanId, Store, StoreError, StoreSettings};

/// The embedded adapter of the store port. Clones share the file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    database: Database,
    settings: StoreSettings,
    outbox_filled: Arc<Notify>,
    notices: Notices,
}

impl SqliteStore {
    /// Opens a file, which is created where it is missing, with the default settings.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, is none of ours, or was written by a newer version.
    pub async fn open(path: &Path) -> std::result::Result<Self, DatabaseError> {
        Ok(Self::new(
            Database::open(path).await?,
            StoreSettings::default(),
        ))
    }

    /// The store in an open file.
    pub fn new(database: Database, settings: StoreSettings) -> Self {
        Self {
            database,
            settings,
            outbox_filled: Arc::new(Notify::new()),
            notices: Notices::default(),
        }
    }

    /// The file, which the embedded queue shares.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Tells of scans that ended; of none, that bulks may be fed.
    fn tell(&self, ended: &[ScanId]) {
        self.notices.tell(ended);
    }

    fn readers(&self) -> &SqlitePool {
        self.database.readers()
    }

    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.database.write(operation).await
    }

    /// As [`Self::write`], for operations that may put messages into the outbox.
    async fn write_and_notify<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let outcome = self.database.write(operation).await;
        self.outbox_filled.notify_one();
        outcome
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.readers()).await?;
        self.write(|c| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO write_checks (id, checked_at) VALUES (1, ?1)
                     ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at",
                )
                .bind(columns::now())
                .execute(c)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        StoreError::Unavailable(Box::new(error))
    }
}
