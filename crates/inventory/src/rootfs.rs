//! A root file system on disk, cataloged as if it were one layer.

use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use scanyard_package::{CoverageKind, Limits};

use crate::layer::LayerInventory;
use crate::mode::Mode;
use crate::set::CatalogerSet;
use crate::tar_stream::CatalogError;
use crate::walk::Walk;

/// Catalogs a directory. Links are never followed, so nothing outside it is read.
///
/// # Errors
///
/// [`CatalogError`] when the directory itself cannot be listed. Anything below that cannot be read
/// is an unknown.
pub fn catalog_rootfs(
    dir: &Path,
    set: CatalogerSet,
    limits: &Limits,
) -> Result<LayerInventory, CatalogError> {
    let mut walk = Walk::new(set, limits);
    let mut pending = vec![(list(dir)?, String::new())];
    let mut count = 0;
    while let Some((entries, prefix)) = pending.pop() {
        for entry in entries {
            count += 1;
            if count > limits.entries {
                let detail = format!("the file system has more than {} entries", limits.entries);
                walk.unknown(CoverageKind::LimitExceeded, detail);
                return Ok(walk.finish());
            }
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if let Some(below) = visit(&mut walk, &entry, &path) {
                pending.push((below, format!("{path}/")));
            }
        }
    }
    Ok(walk.finish())
}

fn list(dir: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// Looks at one entry; what is in it, when it is a directory.
fn visit(walk: &mut Walk<'_>, entry: &DirEntry, path: &str) -> Option<Vec<DirEntry>> {
    let outcome = entry.file_type().and_then(|kind| {
        if kind.is_dir() {
            walk.directory(path);
            return list(&entry.path()).map(Some);
        }
        if kind.is_file() {
            let mode = Mode::of_file(entry.metadata()?.permissions().mode());
            walk.file(path, mode, File::open(entry.path())?)?;
        } else {
            walk.other(path);
        }
        Ok(None)
    });
    outcome.unwrap_or_else(|error| {
        walk.unknown(CoverageKind::UnreadableFile, format!("{path}: {error}"));
        None
    })
}
