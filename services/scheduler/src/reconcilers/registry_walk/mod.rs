//! Asks registries whether what we know of them still holds: senders of webhooks lose events.

mod piece;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_access::{AccessError, RegistryAccess, Wanted};
use scanyard_oci::RegistryOptions;
use scanyard_store::{Store, Walk, WalkStep};
use scanyard_telemetry::name;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::{Reconciler, Round, WalkSettings};
use piece::{Pause, Piece};

/// How long a walk that somebody took is nobody else's.
const HOLD: Duration = Duration::from_secs(600);

/// Walks through known repositories, the one that waits longest first, so many requests a round.
pub struct RegistryWalk {
    store: Arc<dyn Store>,
    registries: RegistryAccess,
    settings: WalkSettings,
    /// Registries that asked to be left alone until then. Who leads next learns it again.
    paused: Mutex<HashMap<String, Instant>>,
}

impl RegistryWalk {
    pub fn new(store: Arc<dyn Store>, registries: RegistryAccess, settings: WalkSettings) -> Self {
        Self {
            store,
            registries,
            settings,
            paused: Mutex::default(),
        }
    }

    /// How the repository is asked about; `None` where it may not be.
    async fn options(&self, walk: &Walk) -> anyhow::Result<Option<RegistryOptions>> {
        let (host, repository) = walk.repository.split_once('/').unwrap_or_default();
        let wanted = Wanted::Repository(repository);
        match self.registries.options(walk.tenant, host, wanted).await {
            Ok(options) => Ok(Some(options)),
            Err(AccessError::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::warn!(repository = %walk.repository, %error, "a repository is not walked through");
                Ok(None)
            }
        }
    }

    /// How long the repository's registry wants to be left alone.
    async fn pause_of(&self, repository: &str) -> Option<Duration> {
        let mut paused = self.paused.lock().await;
        let now = Instant::now();
        paused.retain(|_, until| *until > now);
        let until = paused.get(registry_of(repository))?;
        Some(until.duration_since(now))
    }
}

fn registry_of(repository: &str) -> &str {
    repository.split('/').next().unwrap_or_default()
}

#[async_trait]
impl Reconciler for RegistryWalk {
    fn name(&self) -> &'static str {
        "registry_walk"
    }

    fn interval(&self) -> Duration {
        self.settings.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let mut requests = self.settings.requests;
        while requests > 0 {
            let Some(walk) = self.store.take_walk(HOLD).await? else {
                break;
            };
            if let Some(pause) = self.pause_of(&walk.repository).await {
                let step = WalkStep::Continue(walk.cursor.clone(), pause);
                self.store.save_walk(&walk, &step).await?;
                continue;
            }
            let Some(options) = self.options(&walk).await? else {
                let step = WalkStep::Complete(self.settings.every);
                self.store.save_walk(&walk, &step).await?;
                continue;
            };
            let mut piece = Piece {
                store: self.store.as_ref(),
                options: &options,
                every: self.settings.every,
                walk: &walk,
                requests,
                pause: None,
            };
            let step = piece.walk().await?;
            counter!(name::WALK_REQUESTS).increment(u64::from(requests - piece.requests));
            requests = piece.requests;
            if let Some(Pause(pause)) = piece.pause {
                let registry = registry_of(&walk.repository).to_owned();
                self.paused
                    .lock()
                    .await
                    .insert(registry, Instant::now() + pause);
            }
            self.store.save_walk(&walk, &step).await?;
        }
        Ok(Round::Idle)
    }
}

#[cfg(test)]
mod tests;
