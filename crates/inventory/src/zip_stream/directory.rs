//! The directory at an archive's end, held against the entries that were met before it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::ZipError;
use super::header::{ELSEWHERE, half, large_field, long, word};
use super::source::Source;

const RECORD_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
const LARGE_END_LENGTH: usize = 56;

/// Where an entry begins, a hash of its name, and the bytes that it takes: what an archive's two
/// accounts of it must agree on.
type Place = (u64, u64, u64);

/// Which entries an archive has, by the word of its directory.
#[derive(Debug)]
pub struct Directory {
    /// Where listed entries begin, in order.
    listed: Vec<u64>,
    /// Whether it lists an entry that was not met: the archive hides something.
    pub hides_entries: bool,
}

impl Directory {
    /// Whether it lists an entry that begins here.
    pub fn lists(&self, position: u64) -> bool {
        self.listed.binary_search(&position).is_ok()
    }
}

/// Gathers entries and records.
#[derive(Default)]
pub struct DirectoryReader {
    met: Vec<Place>,
    listed: Vec<Place>,
    /// Where the last directory begins.
    start: u64,
    /// Where it should begin by its own word.
    offset: Option<u64>,
    large_offset: Option<u64>,
    in_records: bool,
    /// Whether it lists as many as it says.
    is_whole: bool,
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl DirectoryReader {
    /// Notes an entry whose length is to be told; false when there are too many.
    pub fn meet(&mut self, position: u64, name: &[u8], limit: usize) -> bool {
        self.in_records = false;
        self.met.push((position, hash(name), 0));
        self.met.len() <= limit
    }

    /// Notes how long the entry was that was met last.
    pub fn leave(&mut self, length: u64) {
        if let Some((.., known)) = self.met.last_mut() {
            *known = length;
        }
    }

    /// Reads a record. One after entries begins another directory, in the place of any before.
    pub fn read_record(&mut self, source: &mut Source<'_>, limit: usize) -> Result<(), ZipError> {
        if !self.in_records {
            *self = Self {
                met: std::mem::take(&mut self.met),
                start: source.position(),
                in_records: true,
                ..Self::default()
            };
        }
        source.fill(RECORD_LENGTH)?;
        let bytes = source.bytes();
        let length_at = |at| usize::from(half(bytes, at).unwrap_or_default());
        let name_end = RECORD_LENGTH + length_at(28);
        let extra_end = name_end + length_at(30);
        let comment_length = length_at(32);
        if !source.fill(extra_end)? {
            return Err(ZipError::Malformed("the archive ends in its directory"));
        }
        let bytes = source.bytes();
        let extra = &bytes[name_end..extra_end];
        let is_elsewhere = |at| word(bytes, at) == Some(ELSEWHERE);
        // What is elsewhere stands there in this order: full size, size, offset.
        let number = |at, before: usize| match is_elsewhere(at) {
            true => large_field(extra, before),
            false => word(bytes, at).map(u64::from),
        };
        let size = number(20, usize::from(is_elsewhere(24)));
        let offset = number(
            42,
            usize::from(is_elsewhere(20)) + usize::from(is_elsewhere(24)),
        );
        let name = hash(&bytes[RECORD_LENGTH..name_end]);
        // A record without a place lists something that nobody can have met.
        let place = (offset.unwrap_or(u64::MAX), name, size.unwrap_or(u64::MAX));
        self.listed.push(place);
        source.consume(extra_end);
        source.fill(comment_length)?;
        source.consume(comment_length);
        if self.listed.len() > limit {
            let limit = format!("more than {limit} entries in the directory of an archive");
            return Err(ZipError::Limit(limit));
        }
        Ok(())
    }

    /// Reads the end of a directory with large offsets.
    pub fn read_large_end(&mut self, source: &mut Source<'_>) -> Result<(), ZipError> {
        source.fill(LARGE_END_LENGTH)?;
        self.large_offset = long(source.bytes(), 48);
        source.consume(LARGE_END_LENGTH);
        Ok(())
    }

    /// Reads the end of the directory.
    pub fn read_end(&mut self, source: &mut Source<'_>) -> Result<(), ZipError> {
        source.fill(END_LENGTH)?;
        let offset = word(source.bytes(), 16);
        if !self.in_records {
            self.listed.clear();
            self.start = offset.map_or(0, u64::from);
        }
        self.in_records = false;
        // The count is of two bytes; one that does not fit there is cut.
        let count = half(source.bytes(), 10);
        self.is_whole = count == Some(self.listed.len() as u16)
            || (count == Some(u16::MAX) && self.large_offset.is_some());
        self.offset = match offset {
            Some(ELSEWHERE) => self.large_offset,
            offset => offset.map(u64::from),
        };
        source.consume(END_LENGTH);
        Ok(())
    }

    /// The directory, if it was read to its end.
    pub fn finish(mut self) -> Option<Directory> {
        // What stands in front of an archive can be missing from its offsets.
        let shift = self.start.wrapping_sub(self.offset?);
        for (offset, ..) in &mut self.listed {
            *offset = offset.wrapping_add(shift);
        }
        self.met.sort_unstable();
        self.listed.sort_unstable();
        let met = &self.met;
        let is_met = |place: &Place| met.binary_search(place).is_ok();
        Some(Directory {
            hides_entries: !self.is_whole || !self.listed.iter().all(is_met),
            listed: self.listed.into_iter().map(|(offset, ..)| offset).collect(),
        })
    }
}
