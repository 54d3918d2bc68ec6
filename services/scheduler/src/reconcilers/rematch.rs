//! Brings the fleet up to the revision in use.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use metrics::histogram;
use scanyard_assessment::{ActiveAdvisories, Advisories, Before, Rescan, Step};
use scanyard_store::{Completed, RescanProgress, Store};
use scanyard_telemetry::name;
use tokio::sync::{Mutex, watch};

use crate::fleet_copy::FleetCopy;
use crate::{Reconciler, Round};

/// Summaries of one round.
const SUMMARIES: u32 = 500;
/// Revisions that may lie between that of the fleet and the one in use; past them everything is
/// matched.
const PASSED_OVER: i64 = 100;

/// Matches the packages about which advisories changed, or every one, and moves the fleet. No layer
/// is looked at: what is in an image does not change with what is known about it.
pub struct Rematch {
    store: Arc<dyn Store>,
    advisories: Advisories,
    interval: Duration,
    copy: FleetCopy,
    running: Mutex<Option<Running>>,
    changes: Mutex<watch::Receiver<Option<Arc<ActiveAdvisories>>>>,
}

struct Running {
    rescan: Rescan,
    begun: Instant,
}

impl Rematch {
    /// `directory` is where the database is kept that the fleet is at; without one, everything is
    /// matched after a restart between two revisions.
    pub fn new(
        store: Arc<dyn Store>,
        advisories: Advisories,
        interval: Duration,
        directory: Option<PathBuf>,
    ) -> Self {
        let changes = Mutex::new(advisories.subscribe());
        Self {
            store,
            advisories,
            interval,
            copy: FleetCopy::new(directory),
            running: Mutex::default(),
            changes,
        }
    }

    async fn begin(&self, active: Arc<ActiveAdvisories>) -> anyhow::Result<Running> {
        let begun = Instant::now();
        let store = self.store.as_ref();
        let fleet = store.fleet_revision().await?;
        let before = match fleet >= active.revision.sequence {
            true => Before::Same,
            false => self.database_before(fleet, &active).await?,
        };
        let rescan = Rescan::plan(store, active, before).await?;
        let (packages, _) = rescan.progress();
        if rescan.revision() > fleet {
            tracing::info!(
                from = fleet,
                to = rescan.revision(),
                packages,
                full = rescan.is_full(),
                "the fleet is brought up to another advisory revision"
            );
        }
        Ok(Running { rescan, begun })
    }

    /// The database that the fleet is at, unless everything is to be matched.
    async fn database_before(
        &self,
        fleet: i64,
        active: &ActiveAdvisories,
    ) -> anyhow::Result<Before> {
        let sequence = active.revision.sequence;
        if sequence - fleet > PASSED_OVER {
            return Ok(Before::Unknown);
        }
        for passed in fleet + 1..=sequence {
            let revision = self.store.revision(passed).await?;
            if revision.is_none_or(|revision| revision.full) {
                return Ok(Before::Unknown);
            }
        }
        let kept = match self.store.revision(fleet).await? {
            Some(revision) => self.copy.open(&revision).await,
            None => None,
        };
        Ok(kept.map_or(Before::Unknown, Before::Other))
    }

    /// Notes how far it is; false if it matches everything and somebody has given that up.
    async fn is_wanted(&self, rescan: &Rescan) -> anyhow::Result<bool> {
        if rescan.is_at_rest() {
            return Ok(true);
        }
        let (packages, matched) = rescan.progress();
        let progress = RescanProgress {
            all: rescan.is_full(),
            packages: packages as u64,
            matched: matched as u64,
        };
        Ok(self.store.note_rescan(rescan.revision(), progress).await?)
    }

    async fn completed(&self, running: &Running, completed: Completed) {
        let took = running.begun.elapsed();
        let kind = if running.rescan.is_full() {
            "full"
        } else {
            "delta"
        };
        let (packages, _) = running.rescan.progress();
        if completed != Completed::default() || packages > 0 {
            histogram!(name::RESCAN_SECONDS, "kind" => kind).record(took);
            tracing::info!(
                revision = running.rescan.revision(),
                packages,
                changes = completed.changes,
                summaries = completed.summaries,
                millis = took.as_millis(),
                kind,
                "the fleet is at an advisory revision"
            );
        }
    }
}

#[async_trait]
impl Reconciler for Rematch {
    fn name(&self) -> &'static str {
        "rematch"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let Some(active) = self.advisories.current() else {
            return Ok(Round::Idle);
        };
        let mut running = self.running.lock().await;
        // A round that was dropped half-way, or whose step failed, left it as it was.
        let is_of = |running: &Running| running.rescan.revision() == active.revision.sequence;
        let mut rescan = match running.take().filter(is_of) {
            Some(rescan) => rescan,
            None => self.begin(Arc::clone(&active)).await?,
        };
        if !self.is_wanted(&rescan.rescan).await? {
            return Ok(Round::MoreToDo);
        }
        match rescan.rescan.step(self.store.as_ref()).await? {
            Step::MoreToDo => {
                *running = Some(rescan);
                return Ok(Round::MoreToDo);
            }
            Step::Done(completed) => self.completed(&rescan, completed).await,
        }
        let sequence = active.revision.sequence;
        let made = self.store.refresh_summaries(None, sequence, SUMMARIES);
        if made.await? > 0 {
            return Ok(Round::MoreToDo);
        }
        self.copy.keep(&active.database).await;
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        let mut changes = self.changes.lock().await;
        if changes.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
