//! Where things lie in the file: header, sections, block digests.
//!
//! ```text
//! header           one block: magic, format, file length, sections, revision
//! sections         groups, advisories, advisory index, postings, keys, ids, strings, lists,
//!                  exploit scores, known exploited, lifecycles, info
//! block digests    SHA-256 of every block of the sections
//! ```
//!
//! The revision is the SHA-256 of the header before it and the block digests, so it covers every
//! byte. Opening hashes those two only; a block is hashed when it is first touched.

use aws_lc_rs::digest::{Context, SHA256};
use scanyard_package::Digest;

/// Bytes under one digest: a memory page, so that checking touches nothing that reading would not.
pub(crate) const BLOCK: usize = 4096;
/// Bytes of one block digest.
pub(crate) const DIGEST: usize = 32;
/// The number of the format that this program reads and writes.
pub(crate) const FORMAT: u32 = 2;

const MAGIC: &[u8; 8] = b"scanyadv";
const SECTIONS: usize = 12;
pub(crate) const REVISION_AT: usize = BLOCK - DIGEST;

/// A stretch of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// Where everything lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What the revision says about itself.
    pub(crate) info: Section,
    /// Hash table from (ecosystem, name) to its group.
    pub(crate) keys: Section,
    /// Hash table from id to its posting.
    pub(crate) ids: Section,
    /// Entries, grouped by key, in key order.
    pub(crate) groups: Section,
    /// Which records name an id, and how.
    pub(crate) postings: Section,
    /// Where each advisory starts, eight bytes each.
    pub(crate) advisory_index: Section,
    /// Advisories in order of their id.
    pub(crate) advisories: Section,
    /// Every different string, once.
    pub(crate) strings: Section,
    /// Every different list of strings, once.
    pub(crate) lists: Section,
    /// Exploit prediction scores, sixteen bytes each, in order of the CVEs.
    pub(crate) epss: Section,
    /// The CVEs that are known to be exploited, eight bytes each, in order.
    pub(crate) known_exploited: Section,
    /// When releases of distros end.
    pub(crate) lifecycles: Section,
    /// Length of the whole file.
    pub(crate) file_length: u64,
}

/// Why a header cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Foreign,
    OtherFormat(u32),
    Inconsistent,
}

impl Layout {
    /// In the order in which they lie in the file.
    fn sections(&self) -> [Section; SECTIONS] {
        [
            self.groups,
            self.advisories,
            self.advisory_index,
            self.postings,
            self.keys,
            self.ids,
            self.strings,
            self.lists,
            self.epss,
            self.known_exploited,
            self.lifecycles,
            self.info,
        ]
    }

    /// Where the block digests start, which is where the sections end.
    pub(crate) fn digests_at(&self) -> u64 {
        let end = self.info.offset.saturating_add(self.info.length);
        end.checked_next_multiple_of(BLOCK as u64)
            .unwrap_or(u64::MAX)
    }

    /// How many blocks the sections fill.
    pub(crate) fn block_count(&self) -> u64 {
        (self.digests_at() / BLOCK as u64).saturating_sub(1)
    }

    /// The header block, and the revision that it carries.
    pub(crate) fn header(&self, block_digests: &[u8]) -> ([u8; BLOCK], Digest) {
        let mut header = [0; BLOCK];
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        header[16..24].copy_from_slice(&self.file_length.to_le_bytes());
        for (index, section) in self.sections().iter().enumerate() {
            let at = 24 + index * 16;
            header[at..at + 8].copy_from_slice(&section.offset.to_le_bytes());
            header[at + 8..at + 16].copy_from_slice(&section.length.to_le_bytes());
        }
        let revision = revision_of(&header, block_digests);
        header[REVISION_AT..].copy_from_slice(revision.as_bytes());
        (header, revision)
    }

    /// Reads a header block; what it says is still to be held against the revision.
    pub(crate) fn read(header: &[u8; BLOCK]) -> Result<(Self, Digest), HeaderError> {
        if &header[..8] != MAGIC {
            return Err(HeaderError::Foreign);
        }
        let format = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        if format != FORMAT {
            return Err(HeaderError::OtherFormat(format));
        }
        let section = |index: usize| Section {
            offset: read_u64(header, 24 + index * 16),
            length: read_u64(header, 32 + index * 16),
        };
        let layout = Self {
            groups: section(0),
            advisories: section(1),
            advisory_index: section(2),
            postings: section(3),
            keys: section(4),
            ids: section(5),
            strings: section(6),
            lists: section(7),
            epss: section(8),
            known_exploited: section(9),
            lifecycles: section(10),
            info: section(11),
            file_length: read_u64(header, 16),
        };
        let mut revision = [0; DIGEST];
        revision.copy_from_slice(&header[REVISION_AT..]);
        layout.check().ok_or(HeaderError::Inconsistent)?;
        Ok((layout, Digest::from_bytes(revision)))
    }

    /// Sections follow each other, and the digests fill the rest of the file exactly.
    fn check(&self) -> Option<()> {
        let mut end = BLOCK as u64;
        for section in self.sections() {
            let in_order = section.offset >= end;
            end = section.offset.checked_add(section.length)?;
            in_order.then_some(())?;
        }
        let digests = self.block_count().checked_mul(DIGEST as u64)?;
        let length = self.digests_at().checked_add(digests)?;
        (length == self.file_length).then_some(())
    }
}

/// The revision of a file: covers the header's fields and, through their digests, every block.
pub(crate) fn revision_of(header: &[u8; BLOCK], block_digests: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(&header[..REVISION_AT]);
    context.update(block_digests);
    finish(context)
}

/// The SHA-256 of these bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    finish(context)
}

pub(crate) fn finish(context: Context) -> Digest {
    let mut bytes = [0; DIGEST];
    bytes.copy_from_slice(context.finish().as_ref());
    Digest::from_bytes(bytes)
}

pub(crate) fn read_u64(bytes: &[u8; BLOCK], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
