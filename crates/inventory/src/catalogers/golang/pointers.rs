//! Build information of Go before 1.18: addresses of strings that lie elsewhere in the file.
//!
//! The strings come before the addresses, so whatever may be one is noted in passing: the list of
//! modules by the frame that the linker puts around it, toolchain versions by how they begin.

use std::io::{self, Read};

use memchr::memmem;

use super::stream::Window;
use super::{FRAME, MAX_STRING};

/// Bytes of a window to look at again with the next: what was noted may lie across its end.
pub const OVERLAP: usize = 64;

const LIST_START: &[u8] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const LIST_END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
/// How the note with the build id names its owner, in the first page of a Go executable.
const NOTE_OWNER: &[u8] = b"Go\0\0";
const FIRST_PAGE: usize = 4096;
const LONGEST_VERSION: usize = 32;
/// A Go executable holds a few strings that begin like a version, not thousands.
const MOST_CANDIDATES: usize = 4096;
const PT_LOAD: u32 = 1;

/// What was noted of a Go executable so far.
pub struct Collected {
    segments: Vec<Segment>,
    wide: bool,
    big_endian: bool,
    versions: Vec<(u64, Vec<u8>)>,
    list: Option<Vec<u8>>,
}

/// Where in memory a part of the file is.
struct Segment {
    address: u64,
    offset: u64,
    length: u64,
}

impl Collected {
    /// Begins to note, if this is the beginning of an ELF file that Go made.
    pub fn if_old_go(head: &[u8]) -> Option<Self> {
        let page = &head[..head.len().min(FIRST_PAGE)];
        memmem::find(page, NOTE_OWNER)?;
        let wide = *head.get(4)? == 2;
        let big_endian = *head.get(5)? == 2;
        let mut collected = Self {
            segments: Vec::new(),
            wide,
            big_endian,
            versions: Vec::new(),
            list: None,
        };
        collected.segments = collected.read_segments(head)?;
        Some(collected)
    }

    fn read_segments(&self, head: &[u8]) -> Option<Vec<Segment>> {
        // Offsets of the fields that matter, in the 64 and in the 32 bit form.
        let [table, entry_size, count] = if self.wide {
            [32, 54, 56]
        } else {
            [28, 42, 44]
        };
        let [offset, address, length] = if self.wide { [8, 16, 32] } else { [4, 8, 16] };
        let table = usize::try_from(self.word(head, table)?).ok()?;
        let entry_size = usize::try_from(self.number(head, entry_size, 2)?).ok()?;
        let count = self.number(head, count, 2)? as usize;
        let mut segments = Vec::new();
        for index in 0..count {
            let entry = head.get(table.checked_add(index * entry_size)?..)?;
            if self.number(entry, 0, 4)? != u64::from(PT_LOAD) {
                continue;
            }
            segments.push(Segment {
                address: self.word(entry, address)?,
                offset: self.word(entry, offset)?,
                length: self.word(entry, length)?,
            });
        }
        Some(segments)
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number(bytes, at, self.word_size())
    }

    fn word_size(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn number(&self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let digits = bytes.get(at..at + size)?.iter();
        let append = |number: u64, digit: &u8| number << 8 | u64::from(*digit);
        Some(if self.big_endian {
            digits.fold(0, append)
        } else {
            digits.rev().fold(0, append)
        })
    }

    fn offset_of(&self, address: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let within = address.checked_sub(segment.address)?;
            (within < segment.length).then(|| segment.offset.checked_add(within))?
        })
    }

    /// Notes what may be wanted later.
    pub fn look_at(&mut self, window: &mut Window<impl Read>) -> io::Result<()> {
        if self.list.is_none()
            && let Some(start) = memmem::find(window.bytes(), LIST_START)
        {
            self.list = read_list(window, start + FRAME)?;
        }
        for at in memmem::find_iter(window.bytes(), b"go1.") {
            if self.versions.len() < MOST_CANDIDATES {
                let bytes = &window.bytes()[at..];
                let text = bytes[..bytes.len().min(LONGEST_VERSION)].to_vec();
                self.versions.push((window.start() + at as u64, text));
            }
        }
        Ok(())
    }

    /// Follows the addresses in the header at the front of the window: the version, if it was
    /// noted, and the list of modules.
    pub fn resolve(self, window: &mut Window<impl Read>) -> io::Result<(Option<String>, String)> {
        let version = self.resolve_version(window)?;
        let list = self.list.unwrap_or_default();
        Ok((version, String::from_utf8_lossy(&list).into_owned()))
    }

    fn resolve_version(&self, window: &mut Window<impl Read>) -> io::Result<Option<String>> {
        // The string's address and length lie in the data that follows.
        let place = self
            .word(window.bytes(), 16)
            .and_then(|address| self.offset_of(address));
        let Some(place) = place else { return Ok(None) };
        let size = self.word_size();
        if !window.move_to(place)? || !window.ensure(2 * size)? {
            return Ok(None);
        }
        let (address, length) = (
            self.word(window.bytes(), 0),
            self.word(window.bytes(), size),
        );
        let text = address
            .and_then(|address| self.offset_of(address))
            .zip(length.and_then(|length| usize::try_from(length).ok()))
            .and_then(|(offset, length)| {
                let mut noted = self.versions.iter().filter(|(at, _)| *at == offset);
                noted.find_map(|(_, text)| text.get(..length))
            });
        Ok(text.map(|text| String::from_utf8_lossy(text).into_owned()))
    }
}

fn read_list(window: &mut Window<impl Read>, start: usize) -> io::Result<Option<Vec<u8>>> {
    loop {
        let list = &window.bytes()[start..];
        if let Some(length) = memmem::find(list, LIST_END) {
            return Ok(Some(list[..length].to_vec()));
        }
        if list.len() > MAX_STRING || !window.fill()? {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use scanyard_package::Limits;

    use crate::catalogers::golang::{MAGIC, catalog};

    /// A little-endian ELF file of one segment at 0x1000, with the strings before the addresses.
    fn old_executable() -> Vec<u8> {
        let mut file = vec![0; 0x400];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32..40].copy_from_slice(&64u64.to_le_bytes());
        file[54..56].copy_from_slice(&56u16.to_le_bytes());
        file[56..58].copy_from_slice(&1u16.to_le_bytes());
        file[64..68].copy_from_slice(&1u32.to_le_bytes());
        file[64 + 16..64 + 24].copy_from_slice(&0x1000u64.to_le_bytes());
        file[64 + 32..64 + 40].copy_from_slice(&0x4000u64.to_le_bytes());
        file[0x200..0x204].copy_from_slice(super::NOTE_OWNER);
        file.extend(b"xxgo1.17.13runtime: ");
        file.extend(super::LIST_START);
        file.extend(b"path\tx\nmod\texample.com/app\tv1.0.0\t\ndep\texample.com/y\tv0.3.0\th1:a\n");
        file.extend(super::LIST_END);
        file.resize(0x600, 0);
        file.extend(MAGIC);
        file.extend([8, 0]);
        file.extend(0x1800u64.to_le_bytes());
        file.extend(0x1810u64.to_le_bytes());
        file.resize(0x800, 0);
        file.extend(0x1402u64.to_le_bytes());
        file.extend(9u64.to_le_bytes());
        file.resize(0x1000, 0);
        file
    }

    #[test]
    fn addresses_are_followed_to_version_and_modules() {
        let file = old_executable();
        let found = catalog(file.as_slice(), &Limits::default())
            .unwrap()
            .unwrap();
        let names: Vec<_> = found
            .packages
            .iter()
            .map(|p| format!("{}@{}", p.package.name, p.package.version))
            .collect();
        let expected = [
            "stdlib@1.17.13",
            "example.com/app@v1.0.0",
            "example.com/y@v0.3.0",
        ];
        assert_eq!(names, expected);
        assert!(found.unknowns.is_empty());
    }

    #[test]
    fn addresses_that_lead_nowhere_leave_the_version_unknown() {
        let mut file = old_executable();
        file[0x800..0x808].fill(0xff);
        let found = catalog(file.as_slice(), &Limits::default())
            .unwrap()
            .unwrap();
        assert_eq!(found.packages.len(), 2);
        assert_eq!(found.unknowns.len(), 1);
    }
}
