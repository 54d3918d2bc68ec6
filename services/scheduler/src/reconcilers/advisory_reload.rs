//! Puts another advisory database to use when there is one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_assessment::{Advisories, Loaded, load_advisories};
use scanyard_store::Store;
use tokio::sync::Notify;

use crate::{Reconciler, Round};

/// Watches the database and swaps it under running work. A file that is no whole database changes
/// nothing.
pub struct AdvisoryReload {
    pub store: Arc<dyn Store>,
    pub advisories: Advisories,
    pub path: PathBuf,
    pub interval: Duration,
    /// Tells that an update has written another revision.
    pub updated: Arc<Notify>,
}

#[async_trait]
impl Reconciler for AdvisoryReload {
    fn name(&self) -> &'static str {
        "advisory_reload"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let loaded = load_advisories(self.store.as_ref(), &self.advisories, &self.path).await?;
        if let Loaded::Activated(revision) = loaded {
            tracing::info!(
                sequence = revision.sequence,
                revision = %revision.digest.short(),
                "advisories are in use"
            );
        }
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        self.updated.notified().await;
    }
}
