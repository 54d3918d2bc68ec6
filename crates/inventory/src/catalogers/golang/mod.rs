//! Go executables: the build information that the linker leaves in the data segment.
//!
//! Format of `debug/buildinfo` since Go 1.18: 14 bytes of magic, pointer size, flags, padding to
//! 32 bytes, then two strings, each after its length as a varint: toolchain version and modules.
//! Before that the header held addresses of the two strings: see [`pointers`].

mod modules;
mod pointers;
mod stream;

use std::io::{self, Read};

use memchr::memmem;
use scanyard_package::{CoverageKind, Limits};

use super::ContentCataloger;
use crate::layer::{FileEvidence, Unknown};
use pointers::Collected;
use stream::Window;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const FLAG_INLINE: u8 = 2;
/// Longest version string and module list that are read.
const MAX_STRING: usize = 16 << 20;
/// What the linker puts before and after the list of modules.
const FRAME: usize = 16;

/// Executables, recognised as ELF, PE or Mach-O.
pub struct Executable;

impl ContentCataloger for Executable {
    fn wants(&self, _path: &str, head: &[u8]) -> bool {
        is_executable(head)
    }

    fn catalog(
        &self,
        _path: &str,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> io::Result<Option<FileEvidence>> {
        catalog(content, limits)
    }
}

/// Whether these are the first bytes of an ELF, PE or Mach-O file.
fn is_executable(head: &[u8]) -> bool {
    const MAGICS: [&[u8]; 4] = [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf"];
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// Searches a stream for build information without keeping more than a few chunks of it.
fn catalog(content: impl Read, limits: &Limits) -> io::Result<Option<FileEvidence>> {
    let mut window = Window::new(content);
    let finder = memmem::Finder::new(MAGIC);
    let mut collected: Option<Collected> = None;
    loop {
        let more = window.fill()?;
        if window.start() == 0 && collected.is_none() {
            collected = Collected::if_old_go(window.bytes());
        }
        if let Some(collected) = &mut collected {
            collected.look_at(&mut window)?;
        }
        let mut from = 0;
        while let Some(found) = finder.find(&window.bytes()[from..]) {
            window.drop_front(from + found);
            match read_information(&mut window)? {
                Reading::Information(version, list) => {
                    return Ok(Some(evidence(Some(&version), &list, limits)));
                }
                Reading::Pointers => return old(collected, &mut window, limits).map(Some),
                Reading::SomethingElse => from = MAGIC.len(),
            }
        }
        if !more {
            return Ok(None);
        }
        window.keep_back(pointers::OVERLAP);
    }
}

enum Reading {
    Information(String, String),
    Pointers,
    SomethingElse,
}

fn read_information(window: &mut Window<impl Read>) -> io::Result<Reading> {
    if !window.ensure(HEADER + 10)? {
        return Ok(Reading::SomethingElse);
    }
    let (pointer_size, flags) = (window.bytes()[14], window.bytes()[15]);
    if flags & FLAG_INLINE == 0 {
        let pointers = matches!(pointer_size, 4 | 8) && flags <= 1;
        return Ok(if pointers {
            Reading::Pointers
        } else {
            Reading::SomethingElse
        });
    }
    let mut at = HEADER;
    let Some(version) = read_string(window, &mut at)? else {
        return Ok(Reading::SomethingElse);
    };
    let version = String::from_utf8_lossy(&version).into_owned();
    if !version.starts_with("go") && !version.starts_with("devel") {
        return Ok(Reading::SomethingElse);
    }
    let list = read_string(window, &mut at)?.unwrap_or_default();
    let list = list
        .get(FRAME..list.len().saturating_sub(FRAME))
        .unwrap_or_default();
    let list = String::from_utf8_lossy(list).into_owned();
    Ok(Reading::Information(version, list))
}

fn read_string(window: &mut Window<impl Read>, at: &mut usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        if !window.ensure(*at + 1)? {
            return Ok(None);
        }
        let byte = window.bytes()[*at];
        *at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            if length > MAX_STRING || !window.ensure(*at + length)? {
                return Ok(None);
            }
            let text = window.bytes()[*at..*at + length].to_vec();
            *at += length;
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// What an executable says whose build information begins at the window's front as addresses.
fn old(
    collected: Option<Collected>,
    window: &mut Window<impl Read>,
    limits: &Limits,
) -> io::Result<FileEvidence> {
    let Some(collected) = collected else {
        return Ok(unread("is in a format that is read only of ELF files"));
    };
    let (version, list) = collected.resolve(window)?;
    let mut evidence = evidence(version.as_deref(), &list, limits);
    if version.is_none() {
        evidence.unknowns = unread("does not lead to the version of its toolchain").unknowns;
    }
    Ok(evidence)
}

fn unread(why: &str) -> FileEvidence {
    let detail = format!("built by Go before 1.18; its build information {why}");
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

fn evidence(version: Option<&str>, list: &str, limits: &Limits) -> FileEvidence {
    let mut evidence = FileEvidence::of_packages(modules::read(version, list, limits.packages));
    if version.is_some_and(|version| version.starts_with("devel")) {
        evidence.unknowns.push(Unknown {
            kind: CoverageKind::InvalidVersion,
            detail: "built by an unreleased Go toolchain: its standard library has no version"
                .into(),
        });
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(version: &str, modules: &str) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend([0; 300_000]);
        bytes.extend(MAGIC);
        bytes.extend([8, 2]);
        bytes.extend([0; 16]);
        let framed = format!("{0}{modules}{0}", "x".repeat(FRAME));
        for text in [version, &framed] {
            bytes.extend([(text.len() & 0x7f) as u8 | 0x80, (text.len() >> 7) as u8]);
            bytes.extend(text.as_bytes());
        }
        bytes.extend([0; 1000]);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<FileEvidence> {
        catalog(bytes, &Limits::default()).unwrap()
    }

    #[test]
    fn modules_and_standard_library_are_found() {
        let modules = "mod\texample.com/app\t(devel)\t\ndep\tgolang.org/x/net\tv0.1.0\th1:a\n";
        let found = read(&executable("go1.21.3 X:boringcrypto", modules)).unwrap();
        let names: Vec<_> = found
            .packages
            .iter()
            .map(|p| format!("{}@{}", p.package.name, p.package.version))
            .collect();
        let expected = [
            "stdlib@1.21.3",
            "example.com/app@(devel)",
            "golang.org/x/net@v0.1.0",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn an_unreleased_toolchain_is_said() {
        let found = read(&executable("devel go1.22-abc", "")).unwrap();
        assert!(found.packages.is_empty());
        assert_eq!(found.unknowns.len(), 1);
    }

    #[test]
    fn the_magic_alone_is_no_build_information() {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend(MAGIC.repeat(3));
        bytes.extend([0xff; 100]);
        assert_eq!(read(&bytes), None);
    }
}
