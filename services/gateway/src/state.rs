//! What every handler shares.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scanyard_access::RegistryRules;
use scanyard_egress::Egress;
use scanyard_package::Digest;
use scanyard_queue::Queue;
use scanyard_report::Epss;
use scanyard_sealing::SealingKeys;
use scanyard_store::Store;
use scanyard_telemetry::Metrics;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::{AuthMode, KeyCache};
use crate::fold_cache::FoldCache;
use crate::settings::Settings;

type Predict = dyn Fn(&str) -> Option<Epss> + Send + Sync;

/// Looks up how likely a CVE is to be exploited, in the advisories at hand.
#[derive(Clone)]
pub struct ExploitPredictions(Arc<Predict>);

impl ExploitPredictions {
    /// Predictions that this function looks up.
    pub fn new(predict: impl Fn(&str) -> Option<Epss> + Send + Sync + 'static) -> Self {
        Self(Arc::new(predict))
    }

    /// How likely a CVE is to be exploited, where somebody predicts it.
    pub fn of(&self, cve: &str) -> Option<Epss> {
        (self.0)(cve)
    }
}

impl fmt::Debug for ExploitPredictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExploitPredictions")
    }
}

/// The advisories that this process has at hand.
#[derive(Debug, Clone)]
pub struct LoadedAdvisories {
    /// Digest of the compiled database.
    pub revision: Digest,
    /// When the newest record in it last changed.
    pub date: Option<DateTime<Utc>>,
    /// Records by ecosystem.
    pub records: Vec<(String, u64)>,
    /// How likely flaws are to be exploited. They change daily, so findings do not keep them.
    pub predictions: ExploitPredictions,
}

/// What a gateway is made of.
pub struct Parts {
    /// Where scans, images and keys are.
    pub store: Arc<dyn Store>,
    /// Where dead letters are.
    pub queue: Arc<dyn Queue>,
    /// The advisories in use, as they change; `None` while there are none.
    pub advisories: watch::Receiver<Option<Arc<LoadedAdvisories>>>,
    /// What this process has counted.
    pub metrics: Metrics,
    /// How callers are told apart.
    pub auth: AuthMode,
    /// Whether `oci:`, `rootfs:` and other paths on the workers' disks may be scanned.
    pub allow_local_sources: bool,
    /// Which registries may be asked, beside those that tenants have stored.
    pub registry_rules: RegistryRules,
    /// What others' secrets are sealed with; without it none are taken.
    pub sealing: Option<Arc<SealingKeys>>,
    /// Which receivers of messages may be named.
    pub egress: Egress,
    /// Bounds.
    pub settings: Settings,
    /// Ends event streams and waiting requests when the service stops.
    pub shutdown: CancellationToken,
}

/// The state behind the router.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    parts: Parts,
    key_cache: KeyCache,
    folds: FoldCache,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: Parts) -> Self {
        let settings = &parts.settings;
        Self(Arc::new(Inner {
            key_cache: KeyCache::new(settings.key_cache_entries, settings.key_cache_time),
            folds: FoldCache::new(settings.cached_folds, settings.concurrent_folds),
            running: Arc::new(Semaphore::new(settings.max_concurrent_requests)),
            waiting: Arc::new(Semaphore::new(settings.max_waiting_requests)),
            parts,
        }))
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.0.parts.store.as_ref()
    }

    pub(crate) fn queue(&self) -> &dyn Queue {
        self.0.parts.queue.as_ref()
    }

    pub(crate) fn advisories(&self) -> Option<Arc<LoadedAdvisories>> {
        self.0.parts.advisories.borrow().clone()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.parts.metrics
    }

    pub(crate) fn auth(&self) -> AuthMode {
        self.0.parts.auth
    }

    pub(crate) fn allows_local_sources(&self) -> bool {
        self.0.parts.allow_local_sources
    }

    pub(crate) fn registry_rules(&self) -> &RegistryRules {
        &self.0.parts.registry_rules
    }

    pub(crate) fn sealing(&self) -> Option<&SealingKeys> {
        self.0.parts.sealing.as_deref()
    }

    pub(crate) fn egress(&self) -> Egress {
        self.0.parts.egress
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.parts.shutdown
    }

    pub(crate) fn key_cache(&self) -> &KeyCache {
        &self.0.key_cache
    }

    pub(crate) fn folds(&self) -> &FoldCache {
        &self.0.folds
    }

    /// Places for ordinary requests.
    pub(crate) fn running(&self) -> &Arc<Semaphore> {
        &self.0.running
    }

    /// Places for requests that only wait for a scan.
    pub(crate) fn waiting(&self) -> &Arc<Semaphore> {
        &self.0.waiting
    }
}
