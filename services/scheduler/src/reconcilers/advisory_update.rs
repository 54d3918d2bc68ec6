//! Fetches advisories when those at hand are old.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use async_trait::async_trait;
use scanyard_advisory::{DATABASE_FILE, EcosystemOutcome, update};
use tokio::sync::Notify;

use crate::{Reconciler, Round, UpdateSettings};

/// A file that says by its age when the last update ended.
const UPDATED_FILE: &str = "last-update";

/// Updates the database in its directory.
pub struct AdvisoryUpdate {
    pub directory: PathBuf,
    pub settings: UpdateSettings,
    pub interval: Duration,
    /// Told when there is another revision.
    pub updated: Arc<Notify>,
}

#[async_trait]
impl Reconciler for AdvisoryUpdate {
    fn name(&self) -> &'static str {
        "advisory_update"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn longest_retry(&self) -> Duration {
        Duration::from_secs(3600).min(self.settings.interval)
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        if !is_due(&self.directory, self.settings.interval, SystemTime::now()) {
            return Ok(Round::Idle);
        }
        let UpdateSettings {
            source, options, ..
        } = &self.settings;
        let report = update(&self.directory, source, options, |_| {})
            .await
            .context("the advisories could not be updated")?;
        for update in &report.ecosystems {
            if let EcosystemOutcome::Failed { reason } = &update.outcome {
                let source = update.ecosystem.as_str();
                tracing::warn!(source, reason, "a source of advisories was not updated");
            }
        }
        tracing::info!(
            records = report.info.records,
            unreadable = report.info.unreadable,
            changed = report.changed,
            "advisories were updated"
        );
        if report.changed {
            self.updated.notify_one();
        }
        tokio::fs::write(self.directory.join(UPDATED_FILE), source)
            .await
            .context("the time of the update could not be noted")?;
        Ok(Round::Idle)
    }
}

/// Whether there is no database, or the last update is too long ago. The database's own age would
/// not do: an update that changes nothing leaves it as it is.
fn is_due(directory: &Path, interval: Duration, now: SystemTime) -> bool {
    let updated = |file: &str| std::fs::metadata(directory.join(file))?.modified();
    let Ok(built) = updated(DATABASE_FILE) else {
        return true;
    };
    let last = updated(UPDATED_FILE).map_or(built, |noted| noted.max(built));
    // A time in the future is a clock that was set back; the next update puts it right.
    now.duration_since(last).is_ok_and(|age| age >= interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_due_without_database_or_when_it_is_old() {
        let directory = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3600);
        let now = SystemTime::now();
        assert!(is_due(directory.path(), hour, now));
        std::fs::write(directory.path().join(DATABASE_FILE), "x").unwrap();
        assert!(!is_due(directory.path(), hour, now));
        assert!(is_due(directory.path(), hour, now + 2 * hour));
    }
}
