//! Encoded parts that wait in an unnamed file for their turn.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::bytes::{Put, Reader};

/// Bytes read at a guess: most parts are shorter, so that one call reads them.
const GUESS: usize = 512;

/// A file of length-prefixed parts that has no name and ends with the process.
pub(super) struct Spool {
    file: BufWriter<File>,
    length: u64,
}

impl Spool {
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, file),
            length: 0,
        })
    }

    /// Appends a part and says where it is.
    pub(super) fn append(&mut self, part: &[u8]) -> io::Result<u64> {
        let place = self.length;
        let mut prefix = Vec::with_capacity(10);
        prefix.put_varint(part.len() as u64);
        self.file.write_all(&prefix)?;
        self.file.write_all(part)?;
        self.length += (prefix.len() + part.len()) as u64;
        Ok(place)
    }

    /// Ends writing.
    pub(super) fn finish(self) -> io::Result<SpoolReader> {
        Ok(SpoolReader {
            file: self.file.into_inner()?,
            buffer: Vec::new(),
        })
    }
}

/// Reads parts by their place.
pub(super) struct SpoolReader {
    file: File,
    buffer: Vec<u8>,
}

impl SpoolReader {
    /// The part that was appended at this place.
    pub(super) fn read(&mut self, place: u64) -> io::Result<&[u8]> {
        self.buffer.resize(GUESS, 0);
        let read = self.file.read_at(&mut self.buffer, place)?;
        let mut head = Reader(&self.buffer[..read]);
        let length = head.varint().ok_or(io::ErrorKind::UnexpectedEof)? as usize;
        let prefix = read - head.0.len();
        if prefix + length > read {
            self.buffer.resize(prefix + length, 0);
            self.file.read_exact_at(&mut self.buffer, place)?;
        }
        Ok(&self.buffer[prefix..prefix + length])
    }
}
