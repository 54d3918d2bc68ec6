//! Layer inventories kept on disk, so that a layer seen before is not read again.
//!
//! An entry is a pure function of blob digest and cataloger set, which together are its name.
//! Writing is best effort: a full disk costs time at the next scan and nothing else. The directory is
//! bounded, and what was not used for the longest time goes first.

mod directory;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;

use scanyard_package::Digest;
use tracing::debug;

pub use directory::{Contents, contents, prune};

/// A directory of inventories, or no cache at all.
#[derive(Debug, Clone)]
pub struct Cache {
    place: Option<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    root: PathBuf,
    cataloger_set: String,
    most_bytes: u64,
}

/// What is known about a cached layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedLayer {
    /// The diff ID that was computed when the layer was read.
    pub diff_id: Digest,
    /// The encoded inventory.
    pub inventory: Vec<u8>,
}

impl Cache {
    /// A cache in a directory, of no more than so many bytes, for one cataloger set.
    pub fn new(root: PathBuf, most_bytes: u64, cataloger_set: &str) -> Self {
        let cataloger_set = cataloger_set.to_owned();
        Self {
            place: Some(Place {
                root,
                cataloger_set,
                most_bytes,
            }),
        }
    }

    /// Remembers nothing.
    pub fn disabled() -> Self {
        Self { place: None }
    }

    fn path(&self, layer: &Digest) -> Option<PathBuf> {
        let hex = layer.to_hex();
        let place = self.place.as_ref()?;
        let group = place.root.join(&place.cataloger_set).join(&hex[..2]);
        Some(group.join(hex))
    }

    /// The entry of a layer, if it is there and whole.
    pub fn load(&self, layer: &Digest) -> Option<CachedLayer> {
        let mut file = File::open(self.path(layer)?).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        directory::note_use(&file);
        let (diff_id, inventory) = bytes.split_at_checked(32)?;
        let diff_id = Digest::from_bytes(diff_id.try_into().ok()?);
        Some(CachedLayer {
            diff_id,
            inventory: inventory.to_vec(),
        })
    }

    /// Keeps an entry; a reader never sees half of it.
    pub fn save(&self, layer: &Digest, entry: &CachedLayer) {
        let Some(path) = self.path(layer) else { return };
        if let Err(error) = write_entry(&path, entry) {
            debug!(%layer, %error, "layer inventory not cached");
        }
    }

    /// Removes what is too much, after something was added.
    pub fn keep_within_bounds(&self) {
        let Some(place) = &self.place else { return };
        if let Err(error) = prune(&place.root, place.most_bytes) {
            debug!(%error, "the cache was not pruned");
        }
    }
}

fn write_entry(path: &std::path::Path, entry: &CachedLayer) -> std::io::Result<()> {
    let dir = path.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(entry.diff_id.as_bytes())?;
    file.write_all(&entry.inventory)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_under_its_layer_and_cataloger_set_only() {
        let dir = tempfile::tempdir().unwrap();
        let layer = Digest::from_bytes([1; 32]);
        let entry = CachedLayer {
            diff_id: Digest::from_bytes([2; 32]),
            inventory: b"abc".to_vec(),
        };
        let cache = Cache::new(dir.path().to_owned(), 1 << 20, "1");
        cache.save(&layer, &entry);
        assert_eq!(cache.load(&layer), Some(entry));
        assert_eq!(cache.load(&Digest::from_bytes([3; 32])), None);
        assert_eq!(
            Cache::new(dir.path().to_owned(), 1 << 20, "2").load(&layer),
            None
        );
        assert_eq!(Cache::disabled().load(&layer), None);
    }

    #[test]
    fn a_cache_that_is_full_lets_go_of_entries() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned(), 100, "1");
        for digest in 1..=3 {
            let entry = CachedLayer {
                diff_id: Digest::from_bytes([digest; 32]),
                inventory: vec![0; 30],
            };
            cache.save(&Digest::from_bytes([digest; 32]), &entry);
        }
        cache.keep_within_bounds();
        let kept =
            (1..=3).filter(|digest| cache.load(&Digest::from_bytes([*digest; 32])).is_some());
        assert_eq!(kept.count(), 1);
    }

    #[test]
    fn half_an_entry_is_no_entry() {
        let dir = tempfile::tempdir().unwrap();
        let layer = Digest::from_bytes([1; 32]);
        let cache = Cache::new(dir.path().to_owned(), 1 << 20, "1");
        let path = cache.path(&layer).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"short").unwrap();
        assert_eq!(cache.load(&layer), None);
    }
}
