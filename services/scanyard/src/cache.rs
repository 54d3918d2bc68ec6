//! Layer inventories kept on disk, so that a layer seen before is not read again.
//!
//! An entry is a pure function of blob digest and cataloger set, which together are its name.
//! Writing is best effort: a full disk costs time at the next scan and nothing else.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use scanyard_package::Digest;
use tracing::debug;

/// A directory of inventories, or no cache at all.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Option<PathBuf>,
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
    /// A cache in a directory for one cataloger set.
    pub fn new(dir: PathBuf, cataloger_set: &str) -> Self {
        Self {
            dir: Some(dir.join(cataloger_set)),
        }
    }

    /// Remembers nothing.
    pub fn disabled() -> Self {
        Self { dir: None }
    }

    fn path(&self, layer: &Digest) -> Option<PathBuf> {
        let hex = layer.to_hex();
        Some(self.dir.as_ref()?.join(&hex[..2]).join(hex))
    }

    /// The entry of a layer, if it is there and whole.
    pub fn load(&self, layer: &Digest) -> Option<CachedLayer> {
        let bytes = fs::read(self.path(layer)?).ok()?;
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
        let cache = Cache::new(dir.path().to_owned(), "1");
        cache.save(&layer, &entry);
        assert_eq!(cache.load(&layer), Some(entry));
        assert_eq!(cache.load(&Digest::from_bytes([3; 32])), None);
        assert_eq!(Cache::new(dir.path().to_owned(), "2").load(&layer), None);
        assert_eq!(Cache::disabled().load(&layer), None);
    }

    #[test]
    fn half_an_entry_is_no_entry() {
        let dir = tempfile::tempdir().unwrap();
        let layer = Digest::from_bytes([1; 32]);
        let cache = Cache::new(dir.path().to_owned(), "1");
        let path = cache.path(&layer).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"short").unwrap();
        assert_eq!(cache.load(&layer), None);
    }
}
