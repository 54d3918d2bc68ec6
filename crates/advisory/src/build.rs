//! Builds a database from files at hand.

use std::path::{Path, PathBuf};

use crate::info::Info;

/// What a build read and made.
#[derive(Debug, Clone)]
pub struct BuildReport {
    /// What the new revision says about itself.
    pub info: Info,
    /// The file that was written.
    pub output: PathBuf,
    /// The first records that could not be read, with the reason; [`Info::unreadable`] counts all.
    pub unreadable: Vec<UnreadableRecord>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableRecord {
    /// The record's id, as its file is named.
    pub id: String,
    /// Why it could not be read.
    pub reason: String,
}

/// Why no database was built. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing is at that path.
    #[error("no advisories at {0}")]
    Missing(PathBuf),
}

/// Compiles the advisories at `from` into the file or directory `output`, whose old content is
/// replaced only when the new is complete, on disk and verified.
///
/// `from` is a directory in the layout of the OSV bucket, one zip, or a directory of JSON files.
pub fn build(from: &Path, _output: &Path) -> Result<BuildReport, BuildError> {
    Err(BuildError::Missing(from.into()))
}
