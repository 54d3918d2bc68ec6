//! Writes the file: sections one after the other, their blocks' digests, then the header.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::bytes::Put;
use crate::database::layout::{BLOCK, Layout, Section, sha256};

/// The file while it is written.
pub(super) struct Output {
    file: BufWriter<File>,
    /// Bytes of sections so far.
    length: u64,
    block: Vec<u8>,
    digests: Vec<u8>,
}

impl Output {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        // The header's place: it is written last.
        file.write_all(&[0; BLOCK])?;
        Ok(Self {
            file,
            length: 0,
            block: Vec::with_capacity(BLOCK),
            digests: Vec::new(),
        })
    }

    /// Where the next byte goes; pass to [`Output::section_since`] when the section is complete.
    pub(super) fn start(&self) -> u64 {
        self.length
    }

    pub(super) fn section_since(&self, start: u64) -> Section {
        Section {
            offset: BLOCK as u64 + start,
            length: self.length - start,
        }
    }

    pub(super) fn write_section(&mut self, bytes: &[u8]) -> io::Result<Section> {
        let start = self.start();
        self.write(bytes)?;
        Ok(self.section_since(start))
    }

    /// Writes a length and that many bytes; says where in the section that began at `start`.
    pub(super) fn write_framed(&mut self, start: u64, bytes: &[u8]) -> io::Result<u64> {
        let place = self.length - start;
        let mut prefix = Vec::with_capacity(10);
        prefix.put_varint(bytes.len() as u64);
        self.write(&prefix)?;
        self.write(bytes)?;
        Ok(place)
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = BLOCK - self.block.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.end_block()?;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.digests
            .extend_from_slice(sha256(&self.block).as_bytes());
        self.file.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    /// Completes the file on disk.
    pub(super) fn finish(mut self, mut layout: Layout) -> io::Result<()> {
        if !self.block.is_empty() {
            self.block.resize(BLOCK, 0);
            self.end_block()?;
        }
        self.file.write_all(&self.digests)?;
        layout.file_length = layout.digests_at() + self.digests.len() as u64;
        let (header, _) = layout.header(&self.digests);
        let file = self.file.into_inner()?;
        file.write_all_at(&header, 0)?;
        file.sync_all()
    }
}
