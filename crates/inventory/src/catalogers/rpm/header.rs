//! A package's header: tags, each with a type and values.
//!
//! Two numbers say how many index entries and how many bytes of values follow. An entry says at
//! which of those bytes the values of its tag begin. All numbers are big endian.

use std::borrow::Cow;

use super::damage::{Damage, Order, slice};

const ENTRY: usize = 16;
const ORDER: Order = Order::Big;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// Which fact an entry states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub u32);

impl Tag {
    pub const NAME: Tag = Tag(1000);
    pub const VERSION: Tag = Tag(1001);
    pub const RELEASE: Tag = Tag(1002);
    pub const EPOCH: Tag = Tag(1003);
    pub const VENDOR: Tag = Tag(1011);
    pub const LICENSE: Tag = Tag(1014);
    pub const ARCH: Tag = Tag(1022);
    /// Whole paths, as packages older than rpm 4 list their files.
    pub const OLD_FILE_NAMES: Tag = Tag(1027);
    pub const SOURCE_RPM: Tag = Tag(1044);
    /// For each file, the position of its directory.
    pub const DIR_INDEXES: Tag = Tag(1116);
    pub const BASE_NAMES: Tag = Tag(1117);
    pub const DIR_NAMES: Tag = Tag(1118);
    pub const MODULARITY_LABEL: Tag = Tag(5096);
}

/// A header whose entries and values lie within its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    entries: &'a [u8],
    values: &'a [u8],
}

struct Entry<'a> {
    kind: u32,
    count: usize,
    /// From the first value to the end of all values.
    values: &'a [u8],
}

impl<'a> Header<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Damage> {
        let entries = ORDER.size(bytes, 0)?;
        let entries = entries.checked_mul(ENTRY).ok_or(Damage::Bounds)?;
        let length = ORDER.size(bytes, 4)?;
        let values_at = entries.checked_add(8).ok_or(Damage::Bounds)?;
        Ok(Self {
            entries: slice(bytes, 8, entries)?,
            values: slice(bytes, values_at, length)?,
        })
    }

    /// Bytes of all that it holds.
    pub fn length(&self) -> usize {
        self.entries.len() + self.values.len()
    }

    /// What rpm adds to a header that is installed comes after what the package brought, and counts.
    fn entry(&self, tag: Tag) -> Result<Option<Entry<'a>>, Damage> {
        let mut entries = self.entries.chunks_exact(ENTRY).rev();
        let Some(entry) = entries.find(|entry| ORDER.u32(entry, 0) == Ok(tag.0)) else {
            return Ok(None);
        };
        let at = ORDER.size(entry, 8)?;
        Ok(Some(Entry {
            kind: ORDER.u32(entry, 4)?,
            count: ORDER.size(entry, 12)?,
            values: self.values.get(at..).ok_or(Damage::Bounds)?,
        }))
    }

    /// The first string of a tag.
    pub fn string(&self, tag: Tag) -> Result<Option<Cow<'a, str>>, Damage> {
        let first = self.strings(tag)?.next();
        Ok(first.transpose()?.map(String::from_utf8_lossy))
    }

    /// Every string of a tag.
    pub fn strings(
        &self,
        tag: Tag,
    ) -> Result<impl Iterator<Item = Result<&'a [u8], Damage>> + use<'a>, Damage> {
        let (count, mut rest) = match self.entry(tag)? {
            Some(entry) if [STRING, STRING_ARRAY, I18N_STRING].contains(&entry.kind) => {
                (entry.count, entry.values)
            }
            Some(_) => return Err(Damage::Kind),
            None => (0, &[][..]),
        };
        Ok((0..count).map_while(move |_| {
            let end = memchr::memchr(0, rest);
            let string = end.map(|end| &rest[..end]).ok_or(Damage::Bounds);
            // Past the last string that is whole, there is one error and no more.
            if rest.is_empty() {
                return None;
            }
            rest = end.map_or(&[], |end| &rest[end + 1..]);
            Some(string)
        }))
    }

    /// Every number of a tag.
    pub fn numbers(&self, tag: Tag) -> Result<impl Iterator<Item = u32> + use<'a>, Damage> {
        let numbers = match self.entry(tag)? {
            Some(entry) if entry.kind == INT32 => {
                let length = entry.count.checked_mul(4).ok_or(Damage::Bounds)?;
                slice(entry.values, 0, length)?
            }
            Some(_) => return Err(Damage::Kind),
            None => &[],
        };
        Ok(numbers
            .chunks_exact(4)
            .filter_map(|number| ORDER.u32(number, 0).ok()))
    }
}
