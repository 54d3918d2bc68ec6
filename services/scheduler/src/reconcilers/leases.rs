//! Brings back work whose worker died.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_store::Store;
use scanyard_telemetry::name;

use crate::{Reconciler, Round};

/// Puts layers whose lease expired, and jobs that were lost, back into the outbox.
pub struct LeaseReaper {
    pub store: Arc<dyn Store>,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for LeaseReaper {
    fn name(&self) -> &'static str {
        "lease_reaper"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let reaped = self.store.reap_leases().await?;
        if reaped > 0 {
            tracing::info!(reaped, "jobs of workers that died were put back");
            counter!(name::LEASES_REAPED).increment(reaped);
        }
        Ok(Round::Idle)
    }
}
