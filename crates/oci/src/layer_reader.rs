//! A layer's tar out of its blob: decompressed, hashed on both sides, bounded.

use std::io::{self, BufRead, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::MultiGzDecoder;
use scanyard_package::{Digest, Limits};

use crate::{Layer, OciError};

const BUFFER: usize = 128 << 10;
/// Largest window that a zstd frame may ask for: 128 MiB, what `zstd --ultra` writes.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Ratios are not looked at before this many bytes: small runs of zeros compress well.
const RATIO_FROM: u64 = 64 << 20;

/// Reads the uncompressed tar of a layer.
pub struct LayerReader<R: Read> {
    decoder: Decoder<Hashed<R>>,
    layer: Layer,
    limits: Limits,
    hash: Context,
    count: u64,
}

/// A layer whose blob digest was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedLayer {
    /// The digest that we computed of the uncompressed tar.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub compressed_bytes: u64,
    /// Bytes of the tar.
    pub decompressed_bytes: u64,
}

enum Decoder<R: Read> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<R>>>),
}

impl<R: Read> Decoder<R> {
    fn inner(&mut self) -> &mut BufReader<R> {
        match self {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Hashes and counts what passes.
struct Hashed<R> {
    reader: R,
    hash: Context,
    count: u64,
    limit: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.count += count as u64;
        if self.count > self.limit {
            return Err(over("the layer blob", format!("{} bytes", self.limit)));
        }
        Ok(count)
    }
}

fn over(what: &str, limit: String) -> io::Error {
    io::Error::other(OciError::Limit {
        what: what.to_owned(),
        limit,
    })
}

fn digest_of(hash: Context) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Digest::from_bytes(bytes)
}

impl<R: Read> LayerReader<R> {
    /// Starts to read a layer. The first bytes decide how it is compressed, not its media type.
    ///
    /// # Errors
    ///
    /// Whatever reading the first bytes brings.
    pub fn new(reader: R, layer: &Layer, limits: &Limits) -> Result<Self, OciError> {
        let hash = Context::new(&SHA256);
        let hashed = Hashed {
            reader,
            hash,
            count: 0,
            limit: limits.compressed_bytes,
        };
        let mut buffered = BufReader::with_capacity(BUFFER, hashed);
        let error = |error| corrupt(layer, error);
        let head = buffered.fill_buf().map_err(error)?;
        let decoder = if head.starts_with(&[0x1f, 0x8b]) {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable_frame(head) {
            let mut decoder = zstd::Decoder::with_buffer(buffered).map_err(error)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(error)?;
            Decoder::Zstd(Box::new(decoder))
        } else {
            Decoder::Plain(buffered)
        };
        let hash = Context::new(&SHA256);
        Ok(Self {
            decoder,
            layer: layer.clone(),
            limits: *limits,
            hash,
            count: 0,
        })
    }

    /// Reads what is left and checks the blob's digest.
    ///
    /// # Errors
    ///
    /// [`OciError::DigestMismatch`], or what reading the rest brings.
    pub fn finish(mut self) -> Result<VerifiedLayer, OciError> {
        io::copy(&mut self, &mut io::sink()).map_err(|error| corrupt(&self.layer, error))?;
        let inner = self.decoder.inner();
        io::copy(inner, &mut io::sink()).map_err(|error| corrupt(&self.layer, error))?;
        let compressed_bytes = inner.get_ref().count;
        let actual = digest_of(inner.get_ref().hash.clone());
        if actual != self.layer.digest {
            let expected = self.layer.digest;
            return Err(OciError::DigestMismatch {
                what: "the layer",
                expected,
                actual,
            });
        }
        Ok(VerifiedLayer {
            diff_id: digest_of(self.hash),
            compressed_bytes,
            decompressed_bytes: self.count,
        })
    }

    /// The typed error behind an input or output error that came out of this reader.
    pub fn explain(&self, error: io::Error) -> OciError {
        corrupt(&self.layer, error)
    }

    fn check_limits(&mut self) -> io::Result<()> {
        if self.count > self.limits.decompressed_bytes {
            let limit = format!("{} decompressed bytes", self.limits.decompressed_bytes);
            return Err(over("the layer", limit));
        }
        let compressed = self.decoder.inner().get_ref().count.max(1);
        if self.count > RATIO_FROM && self.count / compressed > self.limits.compression_ratio {
            let limit = format!(
                "{} times its compressed size",
                self.limits.compression_ratio
            );
            return Err(over("the layer", limit));
        }
        Ok(())
    }
}

fn is_skippable_frame(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18]
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

impl<R: Read> Read for LayerReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.decoder {
            Decoder::Plain(reader) => reader.read(buffer)?,
            Decoder::Gzip(decoder) => decoder.read(buffer)?,
            Decoder::Zstd(decoder) => decoder.read(buffer)?,
        };
        self.hash.update(&buffer[..count]);
        self.count += count as u64;
        self.check_limits()?;
        Ok(count)
    }
}
