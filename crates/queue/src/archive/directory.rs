//! The archive in a directory, for one process.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{AdvisoryArchive, ArchiveError, ArchivedRevision, KEPT, write_verified};

/// Longest wait for a local disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps revisions as files in a directory. Clones share it; it serves one process.
#[derive(Debug, Clone)]
pub struct DirectoryArchive {
    directory: PathBuf,
    changed: Arc<Notify>,
}

impl DirectoryArchive {
    /// The archive in this directory, which is made when it is missing.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::File`] when it cannot be made.
    pub fn open(directory: PathBuf) -> Result<Self, ArchiveError> {
        std::fs::create_dir_all(&directory).map_err(ArchiveError::file(&directory))?;
        Ok(Self {
            directory,
            changed: Arc::default(),
        })
    }

    /// The newest first.
    async fn revisions(&self) -> Result<Vec<ArchivedRevision>, ArchiveError> {
        let failed = || ArchiveError::file(&self.directory);
        let mut entries = tokio::fs::read_dir(&self.directory)
            .await
            .map_err(failed())?;
        let mut revisions = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed())? {
            let name = entry.file_name();
            revisions.extend(name.to_str().and_then(ArchivedRevision::from_name));
        }
        revisions.sort_unstable_by_key(|revision| Reverse(*revision));
        Ok(revisions)
    }

    async fn copy(
        &self,
        from: &Path,
        revision: &ArchivedRevision,
        to: &Path,
    ) -> Result<(), ArchiveError> {
        let mut file = match tokio::fs::File::open(from).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ArchiveError::Gone);
            }
            Err(error) => return Err(ArchiveError::file(from)(error)),
        };
        write_verified(&mut file, revision, to, PATIENCE).await
    }
}

#[async_trait]
impl AdvisoryArchive for DirectoryArchive {
    async fn put(&self, revision: &ArchivedRevision, file: &Path) -> Result<bool, ArchiveError> {
        if self
            .current()
            .await?
            .is_some_and(|current| current >= *revision)
        {
            return Ok(false);
        }
        let target = self.directory.join(revision.name());
        self.copy(file, revision, &target).await?;
        for old in self.revisions().await?.into_iter().skip(KEPT) {
            let path = self.directory.join(old.name());
            tokio::fs::remove_file(&path)
                .await
                .map_err(ArchiveError::file(&path))?;
        }
        self.changed.notify_waiters();
        Ok(true)
    }

    async fn current(&self) -> Result<Option<ArchivedRevision>, ArchiveError> {
        Ok(self.revisions().await?.into_iter().next())
    }

    async fn fetch(&self, revision: &ArchivedRevision, file: &Path) -> Result<(), ArchiveError> {
        let from = self.directory.join(revision.name());
        self.copy(&from, revision, file).await
    }

    async fn changed(
        &self,
        known: Option<&ArchivedRevision>,
        wait: Duration,
    ) -> Result<Option<ArchivedRevision>, ArchiveError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            // Registered before looking, so that a change in between is not missed.
            let mut change = std::pin::pin!(self.changed.notified());
            change.as_mut().enable();
            let current = self.current().await?;
            if current.as_ref() != known {
                return Ok(current);
            }
            if tokio::time::timeout_at(deadline, change).await.is_err() {
                return Ok(None);
            }
        }
    }
}
