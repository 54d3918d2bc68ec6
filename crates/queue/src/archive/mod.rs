//! How the compiled advisory database gets to the workers.
//!
//! Revisions lie side by side under names that begin with their time; the current one is the newest,
//! whoever put it there and when. So nobody has to agree on a pointer, and a late publisher of an
//! older revision changes nothing.

mod directory;
mod verified;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

pub use directory::DirectoryArchive;
pub(crate) use verified::{hash_file, write_verified};

use crate::QueueError;

/// Revisions that are kept: the current one, and the one that others may be reading still.
pub(crate) const KEPT: usize = 2;

/// Keeps compiled databases for everybody who matches.
#[async_trait]
pub trait AdvisoryArchive: Send + Sync + 'static {
    /// Puts a compiled database there, and drops those before the last two. False, and nothing done,
    /// when one is there that is as new.
    async fn put(&self, revision: &ArchivedRevision, file: &Path) -> Result<bool, ArchiveError>;

    /// The newest revision.
    async fn current(&self) -> Result<Option<ArchivedRevision>, ArchiveError>;

    /// Writes a revision to a file, which appears whole and verified or not at all.
    async fn fetch(&self, revision: &ArchivedRevision, file: &Path) -> Result<(), ArchiveError>;

    /// Waits until the current revision is another one than `known`; `None` when it is not within
    /// `wait`.
    async fn changed(
        &self,
        known: Option<&ArchivedRevision>,
        wait: Duration,
    ) -> Result<Option<ArchivedRevision>, ArchiveError>;
}

/// A compiled database in the archive. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivedRevision {
    /// When it was compiled, to the microsecond.
    pub compiled_at: DateTime<Utc>,
    /// Digest of the file.
    pub digest: Digest,
    /// Bytes of the file.
    pub size: u64,
}

impl ArchivedRevision {
    /// A file as a revision.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::File`] when it cannot be read.
    pub async fn of_file(file: &Path, compiled_at: DateTime<Utc>) -> Result<Self, ArchiveError> {
        let (digest, size) = hash_file(file).await?;
        Ok(Self {
            compiled_at,
            digest,
            size,
        })
    }

    /// Its name: names sort as revisions do.
    pub(crate) fn name(&self) -> String {
        let micros = self.compiled_at.timestamp_micros();
        format!("{micros:020}-{}-{}", self.digest.to_hex(), self.size)
    }

    /// Reads a name; `None` where it is none of ours.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let revision = Self {
            compiled_at: DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?,
            digest: format!("sha256:{}", parts.next()?).parse().ok()?,
            size: parts.next()?.parse().ok()?,
        };
        (revision.name() == name).then_some(revision)
    }
}

/// Why the archive could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be reached, or has no room; another try can help.
    #[error("the advisory archive is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Newer revisions took its place. Ask for the current one.
    #[error("the archive no longer keeps this advisory revision")]
    Gone,
    /// What came is not what the revision says.
    #[error("the advisory database has digest {found}, not {expected}")]
    WrongDigest {
        /// What the revision says.
        expected: Digest,
        /// What the bytes are.
        found: Digest,
    },
    /// A file here cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ArchiveError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, ArchiveError::Unavailable(_))
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| ArchiveError::File { path, source }
    }
}

impl From<QueueError> for ArchiveError {
    fn from(error: QueueError) -> Self {
        ArchiveError::Unavailable(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_sort_by_time() {
        let revision = |micros, byte| ArchivedRevision {
            compiled_at: DateTime::from_timestamp_micros(micros).unwrap(),
            digest: Digest::from_bytes([byte; 32]),
            size: 7,
        };
        let (older, newer) = (revision(999_999, 9), revision(1_000_000, 1));
        assert!(older < newer && older.name() < newer.name());
        assert_eq!(ArchivedRevision::from_name(&newer.name()), Some(newer));
        for foreign in ["", "1-2", "x-y-7", ".tmp123"] {
            assert_eq!(ArchivedRevision::from_name(foreign), None);
        }
    }
}
