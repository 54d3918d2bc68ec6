//! One pass over a layer's tar.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use scanyard_package::{CoverageKind, Limits};
use tar::{Archive, Entry, EntryType};

use crate::layer::LayerInventory;
use crate::mode::Mode;
use crate::path;
use crate::set::CatalogerSet;
use crate::walk::Walk;

/// Bytes that headers and extensions of one entry may take beside its long names.
const HEADER_BYTES: u64 = 64 << 10;

/// The stream of a layer failed. What the layer says wrongly is an unknown in its inventory.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the layer")]
pub struct CatalogError(#[from] io::Error);

impl CatalogError {
    /// The input or output error behind it.
    pub fn io(&self) -> &io::Error {
        &self.0
    }
}

/// Reads a layer's uncompressed tar to its end, or to where it stops making sense.
///
/// # Errors
///
/// [`CatalogError`] when the reader fails. A tar that is malformed or over a limit is no error: the
/// inventory holds what was found until then, and says so among its unknowns.
pub fn catalog_tar(
    reader: impl Read,
    set: CatalogerSet,
    limits: &Limits,
) -> Result<LayerInventory, CatalogError> {
    let bounds = Rc::new(Bounds::default());
    let mut archive = Archive::new(Bounded {
        reader,
        bounds: Rc::clone(&bounds),
    });
    let mut walk = Walk::new(set, limits);
    let entries = archive.entries()?;
    let allowance = 4 * limits.path_bytes as u64 + HEADER_BYTES;
    bounds.end.set(allowance);
    let mut count = 0;
    let mut name = String::new();
    for entry in entries {
        let end = bounds.position.get();
        let outcome = entry.and_then(|mut entry| {
            bounds.end.set(u64::MAX);
            visit(&mut walk, &mut entry, &mut name, limits)?;
            Ok(raw_size(&entry))
        });
        match outcome {
            // What is left of this entry, and then the headers of the next, may be read.
            Ok(size) => bounds
                .end
                .set(end.saturating_add(size).saturating_add(allowance)),
            Err(error) if bounds.failed.get() => return Err(error.into()),
            Err(error) => {
                walk.unknown(
                    CoverageKind::TruncatedLayer,
                    format!("the tar cannot be read on: {error}"),
                );
                break;
            }
        }
        count += 1;
        if count >= limits.entries {
            let detail = format!("the layer has more than {} entries", limits.entries);
            walk.unknown(CoverageKind::LimitExceeded, detail);
            break;
        }
    }
    Ok(walk.finish())
}

/// Bytes that the entry's content takes in the stream, padding included.
fn raw_size<R: Read>(entry: &Entry<'_, R>) -> u64 {
    let size = match entry.header().entry_type() {
        EntryType::GNUSparse => entry.header().entry_size().unwrap_or(0),
        _ => entry.size(),
    };
    size.saturating_add(511)
}

fn visit<R: Read>(
    walk: &mut Walk<'_>,
    entry: &mut Entry<'_, R>,
    name: &mut String,
    limits: &Limits,
) -> io::Result<()> {
    let raw = entry.path_bytes();
    if raw.len() > limits.path_bytes {
        let detail = format!("a path is longer than {} bytes", limits.path_bytes);
        walk.unknown(CoverageKind::LimitExceeded, detail);
        return Ok(());
    }
    // The entry lends its name, and is about to be read itself.
    name.clear();
    name.push_str(&String::from_utf8_lossy(&raw));
    drop(raw);
    let text = name.as_str();
    let kind = entry.header().entry_type();
    let Some(path) = path::normalize(text) else {
        if text.contains("..") {
            let detail = format!("the path {text:?} leaves the root and was not followed");
            walk.unknown(CoverageKind::UnreadableFile, detail);
        }
        return Ok(());
    };
    let (directory, name) = path::split_name(&path);
    if let Some(name) = name.strip_prefix(".wh.") {
        walk.whiteout(directory, name);
        return Ok(());
    }
    match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mode = entry.header().mode().unwrap_or_default();
            walk.file(&path, Mode::of_file(mode), entry)?
        }
        EntryType::Directory => walk.directory(&path),
        EntryType::Link => {
            let target = entry.link_name_bytes().unwrap_or_default();
            match path::normalize(&String::from_utf8_lossy(&target)) {
                Some(target) => walk.hard_link(&path, &target),
                None => walk.other(&path),
            }
        }
        EntryType::XGlobalHeader => {}
        _ => walk.other(&path),
    }
    Ok(())
}

/// How far into the stream the archive may read now. The tar reader keeps long names and extension
/// headers in memory whatever their length; this bounds them.
#[derive(Default)]
struct Bounds {
    position: Cell<u64>,
    end: Cell<u64>,
    failed: Cell<bool>,
}

struct Bounded<R> {
    reader: R,
    bounds: Rc<Bounds>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self
            .bounds
            .end
            .get()
            .saturating_sub(self.bounds.position.get());
        if room == 0 && !buffer.is_empty() {
            return Err(io::Error::other(
                "headers or a long name go beyond the limit",
            ));
        }
        let length = buffer
            .len()
            .min(usize::try_from(room).unwrap_or(usize::MAX));
        let count = self
            .reader
            .read(&mut buffer[..length])
            .inspect_err(|error| {
                self.bounds
                    .failed
                    .set(error.kind() != io::ErrorKind::Interrupted);
            })?;
        self.bounds
            .position
            .set(self.bounds.position.get() + count as u64);
        Ok(count)
    }
}
