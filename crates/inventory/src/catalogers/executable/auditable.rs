//! Rust executables built by cargo-auditable: the list of crates, as JSON in zlib.
//!
//! It is the section `.dep-v0`, whose place is known only at the end of an ELF file. So the data
//! itself is looked for: zlib that inflates to a list of packages is nothing else.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memchr;
use scanyard_package::{CoverageKind, Limits, Package, PackageKind};
use serde::Deserialize;

use super::Visitor;
use super::inflate::{Form, Patience, inflate};
use super::window::{CONTEXT, Window};
use crate::layer::FileEvidence;

/// How every list begins.
const BEGINNING: &[u8] = b"{\"packages\":[{";

/// Reads the list of crates of an executable.
pub struct CrateList {
    decompress: Decompress,
    patience: Patience,
    state: State,
}

enum State {
    Searching,
    Found(Vec<u8>),
    Damaged,
    OutOfPatience,
}

impl Default for CrateList {
    fn default() -> Self {
        Self {
            decompress: Decompress::new(true),
            patience: Patience::new(),
            state: State::Searching,
        }
    }
}

impl Visitor for CrateList {
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let fresh = window.fresh();
        let mut from = fresh.start;
        while let Some(found) = memchr(ZLIB, &window.bytes()[from..fresh.end]) {
            let at = from + found;
            from = at + 1;
            let bytes = &window.bytes()[at..];
            if !begins_zlib(bytes) {
                continue;
            }
            if !self.patience.allows(window.start() + at as u64) {
                self.state = State::OutOfPatience;
                return Ok(());
            }
            if self.begins_list(&bytes[..bytes.len().min(CONTEXT)]) {
                let list = inflate(window, at, Form::Zlib)?;
                self.state = list.map_or(State::Damaged, State::Found);
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        !matches!(self.state, State::Searching)
    }

    fn finish(self: Box<Self>, limits: &Limits) -> FileEvidence {
        let unread = |kind, why: &str| {
            FileEvidence::unreadable(kind, format!("its list of Rust crates {why}"))
        };
        match self.state {
            State::Searching => FileEvidence::default(),
            State::Found(list) => crates(&list, limits).map_or_else(
                || {
                    unread(
                        CoverageKind::UnreadableFile,
                        "is not of the form that is read",
                    )
                },
                FileEvidence::of_packages,
            ),
            State::Damaged => unread(CoverageKind::UnreadableFile, "is damaged or too large"),
            State::OutOfPatience => unread(
                CoverageKind::LimitExceeded,
                "was looked for in too many places",
            ),
        }
    }
}

/// First byte of zlib with a window of 32 KiB, as every compressor writes it.
const ZLIB: u8 = 0x78;

/// Whether zlib begins so: levels of its header, then a first block that is compressed.
fn begins_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [ZLIB, 0x01 | 0x5e | 0x9c | 0xda, block, ..] if matches!(block >> 1 & 3, 1 | 2))
}

impl CrateList {
    fn begins_list(&mut self, bytes: &[u8]) -> bool {
        self.decompress.reset(true);
        let mut beginning = [0; BEGINNING.len()];
        let outcome = self
            .decompress
            .decompress(bytes, &mut beginning, FlushDecompress::None);
        matches!(
            outcome,
            Ok(Status::Ok | Status::StreamEnd | Status::BufError)
        ) && beginning == BEGINNING
    }
}

#[derive(Deserialize)]
struct ListJson {
    packages: Vec<CrateJson>,
}

#[derive(Deserialize)]
struct CrateJson {
    name: String,
    version: String,
    /// `build` for what only build scripts and macros are made of; absent for the rest.
    kind: Option<String>,
}

/// The crates whose code is in the executable, the root among them.
fn crates(list: &[u8], limits: &Limits) -> Option<Vec<Package>> {
    let list: ListJson = serde_json::from_slice(list).ok()?;
    let built_in = list
        .packages
        .into_iter()
        .filter(|found| found.kind.as_deref().is_none_or(|kind| kind == "runtime"));
    let packages =
        built_in.map(|found| Package::new(PackageKind::Cargo, found.name, found.version));
    Some(packages.take(limits.packages).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::super::visit_bytes;
    use super::*;

    fn executable(list: &str) -> Vec<u8> {
        let mut file = b"\x7fELF".to_vec();
        file.resize(300_000, b'x');
        let mut encoder = ZlibEncoder::new(file, Compression::default());
        encoder.write_all(list.as_bytes()).unwrap();
        let mut file = encoder.finish().unwrap();
        file.extend([0; 300]);
        file
    }

    #[test]
    fn crates_in_the_executable_are_found_and_those_that_built_it_are_not() {
        let list = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","root":true},
            {"name":"serde","version":"1.0.1","source":"crates.io","dependencies":[2]},
            {"name":"syn","version":"2.0.0","source":"crates.io","kind":"build"}]}"#;
        let found = visit_bytes("app", &executable(list)).unwrap();
        let names: Vec<_> = found
            .packages
            .iter()
            .map(|p| format!("{}@{}", p.package.name, p.package.version))
            .collect();
        assert_eq!(names, ["app@0.1.0", "serde@1.0.1"]);
    }

    #[test]
    fn a_list_that_is_cut_short_is_an_unknown() {
        let list = format!(r#"{{"packages":[{{"name":"{}"#, "serde".repeat(100));
        let whole = executable(&list);
        let unread = visit_bytes("app", &whole).unwrap();
        assert_eq!(unread.unknowns[0].kind, CoverageKind::UnreadableFile);
        let truncated = visit_bytes("app", &whole[..whole.len() - 310]).unwrap();
        assert!(truncated.packages.is_empty());
        assert_eq!(truncated.unknowns.len(), 1);
    }

    #[test]
    fn a_list_that_inflates_without_end_is_given_up() {
        let mut encoder = ZlibEncoder::new(b"\x7fELF".to_vec(), Compression::best());
        encoder.write_all(BEGINNING).unwrap();
        for _ in 0..40 {
            encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let found = visit_bytes("app", &encoder.finish().unwrap()).unwrap();
        assert_eq!(found.unknowns.len(), 1);
    }

    #[test]
    fn a_file_full_of_false_beginnings_is_given_up_with_an_unknown() {
        let file = [b"\x7fELF".to_vec(), b"\x78\x9c\x03".repeat(100_000)].concat();
        let found = visit_bytes("app", &file).unwrap();
        assert_eq!(found.unknowns[0].kind, CoverageKind::LimitExceeded);
    }
}
