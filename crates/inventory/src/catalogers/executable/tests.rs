//! Executables as a whole: what one visit finds, however the file is cut, and whatever is in it.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

use super::*;

/// What one visit of a file finds.
pub fn visit_bytes(path: &str, mut bytes: &[u8]) -> Option<FileEvidence> {
    visit(
        path,
        &mut Window::new(&mut bytes, CHUNK),
        &Limits::default(),
    )
    .unwrap()
}

fn visit_in_chunks(path: &str, mut bytes: &[u8], chunk: usize) -> Option<FileEvidence> {
    visit(
        path,
        &mut Window::new(&mut bytes, chunk),
        &Limits::default(),
    )
    .unwrap()
}

fn names(evidence: &FileEvidence) -> Vec<String> {
    let packages = evidence.packages.iter().map(|declared| &declared.package);
    packages
        .map(|p| format!("{}:{}@{}", p.kind.purl_type(), p.name, p.version))
        .collect()
}

/// Something of every kind that visitors look for, with as much between as is asked.
fn program(padding: &[usize]) -> Vec<u8> {
    let list = br#"{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"}]}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(list).unwrap();
    let mut build = b"\xff Go buildinf:\x08\x02".to_vec();
    build.resize(32, 0);
    build.extend(b"\x08go1.21.3");
    let modules = format!("{0}mod\ta.org/x\tv1.0.0\t\n{0}", "f".repeat(16));
    build.push(modules.len() as u8);
    build.extend(modules.as_bytes());
    let parts = [
        b"\x7fELF\x02\x01".to_vec(),
        b"0\x003.11.".to_vec(),
        b"\x003.11.7\0".to_vec(),
        zlib.finish().unwrap(),
        build,
        b"\x003.11.8\0".to_vec(),
    ];
    let mut file = Vec::new();
    for (part, padding) in parts.iter().zip(padding.iter().chain([&0; 6])) {
        file.extend(part);
        file.resize(file.len() + padding, b'x');
    }
    file
}

#[test]
fn one_visit_finds_everything() {
    let found = visit_bytes("usr/bin/python3.11", &program(&[9; 6])).unwrap();
    let expected = [
        "golang:stdlib@1.21.3",
        "golang:a.org/x@v1.0.0",
        "cargo:serde@1.0.1",
        "bitnami:python@3.11.7",
    ];
    assert_eq!(names(&found), expected);
}

#[test]
fn a_name_decides_what_may_be_recognised() {
    let file = b"\x7fELF nginx version: nginx/1.25.1 \x003.11.7\0";
    assert_eq!(visit_bytes("usr/bin/app", file), None);
    assert_eq!(visit_bytes("usr/bin/python3.12", file), None);
    let found = visit_bytes("usr/sbin/nginx", file).unwrap();
    assert_eq!(names(&found), ["bitnami:nginx@1.25.1"]);
}

#[test]
fn programs_have_their_places() {
    for path in [
        "bin/app",
        "usr/sbin/nginx",
        "opt/a/bin/x.y",
        "usr/lib/go-1.19/pkg/tool/compile",
    ] {
        assert!(is_program_place(path), "{path}");
    }
    for path in ["bin", "usr/lib/libc.so.6", "usr/share/doc/lib", "etc/app"] {
        assert!(!is_program_place(path), "{path}");
    }
    assert!(is_classified("usr/lib/libpython3.11.so.1.0"));
}

#[test]
fn scripts_are_read_where_their_name_is_known() {
    let head = b"#!/usr/bin/env p";
    assert!(Executable.wants("usr/local/bin/composer", head));
    assert!(!Executable.wants("usr/local/bin/other", head));
    assert!(!Executable.wants("usr/local/bin/composer", b"text"));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_damage() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let whole = program(&[9; 6]);
    for cut in [4, 60, whole.len() - 140, whole.len()] {
        let mut stream = whole[..cut].chain(Broken);
        let outcome = Executable.catalog("bin/python3.11", &mut stream, &Limits::default());
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}

fn config() -> Config {
    Config {
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        cases: 200,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn chunks_never_change_what_is_found(
        padding in prop::collection::vec(0usize..6000, 6),
        chunk in 1usize..9000,
    ) {
        let file = program(&padding);
        let whole = visit_in_chunks("python3.11", &file, file.len() + 1);
        prop_assert_eq!(whole.as_ref().map(|found| found.packages.len()), Some(4));
        prop_assert_eq!(visit_in_chunks("python3.11", &file, chunk), whole);
    }

    #[test]
    fn damaged_files_end_in_evidence_and_chunks_do_not_matter(
        flips in prop::collection::vec((0usize..400, any::<u8>()), 1..8),
        cut in 0usize..400,
        chunk in 1usize..200,
        name in prop::sample::select(vec!["python3.11", "redis-server", "envoy", "mysqld"]),
    ) {
        let mut file = program(&[20; 6]);
        for (at, byte) in flips {
            let length = file.len();
            file[at % length] = byte;
        }
        file.truncate(4 + cut);
        let whole = visit_in_chunks(name, &file, file.len() + 1);
        prop_assert_eq!(visit_in_chunks(name, &file, chunk), whole);
    }

    #[test]
    fn lying_headers_of_old_go_executables_end_in_evidence_and_chunks_do_not_matter(
        flips in prop::collection::vec((0usize..0x140, any::<u8>()), 0..6),
        data in prop::collection::vec((0x600usize..0x820, any::<u8>()), 0..3),
        cut in 0usize..0x1000,
        chunk in 1usize..3000,
    ) {
        let mut file = golang::tests::old_executable();
        for (at, byte) in flips.into_iter().chain(data) {
            file[at] = byte;
        }
        file.truncate(0x1000 - cut / 8);
        let whole = visit_in_chunks("app", &file, file.len() + 1);
        prop_assert_eq!(visit_in_chunks("app", &file, chunk), whole);
    }
}
