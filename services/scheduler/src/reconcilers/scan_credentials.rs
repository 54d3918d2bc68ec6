//! Forgets credentials that nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_store::Store;

use crate::{Reconciler, Round};

/// Removes credentials that came with a scan once it has ended, or once they expire.
pub struct ScanCredentialSweep {
    pub store: Arc<dyn Store>,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for ScanCredentialSweep {
    fn name(&self) -> &'static str {
        "scan_credentials"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        self.store.sweep_scan_credentials().await?;
        Ok(Round::Idle)
    }
}
