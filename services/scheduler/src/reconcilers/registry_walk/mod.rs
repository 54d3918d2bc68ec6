//! Asks registries whether what we know of them still holds: senders of webhooks lose events.

mod piece;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_store::{Store, WalkStep};
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
    settings: WalkSettings,
    /// Registries that asked to be left alone until then. Who leads next learns it again.
    paused: Mutex<HashMap<String, Instant>>,
}

impl RegistryWalk {
    pub fn new(store: Arc<dyn Store>, settings: WalkSettings) -> Self {
        Self {
            store,
            settings,
            paused: Mutex::default(),
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
            let mut piece = Piece::new(self.store.as_ref(), &self.settings, &walk, requests);
            let step = piece.walk().await?;
            counter!(name::WALK_REQUESTS).increment(u64::from(requests - piece.requests_left()));
            requests = piece.requests_left();
            if let Some(Pause(pause)) = piece.pause() {
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
