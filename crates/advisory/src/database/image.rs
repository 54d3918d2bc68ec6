//! The mapped file, read only through checks: bounds always, digests at first touch.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memmap2::Mmap;
use scanyard_package::Digest;

use super::layout::{self, BLOCK, DIGEST, FORMAT, HeaderError, Layout, Section};
use crate::bytes::Reader;
use crate::error::DatabaseError;

/// A mapped file. Whatever is read from it lies within bounds and has its digest.
pub(super) struct Image {
    path: PathBuf,
    file: File,
    map: Mmap,
    pub(super) layout: Layout,
    pub(super) revision: Digest,
    /// One bit a block: its digest was checked and is right.
    checked: Box<[AtomicU64]>,
    /// A block was touched that does not have its digest. Never reset.
    altered: AtomicBool,
}

impl Image {
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => DatabaseError::Missing { path: path.into() },
            _ => DatabaseError::Io {
                path: path.into(),
                source,
            },
        };
        let file = File::open(path).map_err(io)?;
        let actual = file.metadata().map_err(io)?.len();
        let mut header = [0; BLOCK];
        let read = read_up_to(&file, &mut header).map_err(io)?;
        let (layout, revision) = read_header(path, &header, read, actual)?;
        let map = map(&file).map_err(io)?;
        let blocks = layout.block_count().div_ceil(64);
        let image = Self {
            path: path.into(),
            file,
            map,
            layout,
            revision,
            checked: (0..blocks).map(|_| AtomicU64::new(0)).collect(),
            altered: AtomicBool::new(false),
        };
        if layout::revision_of(&header, image.block_digests()) != revision {
            return Err(image.altered_error("the header or the table of block digests"));
        }
        Ok(image)
    }

    fn block_digests(&self) -> &[u8] {
        let start = usize::try_from(self.layout.digests_at()).unwrap_or(usize::MAX);
        self.map.get(start..).unwrap_or_default()
    }

    pub(super) fn altered_error(&self, part: impl Into<String>) -> DatabaseError {
        DatabaseError::Altered {
            path: self.path.clone(),
            part: part.into(),
        }
    }

    /// Fails once any block that was read did not have its digest.
    pub(super) fn ensure_intact(&self) -> Result<(), DatabaseError> {
        if self.altered.load(Ordering::Acquire) {
            return Err(self.altered_error("a block that was read"));
        }
        Ok(())
    }

    /// Checks every block by reading the file, not the mapping: memory stays as it is.
    pub(super) fn verify(&self) -> Result<(), DatabaseError> {
        let io = |source| DatabaseError::Io {
            path: self.path.clone(),
            source,
        };
        let mut block = [0; BLOCK];
        self.file.read_exact_at(&mut block, 0).map_err(io)?;
        if layout::revision_of(&block, self.block_digests()) != self.revision {
            return Err(self.altered_error("the header"));
        }
        let mut at = BLOCK as u64;
        for expected in self.block_digests().chunks_exact(DIGEST) {
            self.file.read_exact_at(&mut block, at).map_err(io)?;
            if layout::sha256(&block).as_bytes() != expected {
                self.altered.store(true, Ordering::Release);
                return Err(self.altered_error(format!("the block at byte {at}")));
            }
            at += BLOCK as u64;
        }
        Ok(())
    }

    /// Writes the file to another place, at once or not at all.
    pub(super) fn copy_to(&self, path: &Path) -> std::io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut copy = tempfile::NamedTempFile::new_in(directory)?;
        copy.write_all(&self.map)?;
        copy.as_file().sync_all()?;
        copy.persist(path)?;
        Ok(())
    }

    /// Bytes of a section, if they are within it and have their digests.
    #[inline]
    pub(super) fn slice(&self, section: Section, at: u64, length: u64) -> Option<&[u8]> {
        if at.checked_add(length)? > section.length {
            return None;
        }
        let start = section.offset.checked_add(at)?;
        let end = start.checked_add(length)?;
        if length > 0 {
            for block in start / BLOCK as u64..=(end - 1) / BLOCK as u64 {
                self.check_block(block)?;
            }
        }
        self.map
            .get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// The length-prefixed bytes that start at this place of a section.
    #[inline]
    pub(super) fn framed(&self, section: Section, at: u64) -> Option<&[u8]> {
        let left = section.length.checked_sub(at)?;
        let mut head = Reader(self.slice(section, at, left.min(10))?);
        let before = head.0.len();
        let length = head.varint()?;
        let prefix = (before - head.0.len()) as u64;
        self.slice(section, at.checked_add(prefix)?, length)
    }

    /// A string of the pool; empty if it cannot be read, which marks or betrays an altered file.
    #[inline]
    pub(super) fn text(&self, at: u64) -> &str {
        self.framed(self.layout.strings, at)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// A little-endian word of a section.
    #[inline]
    pub(super) fn word(&self, section: Section, index: u64) -> Option<u64> {
        let bytes = self.slice(section, index.checked_mul(8)?, 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    #[inline]
    fn check_block(&self, block: u64) -> Option<()> {
        let index = usize::try_from(block.checked_sub(1)?).ok()?;
        let word = self.checked.get(index / 64)?;
        let bit = 1_u64 << (index % 64);
        if word.load(Ordering::Relaxed) & bit != 0 {
            return Some(());
        }
        self.check_digest(index)?;
        word.fetch_or(bit, Ordering::Relaxed);
        Some(())
    }

    #[cold]
    fn check_digest(&self, index: usize) -> Option<()> {
        let expected = self.block_digests().chunks_exact(DIGEST).nth(index)?;
        let start = (index + 1) * BLOCK;
        let block = self.map.get(start..start + BLOCK)?;
        if layout::sha256(block).as_bytes() != expected {
            self.altered.store(true, Ordering::Release);
            return None;
        }
        Some(())
    }
}

fn read_header(
    path: &Path,
    header: &[u8; BLOCK],
    read: usize,
    actual: u64,
) -> Result<(Layout, Digest), DatabaseError> {
    let (layout, revision) = Layout::read(header).map_err(|error| match error {
        HeaderError::Foreign => DatabaseError::NotADatabase { path: path.into() },
        HeaderError::OtherFormat(found) => DatabaseError::OtherFormat {
            path: path.into(),
            found,
            supported: FORMAT,
        },
        HeaderError::Inconsistent if read < BLOCK => DatabaseError::Truncated {
            path: path.into(),
            expected: BLOCK as u64,
            actual,
        },
        HeaderError::Inconsistent => DatabaseError::Altered {
            path: path.into(),
            part: "the header".into(),
        },
    })?;
    if actual < layout.file_length {
        return Err(DatabaseError::Truncated {
            path: path.into(),
            expected: layout.file_length,
            actual,
        });
    }
    if actual > layout.file_length {
        return Err(DatabaseError::Altered {
            path: path.into(),
            part: "the length".into(),
        });
    }
    Ok((layout, revision))
}

fn read_up_to(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Maps the file.
#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: a mapping is undefined behaviour only if somebody changes the file under it. Every
    // writer of ours writes aside, syncs and renames, so a file that can be opened never changes;
    // what the bytes say is checked against bounds and digests before it is used.
    unsafe { Mmap::map(file) }
}
