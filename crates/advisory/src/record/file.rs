//! A file of records in any order: what lies between reading advisories and compiling them, and
//! what an incremental update starts from.
//!
//! Magic and format, then length-prefixed frames, then an empty frame and the SHA-256 of all
//! before it: a file that was cut or altered is recognised and read anew from its source.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::Record;
use crate::bytes::{Put, Reader};
use crate::database::layout::finish;

/// Changes whenever the reading of OSV documents or the encoding of records changes.
const MAGIC: &[u8; 12] = b"scanyrec\x02\0\0\0";
const RECORD: u8 = 1;
const UNREADABLE: u8 = 2;
/// A record of a feed: it prevails over one in the OSV schema.
const FEED_RECORD: u8 = 3;
/// No record is longer; a longer frame is damage.
const MAX_FRAME: u64 = 256 << 20;

/// A record, or what stands for one that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are records, and none is kept"
)]
pub(crate) enum Stored {
    Record(Record),
    Unreadable { id: String, reason: String },
}

impl Stored {
    /// Appends the frame of this.
    pub(crate) fn put_frame(&self, out: &mut Vec<u8>) {
        let mut frame = Vec::with_capacity(1024);
        match self {
            Self::Record(record) => {
                frame.push(match record.feed.as_str() {
                    "" => RECORD,
                    _ => FEED_RECORD,
                });
                record.encode(&mut frame);
            }
            Self::Unreadable { id, reason } => {
                frame.push(UNREADABLE);
                frame.put_bytes(id.as_bytes());
                frame.put_bytes(reason.as_bytes());
            }
        }
        out.put_bytes(&frame);
    }
}

/// A frame without its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a>(pub(crate) &'a [u8]);

impl<'a> Frame<'a> {
    /// The record's bytes, for [`Record::decode`]; `None` if it is no record.
    pub(crate) fn record(self) -> Option<&'a [u8]> {
        let record = self.0.strip_prefix(&[RECORD]);
        record.or_else(|| self.0.strip_prefix(&[FEED_RECORD]))
    }

    /// Whether a feed of its own says it, and not the OSV export.
    pub(crate) fn is_of_feed(self) -> bool {
        self.0.first() == Some(&FEED_RECORD)
    }

    /// Id and reason of what could not be read.
    pub(crate) fn unreadable(self) -> Option<(&'a str, &'a str)> {
        let mut reader = Reader(self.0.strip_prefix(&[UNREADABLE])?);
        Some((reader.text()?, reader.text()?))
    }

    pub(crate) fn id(self) -> Option<&'a str> {
        Reader(self.0.get(1..)?).text()
    }
}

/// Writes a record file.
pub(crate) struct RecordWriter {
    file: BufWriter<File>,
    context: Context,
}

impl RecordWriter {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let mut writer = Self {
            file: BufWriter::with_capacity(1 << 18, file),
            context: Context::new(&SHA256),
        };
        writer.append(MAGIC)?;
        Ok(writer)
    }

    /// Appends whole frames.
    pub(crate) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.context.update(frames);
        self.file.write_all(frames)
    }

    pub(crate) fn append_frame(&mut self, frame: Frame<'_>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(frame.0.len() + 5);
        bytes.put_bytes(frame.0);
        self.append(&bytes)
    }

    /// Completes the file on disk.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.append(&[0])?;
        let digest = finish(self.context);
        self.file.write_all(digest.as_bytes())?;
        self.file.into_inner()?.sync_all()
    }
}

/// Whether a file begins as a record file of this version does.
pub(crate) fn has_magic(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && &start == MAGIC
}

/// Passes every frame with its place to `visit`, then checks the digest.
pub(crate) fn scan(
    path: &Path,
    mut visit: impl FnMut(u64, Frame<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut context = Context::new(&SHA256);
    let mut frame = vec![0; MAGIC.len()];
    file.read_exact(&mut frame)?;
    context.update(&frame);
    if frame != MAGIC {
        return Err(damaged("it is not a record file of this version"));
    }
    let mut place = MAGIC.len() as u64;
    loop {
        let length = read_varint(&mut file, &mut context, &mut place)?;
        if length == 0 {
            break;
        }
        if length > MAX_FRAME {
            return Err(damaged("a record is too long"));
        }
        frame.clear();
        if file.by_ref().take(length).read_to_end(&mut frame)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        context.update(&frame);
        visit(place, Frame(&frame))?;
        place += length;
    }
    let mut expected = [0; 32];
    file.read_exact(&mut expected)?;
    match finish(context).as_bytes() == &expected {
        true => Ok(()),
        false => Err(damaged("its digest is another")),
    }
}

/// Reads one frame that [`scan`] found at this place.
pub(crate) fn read_frame(
    file: &File,
    place: u64,
    length: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    into.resize(length, 0);
    file.read_exact_at(into, place)
}

fn read_varint(file: &mut impl Read, context: &mut Context, place: &mut u64) -> io::Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        context.update(&byte);
        *place += 1;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok(value);
        }
    }
    Err(damaged("a length is too long"))
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("damaged record file: {what}"),
    )
}
