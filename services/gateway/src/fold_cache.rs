//! Folds of images by digest: content-addressed, so that they never go stale and every tenant that
//! may see an image can share them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use scanyard_inventory::ImageInventory;
use scanyard_package::Digest;
use tokio::sync::Semaphore;

/// What an image's layers hold together.
#[derive(Debug, Default)]
pub struct Fold {
    /// The image's packages and their places; layers are numbered as in the image.
    pub inventory: ImageInventory,
    /// The diff ID of each layer, as we computed it; none for a layer that is never pulled.
    pub diff_ids: Vec<Option<Digest>>,
}

/// Packages that all remembered folds together may have.
const MAX_PACKAGES: usize = 200_000;

/// The folds that were asked for last.
#[derive(Debug)]
pub struct FoldCache {
    entries: Mutex<VecDeque<(Digest, Arc<Fold>)>>,
    capacity: usize,
    folding: Semaphore,
}

impl FoldCache {
    /// Remembers this many folds and lets so many be made at a time.
    pub fn new(capacity: usize, concurrent: usize) -> Self {
        Self {
            entries: Mutex::default(),
            capacity,
            folding: Semaphore::new(concurrent),
        }
    }

    /// Bounds the work on folds, which takes processor time and memory.
    pub fn folding(&self) -> &Semaphore {
        &self.folding
    }

    /// The fold of an image, if it is remembered.
    pub fn get(&self, image: Digest) -> Option<Arc<Fold>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(digest, _)| *digest == image)?;
        let entry = entries.remove(at)?;
        let fold = Arc::clone(&entry.1);
        entries.push_front(entry);
        Some(fold)
    }

    /// Remembers a fold, and forgets those that nobody asked for longest.
    pub fn insert(&self, image: Digest, fold: Arc<Fold>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(digest, _)| *digest != image);
        entries.push_front((image, fold));
        let mut packages = 0;
        let kept = entries
            .iter()
            .take(self.capacity)
            .take_while(|(_, fold)| {
                packages += fold.inventory.packages.len();
                packages <= MAX_PACKAGES
            })
            .count();
        entries.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_last_stays() {
        let cache = FoldCache::new(2, 1);
        let [a, b, c] = [1, 2, 3].map(|byte| Digest::from_bytes([byte; 32]));
        cache.insert(a, Arc::default());
        cache.insert(b, Arc::default());
        assert!(cache.get(a).is_some());
        cache.insert(c, Arc::default());
        assert!(cache.get(a).is_some());
        assert!(cache.get(b).is_none());
    }
}
