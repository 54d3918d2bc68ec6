//! A layer's tar out of its blob: decompressed, verified, bounded.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use scanyard_package::{Digest, Limits};
use scanyard_timing::{Stage, in_stage};

use crate::decompress::Decompressor;
use crate::{Layer, OciError};

/// Reads the uncompressed tar of a layer, whose blob it hashes on the way. The tar itself, of which
/// the diff ID is the digest, is left to a [`Hasher`]: another thread can do that.
pub struct LayerReader<R: Read> {
    tar: Decompressor<HashingReader<Expected<R>>>,
    layer: Layer,
}

/// A blob whose digest was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedBlob {
    /// Bytes of the blob.
    pub compressed_bytes: u64,
    /// Bytes of the tar.
    pub decompressed_bytes: u64,
}

/// Hashes and counts.
pub struct Hasher {
    hash: Context,
    count: u64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            hash: Context::new(&SHA256),
            count: 0,
        }
    }
}

impl Hasher {
    /// Adds bytes. Many at once are cheaper than few.
    pub fn update(&mut self, bytes: &[u8]) {
        in_stage(Stage::Hash, || self.hash.update(bytes));
        self.count += bytes.len() as u64;
    }

    /// The digest and number of all bytes.
    pub fn finish(self) -> (Digest, u64) {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.hash.finish().as_ref());
        (Digest::from_bytes(bytes), self.count)
    }
}

/// Hashes and counts what passes.
pub struct HashingReader<R> {
    reader: R,
    hasher: Hasher,
}

impl<R> HashingReader<R> {
    /// Hashes what is read of this.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            hasher: Hasher::default(),
        }
    }

    /// The digest and number of the bytes that were read, and the reader.
    pub fn finish(self) -> (Digest, u64, R) {
        let (digest, count) = self.hasher.finish();
        (digest, count, self.reader)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Refuses to read more than the manifest says that there is: a registry may send without end.
struct Expected<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Expected<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let detail = "it is longer than its manifest says";
                return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
            }
        }
        Ok(count)
    }
}

impl<R: Read> LayerReader<R> {
    /// Starts to read a layer. The first bytes decide how it is compressed, not its media type.
    ///
    /// # Errors
    ///
    /// Whatever reading the first bytes brings, and [`OciError::Corrupt`] if they are of nothing
    /// known.
    pub fn new(reader: R, layer: &Layer, limits: &Limits) -> Result<Self, OciError> {
        // Archives and old records do not know the size.
        let left = if layer.size == 0 {
            u64::MAX
        } else {
            layer.size
        };
        let blob = HashingReader::new(Expected { reader, left });
        let tar = Decompressor::new(blob, limits).map_err(|error| corrupt(layer, error))?;
        Ok(Self {
            tar,
            layer: layer.clone(),
        })
    }

    /// Reads what is left and checks the blob's digest.
    ///
    /// # Errors
    ///
    /// [`OciError::DigestMismatch`], or what reading the rest brings.
    pub fn finish(mut self) -> Result<VerifiedBlob, OciError> {
        let layer = &self.layer;
        io::copy(&mut self.tar, &mut io::sink()).map_err(|error| corrupt(layer, error))?;
        let decompressed_bytes = self.tar.decompressed_bytes();
        let blob = self.tar.drain().map_err(|error| corrupt(layer, error))?;
        let (actual, compressed_bytes, _) = blob.finish();
        if actual != layer.digest {
            return Err(OciError::DigestMismatch {
                what: "the layer",
                expected: layer.digest,
                actual,
            });
        }
        Ok(VerifiedBlob {
            compressed_bytes,
            decompressed_bytes,
        })
    }

    /// The typed error behind an input or output error that came out of this reader.
    pub fn explain(&self, error: io::Error) -> OciError {
        corrupt(&self.layer, error)
    }
}

impl<R: Read> Read for LayerReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tar.read(buffer)
    }
}

/// Typed errors travel through `io::Error`; everything else is the decompressor's.
fn corrupt(layer: &Layer, error: io::Error) -> OciError {
    match error.downcast::<OciError>() {
        Ok(error) => error,
        Err(error) => OciError::Corrupt {
            layer: layer.digest,
            detail: error.to_string(),
        },
    }
}
