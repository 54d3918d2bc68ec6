//! One layer.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use scanyard_inventory::{CatalogError, CatalogerSet, LayerInventory, catalog_tar};
use scanyard_oci::{Layer, LayerReader, OciError, VerifiedBlob};
use scanyard_package::{Digest, Limits};
use scanyard_timing::{Stage, Timings, in_stage, record};

use super::chunks::{ChunkReader, ChunkWriter, chunks};

/// What was computed of a layer whose blob digest was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedLayer {
    /// The digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub compressed_bytes: u64,
    /// Bytes of the tar.
    pub decompressed_bytes: u64,
}

/// A layer read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogedLayer {
    /// What was computed while reading.
    pub verified: VerifiedLayer,
    /// What the layer holds.
    pub inventory: LayerInventory,
    /// What both threads took.
    pub timings: Timings,
}

/// Why a layer has no inventory.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// Its bytes could not be had, or are not what its digest names.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// [`LayerProgress::cancel`] was called.
    #[error("the layer was not read to its end: the work was cancelled")]
    Cancelled,
}

/// How far the reading of a layer has come. Shared with whoever watches, who can also end it.
#[derive(Debug, Default)]
pub struct LayerProgress {
    compressed_bytes: AtomicU64,
    cancelled: AtomicBool,
}

impl LayerProgress {
    /// Bytes of the blob read so far.
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes.load(Ordering::Relaxed)
    }

    /// Ends the work at the next read.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work was told to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Reads a layer's blob once: verifies its digest, decompresses it, computes its diff ID and
/// catalogs what is in it. Blocks, and uses a second thread: call it where that is allowed.
///
/// # Errors
///
/// [`LayerError::Oci`] when the blob cannot be read or decompressed, is over a limit, or has
/// another digest. A tar inside it that makes no sense is an unknown in the inventory.
pub fn catalog_layer(
    stream: impl Read + Send,
    layer: &Layer,
    set: CatalogerSet,
    limits: &Limits,
    progress: &LayerProgress,
) -> Result<CatalogedLayer, LayerError> {
    let (writer, tar) = chunks();
    let watched = Watched { stream, progress };
    let outcome = thread::scope(|scope| {
        let verifying = scope.spawn(|| {
            record(Stage::Decompress, || {
                inflate(watched, layer, limits, writer)
            })
        });
        let ((inventory, diff_id), mut timings) = record(Stage::Walk, || walk(tar, set, limits));
        let (blob, other) = match verifying.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let blob = blob?;
        timings.merge(&other);
        // Reading from chunks in memory does not fail; should it, it is the layer's fault.
        let inventory = inventory.map_err(|error| OciError::Corrupt {
            layer: layer.digest,
            detail: error.io().to_string(),
        })?;
        Ok(CatalogedLayer {
            verified: VerifiedLayer {
                diff_id,
                compressed_bytes: blob.compressed_bytes,
                decompressed_bytes: blob.decompressed_bytes,
            },
            inventory,
            timings,
        })
    });
    outcome.map_err(|error: OciError| match progress.is_cancelled() {
        true => LayerError::Cancelled,
        false => error.into(),
    })
}

/// The digest is of all bytes, wherever the tar ends.
fn walk(
    mut tar: ChunkReader,
    set: CatalogerSet,
    limits: &Limits,
) -> (Result<LayerInventory, CatalogError>, Digest) {
    let inventory = catalog_tar(&mut tar, set, limits);
    (inventory, tar.finish())
}

fn inflate(
    stream: impl Read,
    layer: &Layer,
    limits: &Limits,
    writer: ChunkWriter,
) -> Result<VerifiedBlob, OciError> {
    let mut reader = LayerReader::new(stream, layer, limits)?;
    if let Err(error) = writer.send_all(&mut reader) {
        return Err(reader.explain(error));
    }
    reader.finish()
}

/// Counts what is read for whoever watches, and ends when told to.
struct Watched<'a, R> {
    stream: R,
    progress: &'a LayerProgress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.is_cancelled() {
            return Err(io::Error::other(LayerError::Cancelled));
        }
        let count = in_stage(Stage::Fetch, || self.stream.read(buffer))?;
        self.progress
            .compressed_bytes
            .fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
