//! Folds of images by digest and cataloger set: content-addressed, so that they never go stale and
//! every tenant that may see an image can share them.

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

/// Which fold: of an image, out of its layers' inventories by a cataloger set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldKey {
    /// Digest of the image's manifest.
    pub image: Digest,
    /// Name of the cataloger set.
    pub cataloger_set: String,
}

/// Packages that all remembered folds together may have.
const MAX_PACKAGES: usize = 200_000;

/// The folds that were asked for last.
#[derive(Debug)]
pub struct FoldCache {
    entries: Mutex<VecDeque<(FoldKey, Arc<Fold>)>>,
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
    pub fn get(&self, key: &FoldKey) -> Option<Arc<Fold>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(known, _)| known == key)?;
        let entry = entries.remove(at)?;
        let fold = Arc::clone(&entry.1);
        entries.push_front(entry);
        Some(fold)
    }

    /// Remembers a fold, and forgets those that nobody asked for longest.
    pub fn insert(&self, key: FoldKey, fold: Arc<Fold>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(known, _)| *known != key);
        entries.push_front((key, fold));
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

    fn key(image: u8, cataloger_set: &str) -> FoldKey {
        FoldKey {
            image: Digest::from_bytes([image; 32]),
            cataloger_set: cataloger_set.to_owned(),
        }
    }

    #[test]
    fn what_was_asked_for_last_stays() {
        let cache = FoldCache::new(2, 1);
        let (a, b, c) = (key(1, "1"), key(2, "1"), key(1, "1+secrets"));
        cache.insert(a.clone(), Arc::default());
        cache.insert(b.clone(), Arc::default());
        assert!(cache.get(&a).is_some());
        assert!(cache.get(&c).is_none());
        cache.insert(c, Arc::default());
        assert!(cache.get(&a).is_some());
        assert!(cache.get(&b).is_none());
    }
}
