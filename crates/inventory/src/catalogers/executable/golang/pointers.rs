//! Build information of Go before 1.18: addresses of strings that lie elsewhere in the file.
//!
//! The strings come before the addresses, so whatever may be one is noted in passing: the list of
//! modules by the frame that the linker puts around it, toolchain versions by how they begin.

use std::io;

use memchr::memmem;

use super::{FRAME, Found, MAX_LIST, Window};

/// How the linker frames the list of modules.
pub const LIST_START: &[u8] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
pub const LIST_END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
/// How the note with the build id names its owner, in the first page of a Go executable.
pub const NOTE_OWNER: &[u8] = b"Go\0\0";
/// Bytes of a file's beginning that have the note and the table of segments.
pub const FIRST_PAGE: usize = 4096;
/// By how much a list is read on while its end is not in sight.
const LIST_STEP: usize = 64 << 10;
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
    list: Option<(u64, Vec<u8>)>,
    version_start: memmem::Finder<'static>,
    list_start: memmem::Finder<'static>,
}

/// A header of old build information.
pub struct Header {
    place: u64,
    /// Where the string lies that is the toolchain's version.
    leads_to: Option<u64>,
}

/// Where in memory a part of the file is.
struct Segment {
    address: u64,
    offset: u64,
    length: u64,
}

impl Collected {
    /// Begins to note, if this first page is that of an ELF file that Go made.
    pub fn if_old_go(head: &[u8]) -> Option<Self> {
        memmem::find(head, NOTE_OWNER)?;
        let wide = *head.get(4)? == 2;
        let big_endian = *head.get(5)? == 2;
        let mut collected = Self {
            segments: Vec::new(),
            wide,
            big_endian,
            versions: Vec::new(),
            list: None,
            version_start: memmem::Finder::new(b"go1."),
            list_start: memmem::Finder::new(LIST_START),
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
    pub fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let fresh = window.fresh();
        if self.list.is_none()
            && let Some(start) = window.find(&self.list_start, fresh.start)
        {
            let place = window.start() + start as u64;
            let text = read_list(window, start + FRAME)?;
            self.list = Some((place, text));
        }
        let mut from = fresh.start;
        while self.versions.len() < MOST_CANDIDATES
            && let Some(at) = window.find(&self.version_start, from)
        {
            let bytes = &window.bytes()[at..];
            let text = bytes[..bytes.len().min(LONGEST_VERSION)].to_vec();
            self.versions.push((window.start() + at as u64, text));
            from = at + 1;
        }
        Ok(())
    }

    /// Reads the header of build information that lies at this place of the file.
    pub fn read_header(&self, header: &[u8], place: u64) -> Header {
        let leads_to = self
            .word(header, 16)
            .and_then(|address| self.offset_of(address))
            // The string's address and length lie in the data that follows.
            .filter(|leads_to| *leads_to >= place);
        Header { place, leads_to }
    }

    /// What the header leads to; `None` while that lies ahead.
    pub fn follow(&self, header: &Header, window: &Window<'_>) -> Option<Found> {
        let size = self.word_size();
        let version = match header.leads_to {
            Some(place) => {
                // Fresh places of the window come after the header, so this is not behind it.
                let at = usize::try_from(place.checked_sub(window.start())?).ok()?;
                let string = window.bytes().get(at..at.checked_add(2 * size)?)?;
                self.version_of(string, header)
            }
            None => None,
        };
        let list = self.list_before(header);
        Some(Found::Strings { version, list })
    }

    /// The list of modules, if it was met before the header.
    pub fn list_before(&self, header: &Header) -> String {
        let list = self.list.as_ref().filter(|(at, _)| *at < header.place);
        list.map(|(_, text)| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    }

    /// The version at the address, and of the length, that a string in memory consists of.
    fn version_of(&self, string: &[u8], header: &Header) -> Option<String> {
        let offset = self.offset_of(self.word(string, 0)?)?;
        let length = usize::try_from(self.word(string, self.word_size())?).ok()?;
        let mut noted = self.versions.iter();
        let text = noted
            .find(|(at, _)| *at == offset && offset < header.place)
            .and_then(|(_, text)| text.get(..length))?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

/// The list that begins at this place of the window; empty when it does not end.
fn read_list(window: &mut Window<'_>, start: usize) -> io::Result<Vec<u8>> {
    let mut searched = start;
    loop {
        if let Some(at) = memmem::find(&window.bytes()[searched..], LIST_END) {
            return Ok(window.bytes()[start..searched + at].to_vec());
        }
        let held = window.bytes().len();
        searched = held.saturating_sub(LIST_END.len() - 1).max(start);
        if held - start > MAX_LIST
            || !window.ensure(held + LIST_STEP)? && window.bytes().len() == held
        {
            return Ok(Vec::new());
        }
    }
}
