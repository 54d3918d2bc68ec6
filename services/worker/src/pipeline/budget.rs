//! Many layers at once, within what the process may use.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use scanyard_inventory::CatalogerSet;
use scanyard_oci::{ImageSource, Layer, OciError};
use scanyard_package::{Digest, Limits};
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::JoinSet;

use super::layer::{CatalogedLayer, LayerError, LayerProgress, catalog_layer};

/// Layers read at once at most, however many cores there are: memory is bounded by it.
const MOST_LAYERS: usize = 16;
/// Layers whose first bytes are fetched ahead, so that the cores do not wait for connections.
const AHEAD: usize = 6;

/// How many layers this process reads at once. One for the whole process, cloned freely.
#[derive(Debug, Clone)]
pub struct LayerBudget {
    working: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl LayerBudget {
    /// A budget of so many layers being read at the same time.
    pub fn new(layers: NonZeroUsize) -> Self {
        let layers = layers.get().min(MOST_LAYERS);
        Self {
            working: Arc::new(Semaphore::new(layers)),
            open: Arc::new(Semaphore::new(layers + AHEAD)),
        }
    }

    /// As many layers as there are cores.
    pub fn of_this_machine() -> Self {
        Self::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

/// Catalogs layers in parallel, the largest first, each digest once. The first failure ends the
/// others.
///
/// # Errors
///
/// The [`LayerError`] of the first layer that fails.
pub async fn catalog_layers(
    source: &ImageSource,
    layers: &[Layer],
    set: CatalogerSet,
    limits: &Limits,
    budget: &LayerBudget,
    progress: impl Fn(&Layer) -> Arc<LayerProgress>,
) -> Result<HashMap<Digest, CatalogedLayer>, LayerError> {
    let mut queue: Vec<_> = layers.to_vec();
    queue.sort_by_key(|layer| (std::cmp::Reverse(layer.size), layer.digest));
    queue.dedup_by_key(|layer| layer.digest);
    let mut watches = Watches(queue.iter().map(progress).collect());
    let mut tasks = JoinSet::new();
    for (layer, watch) in queue.into_iter().zip(&watches.0) {
        let (source, budget, limits, watch) =
            (source.clone(), budget.clone(), *limits, Arc::clone(watch));
        tasks.spawn(async move {
            let outcome = catalog_one(&source, &layer, set, limits, &budget, watch).await;
            outcome.map(|cataloged| (layer.digest, cataloged))
        });
    }
    let mut cataloged = HashMap::new();
    while let Some(outcome) = tasks.join_next().await {
        let (digest, layer) = outcome.map_err(|_| LayerError::Cancelled).flatten()?;
        cataloged.insert(digest, layer);
    }
    watches.0.clear();
    Ok(cataloged)
}

/// Ends the reading of layers that nobody waits for any more: blocking threads do not end with
/// their task.
struct Watches(Vec<Arc<LayerProgress>>);

impl Drop for Watches {
    fn drop(&mut self) {
        self.0.iter().for_each(|watch| watch.cancel());
    }
}

async fn catalog_one(
    source: &ImageSource,
    layer: &Layer,
    set: CatalogerSet,
    limits: Limits,
    budget: &LayerBudget,
    progress: Arc<LayerProgress>,
) -> Result<CatalogedLayer, LayerError> {
    let closed = |_: AcquireError| LayerError::Cancelled;
    let open = Arc::clone(&budget.open);
    let open = open.acquire_owned().await.map_err(closed)?;
    let stream = source.open_layer(layer).await?;
    let working = Arc::clone(&budget.working);
    let working = working.acquire_owned().await.map_err(closed)?;
    let layer = layer.clone();
    let reading = tokio::task::spawn_blocking(move || {
        // The thread holds what it uses to its end, whatever becomes of the task.
        let _permits = (open, working);
        catalog_layer(stream, &layer, set, &limits, &progress)
    });
    reading.await.unwrap_or_else(|error| {
        Err(LayerError::Oci(OciError::Malformed {
            what: "the layer".into(),
            detail: error.to_string(),
        }))
    })
}
