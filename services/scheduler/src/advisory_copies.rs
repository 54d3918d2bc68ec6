//! This process's copy of the newest advisory database in the archive.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use scanyard_advisory::Database;
use scanyard_queue::{AdvisoryArchive, ArchivedRevision};
use tokio::sync::Mutex;

/// Longest wait for news from the archive at once.
const WAIT: Duration = Duration::from_secs(30);

/// Fetches databases from the archive and opens them. One of a process is enough.
pub struct AdvisoryCopies {
    archive: Arc<dyn AdvisoryArchive>,
    directory: PathBuf,
    opened: Mutex<Option<(ArchivedRevision, Database)>>,
}

impl AdvisoryCopies {
    /// Copies in a directory, which is made when the first comes. Processes of one machine may
    /// share it.
    pub fn new(archive: Arc<dyn AdvisoryArchive>, directory: PathBuf) -> Self {
        Self {
            archive,
            directory,
            opened: Mutex::new(None),
        }
    }

    /// Puts a verified database into the archive; false when one is there that is as new.
    pub async fn put(&self, file: &Path, compiled_at: DateTime<Utc>) -> anyhow::Result<bool> {
        let revision = ArchivedRevision::of_file(file, compiled_at).await?;
        Ok(self.archive.put(&revision, file).await?)
    }

    /// The newest database in the archive, fetched unless it is here, every byte of it verified;
    /// `None` while there is none.
    pub async fn newest(&self) -> anyhow::Result<Option<Database>> {
        let Some(newest) = self.archive.current().await? else {
            return Ok(None);
        };
        let mut opened = self.opened.lock().await;
        if let Some((revision, database)) = &*opened
            && *revision == newest
        {
            return Ok(Some(database.clone()));
        }
        let file = self.file_of(&newest);
        if !tokio::fs::try_exists(&file).await? {
            tokio::fs::create_dir_all(&self.directory).await?;
            self.archive.fetch(&newest, &file).await?;
        }
        let database = self.open(&file).await?;
        *opened = Some((newest, database.clone()));
        self.remove_others(&file).await;
        Ok(Some(database))
    }

    /// Returns when the archive has something newer than what is here, or after a while.
    pub async fn changed(&self) {
        let known = self.opened.lock().await.as_ref().map(|(known, _)| *known);
        if self.archive.changed(known.as_ref(), WAIT).await.is_err() {
            tokio::time::sleep(WAIT).await;
        }
    }

    fn file_of(&self, revision: &ArchivedRevision) -> PathBuf {
        let name = format!("advisories-{}.db", revision.digest.to_hex());
        self.directory.join(name)
    }

    /// A copy that does not verify is removed, so that the next try fetches it anew.
    async fn open(&self, file: &Path) -> anyhow::Result<Database> {
        let path = file.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let database = Database::open(&path)?;
            database.verify()?;
            Ok::<_, scanyard_advisory::DatabaseError>(database)
        });
        let opened = opening.await.context("the check was cut short")?;
        if opened.is_err() {
            // It is about to be fetched again, whatever becomes of this.
            let _ = tokio::fs::remove_file(file).await;
        }
        opened.context("the copy of the advisory database cannot be used")
    }

    /// Best effort: a copy that stays costs room only. Those in use stay readable.
    async fn remove_others(&self, keep: &Path) {
        let Ok(mut entries) = tokio::fs::read_dir(&self.directory).await else {
            return;
        };
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name();
            let is_copy = name
                .to_str()
                .is_some_and(|name| name.starts_with("advisories-") && name.ends_with(".db"));
            if is_copy && entry.path() != keep {
                let _ = tokio::fs::remove_file(entry.path()).await;
            }
        }
    }
}
