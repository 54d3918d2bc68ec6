//! What an update is asked for, tells on its way, and ends with.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::build::UnreadableRecord;
use crate::error::DatabaseError;
use crate::info::Info;
use crate::source::{FEEDS, Feed};

use super::OSV;

/// How an update behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateOptions {
    /// Only these ecosystems' directories; all that the source lists where empty.
    pub ecosystems: Vec<String>,
    /// Only these sources: [`super::OSV`] or the names of feeds; all where empty.
    pub sources: Vec<String>,
    /// Where sources are, by name. A feed that is not here comes from its publisher or, if the
    /// export is not the public one, from a directory of its name beside the ecosystems, if there
    /// is one.
    pub mirrors: BTreeMap<String, String>,
    /// How long one request may go without a byte.
    pub idle_timeout: Duration,
    /// How often a failed request is made again.
    pub retries: usize,
}

impl Default for UpdateOptions {
    fn default() -> Self {
        Self {
            ecosystems: Vec::new(),
            sources: Vec::new(),
            mirrors: BTreeMap::new(),
            idle_timeout: Duration::from_secs(60),
            retries: 5,
        }
    }
}

impl UpdateOptions {
    /// Whether a source is to be brought up to date.
    pub(super) fn includes(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|chosen| chosen == source)
    }

    /// The feeds to bring up to date.
    pub(super) fn feeds(&self) -> impl Iterator<Item = &'static Feed> {
        FEEDS.iter().filter(|feed| self.includes(feed.name))
    }

    /// Fails on names that no source has.
    pub(super) fn check(&self) -> Result<(), UpdateError> {
        let named = self.sources.iter().chain(self.mirrors.keys());
        let mut unknown = named.filter(|name| *name != OSV && Feed::named(name).is_none());
        match unknown.next() {
            Some(name) => Err(UpdateError::UnknownSource(name.clone())),
            None => Ok(()),
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
    /// What was done for each ecosystem and feed, in order.
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

impl EcosystemUpdate {
    /// Whether it could not be fetched.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, EcosystemOutcome::Failed { .. })
    }
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
    Busy(PathBuf),
    /// No source has this name.
    #[error("there is no source {0:?}")]
    UnknownSource(String),
    /// The source does not say which ecosystems it has.
    #[error("cannot list the ecosystems of the source: {0}")]
    Source(String),
    /// Nothing was fetched, and nothing is there from an earlier update.
    #[error("no advisory could be read{}", first_failure(.0))]
    NothingReadable(Vec<EcosystemUpdate>),
    /// The operating system could not write: the disk is full, or the directory not writable.
    #[error("cannot write to {path}")]
    Write {
        /// The directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// What was written does not read back: the disk is failing.
    #[error("the database that was written does not read back")]
    ReadBack(#[source] DatabaseError),
}

impl UpdateError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Busy(_) | Self::Source(_) | Self::NothingReadable(_)
        )
    }

    /// What to do about it, as a sentence for the person who sees the error.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::UnknownSource(_) => "name one of those that `scanyard db update --help` lists",
            Self::Busy(_) => "wait until the other update has ended",
            Self::Source(_) | Self::NothingReadable(_) => {
                "check the source's URL, the network and the proxy, then try again"
            }
            Self::Write { .. } => "check that the directory is writable and the disk is not full",
            Self::ReadBack(_) => "check the disk",
        }
    }
}

fn first_failure(updates: &[EcosystemUpdate]) -> String {
    let failed = updates.iter().find_map(|update| match &update.outcome {
        EcosystemOutcome::Failed { reason } => Some(format!(": {}: {reason}", update.ecosystem)),
        _ => None,
    });
    failed.unwrap_or_default()
}
