//! The bytes of one entry, as they stand in the archive.

use memchr::memmem;

use super::ZipError;
use super::header::{long, short_of, word};
use super::source::Source;

/// What is asked of the stream at once while the end of an entry is looked for.
const STRETCH: usize = 64 << 10;
/// Bytes after a signature that tell whether it ends the entry.
const AHEAD: usize = 32;
/// Bytes of a descriptor that can stand before a signature, and those after one.
const TAIL: usize = AHEAD + 20;

/// The bytes of one entry: how many have been read, and how its end is known.
pub struct Body {
    end: End,
    read: u64,
}

enum End {
    /// After so many more bytes.
    After(u64),
    /// At the descriptor that gives as its length what has been read until then. So many of the
    /// next bytes have been found to stand before it.
    Descriptor { widths: Widths, clear: usize },
}

/// Bytes of the numbers in a descriptor: as its header promises, then as it may be nevertheless.
#[derive(Clone, Copy)]
enum Widths {
    ShortThenLong,
    LongThenShort,
}

/// What a stretch of an entry without known length holds.
enum Found {
    /// So many bytes of the entry, and more to come.
    Content(usize),
    /// A descriptor of this length, at the front.
    Descriptor(usize),
}

impl Body {
    /// The body of no entry.
    pub fn none() -> Self {
        Self::of_length(0)
    }

    pub fn of_length(length: u64) -> Self {
        Self {
            end: End::After(length),
            read: 0,
        }
    }

    /// A body that ends at a descriptor, whose header announces sizes of eight bytes or does not.
    pub fn until_descriptor(is_large: bool) -> Self {
        let widths = match is_large {
            true => Widths::LongThenShort,
            false => Widths::ShortThenLong,
        };
        Self {
            end: End::Descriptor { widths, clear: 0 },
            read: 0,
        }
    }

    /// Bytes that have been read of it, which at its end are all.
    pub fn length(&self) -> u64 {
        self.read
    }

    /// What can be read next; empty at the end.
    pub fn fill<'s>(&mut self, source: &'s mut Source<'_>) -> Result<&'s [u8], ZipError> {
        let length = match &mut self.end {
            End::After(0) => 0,
            End::After(left) => {
                if !source.fill(1)? {
                    return Err(ZipError::Malformed("the archive ends inside an entry"));
                }
                short_of(*left).min(source.bytes().len())
            }
            End::Descriptor { clear, .. } if *clear > 0 => *clear,
            End::Descriptor { widths, clear } => {
                source.fill(STRETCH)?;
                match look_for_end(source.bytes(), self.read, *widths, source.has_ended()) {
                    Some(Found::Content(length)) => {
                        *clear = length;
                        length
                    }
                    Some(Found::Descriptor(length)) => {
                        source.consume(length);
                        self.end = End::After(0);
                        0
                    }
                    None => return Err(ZipError::Malformed("the archive ends inside an entry")),
                }
            }
        };
        Ok(&source.bytes()[..length])
    }

    /// Moves over some of what was to be read next.
    pub fn consume(&mut self, source: &mut Source<'_>, count: usize) {
        source.consume(count);
        self.read += count as u64;
        match &mut self.end {
            End::After(left) => *left = left.saturating_sub(count as u64),
            End::Descriptor { clear, .. } => *clear = clear.saturating_sub(count),
        }
    }

    /// Moves over all of what was to be read next.
    pub fn skip(&mut self, source: &mut Source<'_>) {
        let held = source.bytes().len();
        let count = match self.end {
            End::After(left) => short_of(left).min(held),
            End::Descriptor { clear, .. } => clear,
        };
        self.consume(source, count);
    }
}

/// Looks for the descriptor in bytes before which `read` others belong to the entry. `None` when
/// the stream has ended without one.
fn look_for_end(bytes: &[u8], read: u64, widths: Widths, ended: bool) -> Option<Found> {
    for at in memmem::find_iter(bytes, b"PK") {
        if at + AHEAD > bytes.len() && !ended {
            break;
        }
        if let Some((start, length)) = descriptor_near(bytes, at, read, widths) {
            return Some(match start {
                0 => Found::Descriptor(length),
                start => Found::Content(start),
            });
        }
    }
    match ended {
        true => None,
        false => Some(Found::Content(bytes.len().saturating_sub(TAIL))),
    }
}

/// The place and length of the descriptor that this `PK` is a part of, or directly follows.
fn descriptor_near(bytes: &[u8], at: usize, read: u64, widths: Widths) -> Option<(usize, usize)> {
    let widths = match widths {
        Widths::ShortThenLong => [4, 8],
        Widths::LongThenShort => [8, 4],
    };
    let is_size = |place: usize, width: usize, start: usize| {
        let size = match width {
            4 => word(bytes, place).map(u64::from),
            _ => long(bytes, place),
        };
        size == Some(read + start as u64)
    };
    match bytes.get(at + 2..at + 4)? {
        // Signature, checksum, two sizes. A header follows, which makes it improbable that some
        // content only looks so.
        [7, 8] => widths.into_iter().find_map(|width| {
            let length = 8 + 2 * width;
            let next = at + length;
            let ends = bytes.get(next..next + 2) == Some(b"PK");
            (ends && is_size(at + 8, width, at)).then_some((at, length))
        }),
        // The signature of a descriptor may be missing; then the next header follows directly.
        [3, 4] | [1, 2] => widths.into_iter().find_map(|width| {
            let length = 4 + 2 * width;
            let start = at.checked_sub(length)?;
            is_size(start + 4, width, start).then_some((start, length))
        }),
        _ => None,
    }
}
