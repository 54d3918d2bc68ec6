//! Keeps a database directory up to date with an export over HTTP.

use std::path::Path;
use std::time::Duration;

use crate::build::UnreadableRecord;
use crate::info::Info;

/// Where the public OSV export lies.
pub const PUBLIC_SOURCE: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// How an update behaves.
#[derive(Debug, Clone)]
pub struct UpdateOptions {
    /// Only these ecosystems' directories; all that the source lists where empty.
    pub ecosystems: Vec<String>,
    /// How long one request may go without a byte.
    pub idle_timeout: Duration,
    /// How often a failed request is made again.
    pub retries: usize,
}

impl Default for UpdateOptions {
    fn default() -> Self {
        Self {
            ecosystems: Vec::new(),
            idle_timeout: Duration::from_secs(60),
            retries: 5,
        }
    }
}

/// Where an update is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateProgress {
    /// An ecosystem's records are being fetched.
    Fetching {
        /// The ecosystem's directory.
        ecosystem: String,
        /// Ecosystems done before it.
        done: usize,
        /// Ecosystems in all.
        total: usize,
    },
    /// The database is being compiled.
    Compiling,
}

/// What an update did.
#[derive(Debug, Clone)]
pub struct UpdateReport {
    /// What the database now says about itself.
    pub info: Info,
    /// Whether the revision differs from the one before.
    pub changed: bool,
    /// What was done for each ecosystem, in order.
    pub ecosystems: Vec<EcosystemUpdate>,
    /// The first records that could not be read, with the reason; [`Info::unreadable`] counts all.
    pub unreadable: Vec<UnreadableRecord>,
}

/// What was done for one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcosystemUpdate {
    /// The ecosystem's directory in the source.
    pub ecosystem: String,
    /// What was done.
    pub outcome: EcosystemOutcome,
}

/// What was done for one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EcosystemOutcome {
    /// Nothing had changed.
    Unchanged,
    /// The whole export was fetched.
    Full {
        /// Records in it.
        records: u64,
    },
    /// Single records were fetched or dropped.
    Incremental {
        /// Records that are new or newer.
        fetched: u64,
        /// Records that the source no longer lists here.
        dropped: u64,
    },
    /// It could not be fetched; the records of the last update, if any, stay.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Why there is no new database. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Somebody else updates this directory.
    #[error("another update of {0} is running")]
    Busy(std::path::PathBuf),
}

/// Brings the database in `directory` up to date with `source`, an export in the layout of the
/// public bucket ([`PUBLIC_SOURCE`]).
pub async fn update(
    directory: &Path,
    _source: &str,
    _options: &UpdateOptions,
    _progress: impl Fn(UpdateProgress) + Send + Sync,
) -> Result<UpdateReport, UpdateError> {
    Err(UpdateError::Busy(directory.into()))
}
