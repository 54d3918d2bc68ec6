//! Decompression under limits, whatever the compression: what a blob is, its first bytes say.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use scanyard_package::Limits;

use crate::OciError;

const BUFFER: usize = 128 << 10;
/// A tar header, which is the longest thing that has to be seen to know what a blob is.
const HEAD: u64 = 512;
/// Largest window that a zstd frame may ask for: 128 MiB, what `zstd --ultra` writes.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Ratios are not looked at before this many bytes: small runs of zeros compress well.
const RATIO_FROM: u64 = 64 << 20;

/// Reads what a blob holds: gzip with any number of members, zstd with any number of frames, or a
/// tar that is not compressed.
pub struct Decompressor<R: Read> {
    decoder: Decoder<Replayed<Counted<R>>>,
    limits: Limits,
    count: u64,
}

/// The head that was looked at, and then the rest.
type Replayed<R> = Chain<Cursor<Vec<u8>>, R>;

enum Decoder<R: Read> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<R>>>),
}

impl<R: Read> Decoder<R> {
    fn inner(&self) -> &BufReader<R> {
        match self {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(decoder) => decoder.get_ref(),
            Decoder::Zstd(decoder) => decoder.get_ref(),
        }
    }

    fn inner_mut(&mut self) -> &mut BufReader<R> {
        match self {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Counts what passes, up to a limit.
struct Counted<R> {
    reader: R,
    count: u64,
    limit: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.count += count as u64;
        if self.count > self.limit {
            return Err(over("the blob", format!("{} bytes", self.limit)));
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

impl<R: Read> Decompressor<R> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    ///
    /// What reading brings, and [`io::ErrorKind::InvalidData`] for what is neither compressed in a
    /// known way nor a tar. An [`OciError::Limit`] travels inside the error.
    pub fn new(reader: R, limits: &Limits) -> io::Result<Self> {
        let mut counted = Counted {
            reader,
            count: 0,
            limit: limits.compressed_bytes,
        };
        let mut head = Vec::with_capacity(HEAD as usize);
        counted.by_ref().take(HEAD).read_to_end(&mut head)?;
        let is_gzip = head.starts_with(&[0x1f, 0x8b]);
        let is_zstd = head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable_frame(&head);
        if !is_gzip && !is_zstd && !is_tar(&head) {
            let detail = "it is neither gzip nor zstd nor a tar";
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        let buffered = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(counted));
        let decoder = if is_gzip {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else if is_zstd {
            let mut decoder = zstd::Decoder::with_buffer(buffered)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Decoder::Zstd(Box::new(decoder))
        } else {
            Decoder::Plain(buffered)
        };
        Ok(Self {
            decoder,
            limits: *limits,
            count: 0,
        })
    }

    /// Bytes that came out so far.
    pub fn decompressed_bytes(&self) -> u64 {
        self.count
    }

    /// Bytes that were read so far, those in the buffer included.
    pub fn compressed_bytes(&self) -> u64 {
        self.decoder.inner().get_ref().get_ref().1.count
    }

    /// Reads to the very end of the blob, past what the decompressor wanted of it, and gives the
    /// reader back.
    ///
    /// # Errors
    ///
    /// What reading the rest brings.
    pub fn drain(mut self) -> io::Result<R> {
        io::copy(&mut self, &mut io::sink())?;
        io::copy(self.decoder.inner_mut(), &mut io::sink())?;
        let buffered = match self.decoder {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.finish(),
        };
        Ok(buffered.into_inner().into_inner().1.reader)
    }

    fn check_limits(&self) -> io::Result<()> {
        if self.count > self.limits.decompressed_bytes {
            let limit = format!("{} decompressed bytes", self.limits.decompressed_bytes);
            return Err(over("the blob", limit));
        }
        let ratio = self.count / self.compressed_bytes().max(1);
        if self.count > RATIO_FROM && ratio > self.limits.compression_ratio {
            let limit = format!(
                "{} times its compressed size",
                self.limits.compression_ratio
            );
            return Err(over("the blob", limit));
        }
        Ok(())
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.decoder {
            Decoder::Plain(reader) => reader.read(buffer)?,
            Decoder::Gzip(decoder) => decoder.read(buffer)?,
            Decoder::Zstd(decoder) => decoder.read(buffer)?,
        };
        self.count += count as u64;
        self.check_limits()?;
        Ok(count)
    }
}

fn is_skippable_frame(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18]
}

/// Whether a tar begins like this: with a header whose checksum is right, or with its end.
fn is_tar(head: &[u8]) -> bool {
    if head.iter().all(|byte| *byte == 0) {
        return true;
    }
    let Some(header) = head.first_chunk::<512>() else {
        return false;
    };
    let field = String::from_utf8_lossy(&header[148..156]);
    let digits = field.trim_matches(['\0', ' ']);
    let Ok(expected) = u32::from_str_radix(digits, 8) else {
        return false;
    };
    // The sum is over the header with its own field as spaces.
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    sum == expected
}
