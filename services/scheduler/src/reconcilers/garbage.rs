//! Sweeps away what retention no longer keeps and what nothing names any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use metrics::counter;
use scanyard_store::{GarbageKind, Store};
use scanyard_telemetry::name;
use tokio::sync::Mutex;

use crate::{GarbageSettings, Reconciler, Round};

/// One kind after the other, a bounded step each round. A sweep that is lost half-way begins again.
pub struct GarbageCollection {
    store: Arc<dyn Store>,
    settings: GarbageSettings,
    sweep: Mutex<Sweep>,
}

/// Where a sweep is.
#[derive(Default)]
struct Sweep {
    /// Kinds that are swept to their end.
    done: usize,
    /// Where the kind after them goes on.
    from: i64,
    removed: BTreeMap<&'static str, u64>,
}

impl GarbageCollection {
    pub fn new(store: Arc<dyn Store>, settings: GarbageSettings) -> Self {
        Self {
            store,
            settings,
            sweep: Mutex::default(),
        }
    }
}

#[async_trait]
impl Reconciler for GarbageCollection {
    fn name(&self) -> &'static str {
        "garbage"
    }

    fn interval(&self) -> std::time::Duration {
        self.settings.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let mut sweep = self.sweep.lock().await;
        let Some(kind) = GarbageKind::ALL.get(sweep.done) else {
            let ended = std::mem::take(&mut *sweep);
            if !ended.removed.is_empty() {
                tracing::info!(removed = ?ended.removed, "what nobody needs any more was removed");
            }
            return Ok(Round::Idle);
        };
        let retention = &self.settings.retention;
        let swept = self.store.sweep(*kind, sweep.from, retention).await?;
        if swept.removed > 0 {
            counter!(name::GARBAGE_REMOVED, "kind" => kind.name()).increment(swept.removed);
            *sweep.removed.entry(kind.name()).or_default() += swept.removed;
        }
        match swept.next {
            Some(next) => sweep.from = next,
            None => (sweep.done, sweep.from) = (sweep.done + 1, 0),
        }
        Ok(Round::MoreToDo)
    }
}

#[cfg(test)]
mod tests {
    use scanyard_store::{Documents, Retention, SqliteStore};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_sweep_goes_through_every_kind_and_rests() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("a.db")).await;
        let store = Arc::new(store.unwrap());
        let digest = store.save_document(b"{}").await.unwrap();
        let retention = Retention {
            unused_documents: Duration::ZERO,
            ..Retention::new(Vec::new())
        };
        let garbage = GarbageCollection::new(store.clone(), GarbageSettings::hourly(retention));
        for _ in GarbageKind::ALL {
            assert_eq!(garbage.reconcile().await.unwrap(), Round::MoreToDo);
        }
        assert_eq!(store.document(digest).await.unwrap(), None);
        assert_eq!(garbage.reconcile().await.unwrap(), Round::Idle);
        assert_eq!(garbage.reconcile().await.unwrap(), Round::MoreToDo);
    }
}
