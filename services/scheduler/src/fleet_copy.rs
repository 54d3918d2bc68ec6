//! The advisory database that the fleet is at, kept to be compared with the next one.

use std::path::PathBuf;

use scanyard_advisory::{Database, DatabaseError};
use scanyard_store::Revision;
use tokio::sync::Mutex;

/// Keeps one database: in memory, where it is mapped, and in a file for the next process. Without
/// it everything is matched again, which is slower and as right; so what fails here is said and no
/// error.
pub(crate) struct FleetCopy {
    directory: Option<PathBuf>,
    kept: Mutex<Option<Database>>,
}

impl FleetCopy {
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            kept: Mutex::default(),
        }
    }

    /// Keeps this one instead of the last. Cheap while it is the same.
    pub(crate) async fn keep(&self, database: &Database) {
        let mut kept = self.kept.lock().await;
        let digest = database.info().revision;
        if kept.is_none() {
            *kept = self.read().await;
        }
        if kept
            .as_ref()
            .is_some_and(|kept| kept.info().revision == digest)
        {
            return;
        }
        *kept = Some(database.clone());
        let Some(file) = self.file() else { return };
        let database = database.clone();
        let writing = tokio::task::spawn_blocking(move || database.copy_to(&file)).await;
        let outcome = writing.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        if let Err(error) = outcome {
            tracing::warn!(%error, "the advisory database in use is not kept; after a restart the next revision is matched in full");
        }
    }

    /// The database of this revision, if it is the one that is kept.
    pub(crate) async fn open(&self, revision: &Revision) -> Option<Database> {
        let mut kept = self.kept.lock().await;
        if kept.is_none() {
            *kept = self.read().await;
        }
        kept.clone()
            .filter(|kept| kept.info().revision == revision.digest)
    }

    async fn read(&self) -> Option<Database> {
        let file = self.file()?;
        let reading = tokio::task::spawn_blocking(move || {
            let database = Database::open(&file)?;
            database.verify()?;
            Ok::<_, DatabaseError>(database)
        });
        match reading.await.ok()? {
            Ok(database) => Some(database),
            Err(DatabaseError::Missing { .. }) => None,
            Err(error) => {
                tracing::warn!(%error, "the kept advisory database cannot be used; the next revision is matched in full");
                None
            }
        }
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join("fleet.db"))
    }
}
