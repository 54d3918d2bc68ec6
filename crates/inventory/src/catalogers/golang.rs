//! Go executables: the build information that the linker leaves in the data segment.
//!
//! Format of `debug/buildinfo` since Go 1.18: 14 bytes of magic, pointer size, flags, padding to
//! 32 bytes, then two strings, each after its length as a varint: toolchain version and modules.

use std::io::{self, Read};

use memchr::memmem;
use scanyard_package::{CoverageKind, Limits, Package, PackageKind};

use crate::layer::FileEvidence;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const FLAG_INLINE: u8 = 2;
const CHUNK: usize = 256 << 10;
/// Longest version string and module list that are read.
const MAX_STRING: usize = 16 << 20;

/// Whether these are the first bytes of an ELF, PE or Mach-O file.
pub fn is_executable(head: &[u8]) -> bool {
    const MAGICS: [&[u8]; 4] = [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf"];
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// Searches a stream for build information without keeping more than a chunk of it.
pub fn catalog(head: &[u8], rest: impl Read, limits: &Limits) -> io::Result<Option<FileEvidence>> {
    let mut stream = head.chain(rest);
    let finder = memmem::Finder::new(MAGIC);
    let mut window = Vec::with_capacity(2 * CHUNK);
    loop {
        let more = fill(&mut stream, &mut window, CHUNK)?;
        let mut from = 0;
        while let Some(found) = finder.find(&window[from..]) {
            let at = from + found;
            window.drain(..at);
            match read_information(&mut stream, &mut window)? {
                Reading::Information(version, modules) => {
                    return Ok(Some(evidence(&version, &modules, limits)));
                }
                Reading::Pointers => return Ok(Some(too_old())),
                Reading::SomethingElse => from = MAGIC.len(),
            }
        }
        if !more {
            return Ok(None);
        }
        let keep = window.len().min(MAGIC.len() - 1);
        window.drain(..window.len() - keep);
    }
}

enum Reading {
    Information(String, String),
    Pointers,
    SomethingElse,
}

/// Appends up to `count` bytes; false when the stream has ended.
fn fill(stream: &mut impl Read, window: &mut Vec<u8>, count: usize) -> io::Result<bool> {
    let read = stream.by_ref().take(count as u64).read_to_end(window)?;
    Ok(read == count)
}

fn read_information(stream: &mut impl Read, window: &mut Vec<u8>) -> io::Result<Reading> {
    if !ensure(stream, window, HEADER + 10)? {
        return Ok(Reading::SomethingElse);
    }
    if window[15] & FLAG_INLINE == 0 {
        let pointers = matches!(window[14], 4 | 8) && window[15] <= 1;
        return Ok(if pointers {
            Reading::Pointers
        } else {
            Reading::SomethingElse
        });
    }
    let mut at = HEADER;
    let Some(version) = read_string(stream, window, &mut at)? else {
        return Ok(Reading::SomethingElse);
    };
    let version = String::from_utf8_lossy(&version).into_owned();
    if !version.starts_with("go") && !version.starts_with("devel") {
        return Ok(Reading::SomethingElse);
    }
    let modules = read_string(stream, window, &mut at)?.unwrap_or_default();
    // The linker frames the list with sixteen bytes on each side.
    let modules = modules
        .get(16..modules.len().saturating_sub(16))
        .unwrap_or_default();
    Ok(Reading::Information(
        version,
        String::from_utf8_lossy(modules).into_owned(),
    ))
}

fn ensure(stream: &mut impl Read, window: &mut Vec<u8>, length: usize) -> io::Result<bool> {
    if window.len() < length {
        let missing = length - window.len();
        fill(stream, window, missing)?;
    }
    Ok(window.len() >= length)
}

fn read_string(
    stream: &mut impl Read,
    window: &mut Vec<u8>,
    at: &mut usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        if !ensure(stream, window, *at + 1)? {
            return Ok(None);
        }
        let byte = window[*at];
        *at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            if length > MAX_STRING || !ensure(stream, window, *at + length)? {
                return Ok(None);
            }
            let text = window[*at..*at + length].to_vec();
            *at += length;
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn too_old() -> FileEvidence {
    let detail = "built by Go before 1.18, whose build information is not read";
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

fn evidence(version: &str, modules: &str, limits: &Limits) -> FileEvidence {
    let mut packages = Vec::new();
    if let Some(toolchain) = version.strip_prefix("go") {
        let release = toolchain.split([' ', '-']).next().unwrap_or_default();
        packages.push(Package::new(PackageKind::Golang, "stdlib", release));
    }
    for line in modules.lines().take(limits.packages) {
        let mut fields = line.split('\t');
        let (kind, path, version) = (
            fields.next(),
            fields.next(),
            fields.next().unwrap_or_default(),
        );
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            continue;
        };
        match kind {
            Some("mod" | "dep") => packages.push(module(path, version)),
            // A replacement follows what it replaces; a local one has no version of its own.
            Some("=>") if packages.len() > 1 && !version.is_empty() => {
                packages.pop();
                packages.push(module(path, version));
            }
            _ => {}
        }
    }
    FileEvidence::of_packages(packages)
}

fn module(path: &str, version: &str) -> Package {
    Package::new(
        PackageKind::Golang,
        path,
        if version.is_empty() {
            "(devel)"
        } else {
            version
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(modules: &str) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend([0; 300_000]);
        bytes.extend(MAGIC);
        bytes.extend([8, 2]);
        bytes.extend([0; 16]);
        let framed = format!("{0}{modules}{0}", "x".repeat(16));
        for text in ["go1.21.3 X:boringcrypto", &framed] {
            bytes.extend([(text.len() & 0x7f) as u8 | 0x80, (text.len() >> 7) as u8]);
            bytes.extend(text.as_bytes());
        }
        bytes.extend([0; 1000]);
        bytes
    }

    #[test]
    fn modules_replacements_and_standard_library_are_found() {
        let modules = "path\tcmd/x\nmod\texample.com/app\t(devel)\t\n\
            dep\tgolang.org/x/net\tv0.1.0\th1:a\ndep\told.org/y\tv1.0.0\n=>\tnew.org/y\tv1.0.1\th1:b\n";
        let bytes = executable(modules);
        let found = catalog(&bytes[..4], &bytes[4..], &Limits::default())
            .unwrap()
            .unwrap();
        let names: Vec<_> = found
            .packages
            .iter()
            .map(|p| format!("{}@{}", p.name, p.version))
            .collect();
        let expected = [
            "stdlib@1.21.3",
            "example.com/app@(devel)",
            "golang.org/x/net@v0.1.0",
            "new.org/y@v1.0.1",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_magic_alone_is_no_build_information() {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend(MAGIC.repeat(3));
        bytes.extend([0xff; 100]);
        assert_eq!(
            catalog(&bytes[..4], &bytes[4..], &Limits::default()).unwrap(),
            None
        );
    }
}
