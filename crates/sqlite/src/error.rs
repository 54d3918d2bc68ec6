//! What can go wrong with the file.

use std::path::PathBuf;
use std::sync::Arc;

/// Why the database could not be opened or used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be opened.
    #[error("cannot open the database {path}: it must be a file that scanyard may write")]
    Open {
        /// The file.
        path: PathBuf,
        /// What was tried.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// A newer version brought the schema further than this one knows.
    #[error("the database {0} was written by a newer version; start that one")]
    Newer(PathBuf),
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of the database {path} up to date")]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        #[source]
        source: Arc<sqlx::migrate::MigrateError>,
    },
    /// A statement or commit failed: busy, out of space, input or output.
    #[error("the database cannot be used")]
    Unavailable(#[source] Arc<sqlx::Error>),
    /// The writer is gone, because the process is ending.
    #[error("the database is closed")]
    Closed,
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        DatabaseError::Unavailable(Arc::new(error))
    }
}
