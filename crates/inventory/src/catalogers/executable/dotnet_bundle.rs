//! .NET applications in a single file: the host, behind it all files of the application, and at
//! the end a header that says where each lies.
//!
//! The host holds a signature after the header's place. Of the files only the list of libraries
//! matters, which is never compressed. It comes before the header that would lead to it, so lists
//! are kept as they pass by, and the header says which of them is meant.

use std::io;

use memchr::memmem;
use scanyard_package::{CoverageKind, Limits};

use super::super::dotnet::Dependencies;
use super::Visitor;
use super::window::Window;
use crate::layer::FileEvidence;

/// The SHA-256 of `.net core bundle` and a newline.
const SIGNATURE: [u8; 32] = [
    0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
    0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
];
/// What every list has near its beginning.
const LIST: &[u8] = b"\"runtimeTarget\"";
/// Bytes between a list's beginning and that.
const BEFORE_LIST: usize = 16;
/// Longest list, and the first attempt at reading one.
const LONGEST: usize = 8 << 20;
const FIRST_ATTEMPT: usize = 64 << 10;
/// Lists that are kept.
const MOST_LISTS: usize = 8;
/// Bytes of a header up to the place of the list: versions, count, an id of up to 127 bytes.
const HEADER: usize = 4 + 4 + 4 + 128 + 16;

/// Reads the list of libraries of a single-file application.
pub struct Bundle {
    signature: memmem::Finder<'static>,
    list: memmem::Finder<'static>,
    state: State,
    /// Lists that have passed, each with its place in the file.
    lists: Vec<(u64, FileEvidence)>,
}

enum State {
    Searching,
    /// The header lies at this place.
    Bundled(u64),
    Ended(Box<FileEvidence>),
}

impl Default for Bundle {
    fn default() -> Self {
        Self {
            signature: memmem::Finder::new(&SIGNATURE),
            list: memmem::Finder::new(LIST),
            state: State::Searching,
            lists: Vec::new(),
        }
    }
}

impl Visitor for Bundle {
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        if let State::Searching = self.state {
            self.look_for_signature(window);
        }
        if let State::Bundled(header) = self.state {
            self.keep_lists(window)?;
            let end = window.start() + window.fresh().end as u64;
            if header < end {
                self.state = State::Ended(Box::new(self.choose(window, header)?));
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    fn finish(self: Box<Self>, _limits: &Limits) -> FileEvidence {
        match self.state {
            State::Searching => FileEvidence::default(),
            State::Bundled(_) => unread("it ends before its header"),
            State::Ended(evidence) => *evidence,
        }
    }
}

fn unread(why: &str) -> FileEvidence {
    let detail = format!("the .NET application in it was not read: {why}");
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

impl Bundle {
    fn look_for_signature(&mut self, window: &Window<'_>) {
        let Some(at) = window.find(&self.signature, window.fresh().start) else {
            return;
        };
        let before = at
            .checked_sub(8)
            .and_then(|start| number(window.bytes(), start));
        self.state = match before {
            // A host on its own, whose application lies in files beside it.
            None | Some(0) => State::Ended(Box::default()),
            Some(header) if header <= window.start() + at as u64 => {
                State::Ended(Box::new(unread("its header lies before its content")))
            }
            Some(header) => State::Bundled(header),
        };
    }

    fn keep_lists(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let mut from = window.fresh().start;
        while self.lists.len() < MOST_LISTS
            && let Some(at) = window.find(&self.list, from)
        {
            from = at + LIST.len();
            let before = &window.bytes()[at.saturating_sub(BEFORE_LIST)..at];
            let Some(back) = before.iter().rev().position(|byte| *byte == b'{') else {
                continue;
            };
            let start = at - back - 1;
            if let Some(evidence) = read_list(window, start)? {
                self.lists.push((window.start() + start as u64, evidence));
            }
        }
        Ok(())
    }

    /// The list that the header means.
    fn choose(&mut self, window: &mut Window<'_>, header: u64) -> io::Result<FileEvidence> {
        let Some(at) = header.checked_sub(window.start()).map(|at| at as usize) else {
            return Ok(unread("its header lies before its content"));
        };
        window.ensure(at + HEADER)?;
        let bytes = window.bytes().get(at..).unwrap_or_default();
        let Some((place, length)) = place_of_list(bytes) else {
            return Ok(unread("its header is of an unknown form"));
        };
        // A byte order mark may stand before the list.
        let position = self
            .lists
            .iter()
            .position(|(start, _)| (place..=place.saturating_add(3)).contains(start));
        Ok(match position {
            Some(position) => self.lists.swap_remove(position).1,
            None if length == 0 => unread("it lists no libraries"),
            None => unread("its list of libraries is not where its header says"),
        })
    }
}

/// Reads a list that begins at this place of the window, however long it is.
fn read_list(window: &mut Window<'_>, start: usize) -> io::Result<Option<FileEvidence>> {
    let mut length = FIRST_ATTEMPT;
    loop {
        let more = window.ensure(start + length)?;
        let end = window.bytes().len().min(start + length);
        let mut lists = serde_json::Deserializer::from_slice(&window.bytes()[start..end])
            .into_iter::<Dependencies>();
        match lists.next() {
            Some(Ok(list)) => return Ok(Some(list.evidence())),
            Some(Err(error)) if error.is_eof() && more && length < LONGEST => length *= 2,
            _ => return Ok(None),
        }
    }
}

/// Where a header says that the list of libraries lies, and how long it is.
fn place_of_list(header: &[u8]) -> Option<(u64, u64)> {
    let major = u32::from_le_bytes(*header.first_chunk()?);
    let id_length = usize::from(*header.get(12)?);
    // Bundles of .NET Core 3 only say it in their table of files.
    if !(2..=64).contains(&major) || id_length > 127 {
        return None;
    }
    let place = 13 + id_length;
    Some((number(header, place)?, number(header, place + 8)?))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::super::visit_bytes;
    use super::*;

    const DEPENDENCIES: &str = "{\r\n  \"runtimeTarget\": {\"name\": \"t\"},\r\n  \
        \"targets\": {\"t\": {\"A/1.1.0\": {\"runtime\": {\"A.dll\": {}}}}},\r\n  \
        \"libraries\": {\"A/1.1.0\": {\"type\": \"package\"}}\r\n}";

    /// An application whose header gives this place, relative to that of its list.
    fn application(list: &str, shift: u64) -> Vec<u8> {
        let mut file = b"\x7fELF".to_vec();
        file.resize(300_000, b'x');
        let place_of_header = file.len();
        file.extend([0; 8]);
        file.extend(SIGNATURE);
        file.resize(700_000, b'y');
        let place = file.len() as u64;
        file.extend(list.as_bytes());
        file.resize(1_400_000, b'z');
        let header = file.len() as u64;
        file[place_of_header..place_of_header + 8].copy_from_slice(&header.to_le_bytes());
        file.extend([6, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 12]);
        file.extend(b"abcdefghijkl");
        file.extend((place + shift).to_le_bytes());
        file.extend((list.len() as u64).to_le_bytes());
        file.extend([0; 100]);
        file
    }

    #[test]
    fn the_libraries_of_an_application_in_a_single_file_are_found() {
        let found = visit_bytes("app", &application(DEPENDENCIES, 0)).unwrap();
        let names: Vec<_> = found
            .packages
            .iter()
            .map(|p| p.package.name.as_str())
            .collect();
        assert_eq!(names, ["A"]);
        assert!(found.unknowns.is_empty());
    }

    #[test]
    fn a_long_list_is_read_whole() {
        let spaces = " ".repeat(300_000);
        let list = DEPENDENCIES.replacen("\"targets\"", &format!("{spaces}\"targets\""), 1);
        assert_eq!(
            visit_bytes("app", &application(&list, 0))
                .unwrap()
                .packages
                .len(),
            1
        );
    }

    #[test]
    fn a_list_elsewhere_than_the_header_says_is_not_believed() {
        let found = visit_bytes("app", &application(DEPENDENCIES, 50)).unwrap();
        assert!(found.packages.is_empty());
        assert_eq!(found.unknowns.len(), 1);
    }

    #[test]
    fn a_host_on_its_own_is_nothing_and_a_truncated_application_is_said() {
        let whole = application(DEPENDENCIES, 0);
        let truncated = visit_bytes("app", &whole[..1_000_000]).unwrap();
        assert_eq!(truncated.unknowns.len(), 1);
        let mut host = whole[..400_000].to_vec();
        host[300_000..300_008].fill(0);
        assert_eq!(visit_bytes("app", &host), None);
    }
}
