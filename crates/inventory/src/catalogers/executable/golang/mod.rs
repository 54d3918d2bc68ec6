//! Go executables: the build information that the linker leaves in the data segment.
//!
//! Format of `debug/buildinfo` since Go 1.18: 14 bytes of magic, pointer size, flags, padding to
//! 32 bytes, then two strings, each after its length as a varint: toolchain version and modules.
//! Before that the header held addresses of the two strings: see [`pointers`].

mod modules;
mod pointers;

use std::io;

use memchr::memmem;
use scanyard_package::{CoverageKind, Limits};

use super::Visitor;
use super::window::Window;
use crate::layer::{FileEvidence, Unknown};
use pointers::{Collected, FIRST_PAGE, Header};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const FLAG_INLINE: u8 = 2;
/// Longest version of a toolchain that is read: `go1.21.3 X:boringcrypto`.
const MAX_VERSION: usize = 256;
/// Longest list of modules that is read.
const MAX_LIST: usize = 16 << 20;
/// What the linker puts before and after the list of modules.
const FRAME: usize = 16;

/// Reads the build information of an executable.
pub struct BuildInformation {
    finder: memmem::Finder<'static>,
    begun: bool,
    collected: Option<Collected>,
    state: State,
}

enum State {
    Searching,
    /// The header of old build information was met, and what it leads to was not.
    Following(Header),
    Found(Found),
}

/// What the build information says.
enum Found {
    Strings {
        version: Option<String>,
        list: String,
    },
    /// It is of a form that is not read.
    Unread,
}

impl Default for BuildInformation {
    fn default() -> Self {
        Self {
            finder: memmem::Finder::new(MAGIC),
            begun: false,
            collected: None,
            state: State::Searching,
        }
    }
}

impl Visitor for BuildInformation {
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            window.ensure(FIRST_PAGE)?;
            let held = window.bytes().len();
            self.collected = Collected::if_old_go(&window.bytes()[..held.min(FIRST_PAGE)]);
        }
        if matches!(self.state, State::Searching) {
            if let Some(collected) = &mut self.collected {
                collected.look_at(window)?;
            }
            self.search(window)?;
        }
        if let (State::Following(header), Some(collected)) = (&self.state, &self.collected)
            && let Some(found) = collected.follow(header, window)
        {
            self.state = State::Found(found);
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Found(_))
    }

    fn finish(self: Box<Self>, limits: &Limits) -> FileEvidence {
        match (self.state, self.collected) {
            (State::Found(Found::Strings { version, list }), _) => {
                evidence(version.as_deref(), &list, limits)
            }
            (State::Found(Found::Unread), _) => {
                unread("is in a format that is read only of ELF files")
            }
            (State::Following(header), Some(collected)) => {
                evidence(None, &collected.list_before(&header), limits)
            }
            (State::Searching | State::Following(_), _) => FileEvidence::default(),
        }
    }
}

impl BuildInformation {
    fn search(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let mut from = window.fresh().start;
        while let Some(at) = window.find(&self.finder, from) {
            if let Some(state) = read_information(window, at, self.collected.as_ref())? {
                self.state = state;
                return Ok(());
            }
            from = at + 1;
        }
        Ok(())
    }
}

/// What begins at this place of the window with the magic; `None` if that is all there is of it.
fn read_information(
    window: &mut Window<'_>,
    at: usize,
    collected: Option<&Collected>,
) -> io::Result<Option<State>> {
    if !window.ensure(at + HEADER + 10)? {
        return Ok(None);
    }
    let header = &window.bytes()[at..];
    let (pointer_size, flags) = (header[14], header[15]);
    if flags & FLAG_INLINE == 0 {
        if !matches!(pointer_size, 4 | 8) || flags > 1 {
            return Ok(None);
        }
        let place = window.start() + at as u64;
        return Ok(Some(match collected {
            Some(collected) => State::Following(collected.read_header(header, place)),
            None => State::Found(Found::Unread),
        }));
    }
    let mut at = at + HEADER;
    let Some(version) = read_string(window, &mut at, MAX_VERSION)? else {
        return Ok(None);
    };
    let version = String::from_utf8_lossy(&version).into_owned();
    if !version.starts_with("go") && !version.starts_with("devel") {
        return Ok(None);
    }
    let list = read_string(window, &mut at, MAX_LIST)?.unwrap_or_default();
    let list = list
        .get(FRAME..list.len().saturating_sub(FRAME))
        .unwrap_or_default();
    Ok(Some(State::Found(Found::Strings {
        version: Some(version),
        list: String::from_utf8_lossy(list).into_owned(),
    })))
}

fn read_string(
    window: &mut Window<'_>,
    at: &mut usize,
    longest: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        if !window.ensure(*at + 1)? {
            return Ok(None);
        }
        let byte = window.bytes()[*at];
        *at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            if length > longest || !window.ensure(*at + length)? {
                return Ok(None);
            }
            let text = window.bytes()[*at..*at + length].to_vec();
            *at += length;
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn unread(why: &str) -> FileEvidence {
    let detail = format!("built by Go before 1.18; its build information {why}");
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

fn evidence(version: Option<&str>, list: &str, limits: &Limits) -> FileEvidence {
    let mut evidence = FileEvidence::of_packages(modules::read(version, list, limits.packages));
    match version {
        Some(version) if version.starts_with("devel") => evidence.unknowns.push(Unknown {
            kind: CoverageKind::InvalidVersion,
            detail: "built by an unreleased Go toolchain: its standard library has no version"
                .into(),
        }),
        Some(_) => {}
        None => {
            let unread = unread("does not lead to the version of its toolchain");
            evidence.unknowns.extend(unread.unknowns);
        }
    }
    evidence
}

#[cfg(test)]
pub mod tests;
