//! How often the scheduler looks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scanyard_advisory::UpdateOptions;
use tokio::sync::Notify;

use crate::{BulkSettings, DeliverySettings, GarbageSettings, WalkSettings};

/// Where advisories come from.
#[derive(Debug, Clone)]
pub struct AdvisorySettings {
    /// The compiled database: a file or, for updates, its directory.
    pub path: PathBuf,
    /// How to keep it up to date; `None` when somebody else does.
    pub update: Option<UpdateSettings>,
    /// Told when an update has written another revision.
    pub changed: Arc<Notify>,
}

impl AdvisorySettings {
    /// The directory that the database is in, if there is one.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        let directory = match self.path.is_dir() {
            true => Some(self.path.as_path()),
            false => self.path.parent(),
        };
        directory
            .filter(|directory| directory.is_dir())
            .map(Into::into)
    }
}

/// How to keep the advisories up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateSettings {
    /// An export in the layout of the public OSV bucket.
    pub source: String,
    /// Which sources, and where they are mirrored.
    pub options: UpdateOptions,
    /// Age at which the database is updated.
    pub interval: Duration,
}

/// How leadership is kept. Time without a leader is at most the lease and one wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElectionSettings {
    /// How long leadership lasts without being renewed.
    pub lease: Duration,
    /// How often it is renewed, and how often others try to take it.
    pub heartbeat: Duration,
}

impl Default for ElectionSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            heartbeat: Duration::from_secs(1),
        }
    }
}

/// How often the scheduler looks, where no signal tells it to.
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// How leadership is kept.
    pub election: ElectionSettings,
    /// For messages in the outbox.
    pub outbox: Duration,
    /// For leases that expired and jobs that were lost.
    pub leases: Duration,
    /// For another advisory database, and whether it is due for an update.
    pub advisories: Duration,
    /// For packages that are not matched at the revision in use.
    pub rematch: Duration,
    /// For exploit predictions of findings that came since they last changed.
    pub predictions: Duration,
    /// At how much waits in the queue and in bulks.
    pub depth: Duration,
    /// How bulk work is done.
    pub bulk: BulkSettings,
    /// What is kept for how long; without it nothing is removed.
    pub garbage: Option<GarbageSettings>,
    /// How known repositories are compared with their registries, if they are.
    pub walk: Option<WalkSettings>,
    /// How subscriptions are told of changes.
    pub delivery: DeliverySettings,
    /// Where advisories come from; without them nothing is matched.
    pub advisory: Option<AdvisorySettings>,
}

impl Default for SchedulerSettings {
    fn default() -> Self {
        Self {
            election: ElectionSettings::default(),
            outbox: Duration::from_secs(1),
            leases: Duration::from_secs(5),
            advisories: Duration::from_secs(5),
            rematch: Duration::from_secs(5),
            predictions: Duration::from_secs(600),
            depth: Duration::from_secs(5),
            bulk: BulkSettings::default(),
            garbage: None,
            walk: None,
            delivery: DeliverySettings::default(),
            advisory: None,
        }
    }
}
