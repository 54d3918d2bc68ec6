//! Layers made to hurt: each ends in bounded memory and an unknown that says what was not read.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read};

use scanyard_inventory::{CatalogerSet, FoldedLayer, LayerInventory, catalog_tar, fold};
use scanyard_package::{CoverageKind, Digest, Limits};

const STATUS: &[u8] = b"Package: a\nStatus: install ok installed\nVersion: 1\n";

fn header(path: &str, kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    header
}

fn entry(path: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(path, tar::EntryType::Regular, content.len() as u64)
        .as_bytes()
        .to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn end() -> io::Cursor<Vec<u8>> {
    io::Cursor::new(vec![0; 1024])
}

fn catalog(tar: impl Read) -> LayerInventory {
    catalog_tar(tar, CatalogerSet::STANDARD, &Limits::default()).unwrap()
}

fn kinds(inventory: &LayerInventory) -> Vec<CoverageKind> {
    let files = inventory.files.values().flat_map(|file| &file.unknowns);
    let all = inventory.unknowns.iter().chain(files);
    all.map(|unknown| unknown.kind).collect()
}

#[test]
fn a_package_json_larger_than_the_limit_is_not_kept() {
    let size = 2 * Limits::default().file_bytes;
    let first = header("node_modules/a/package.json", tar::EntryType::Regular, size);
    let tar = first
        .as_bytes()
        .chain(io::repeat(b' ').take(size))
        .chain(io::Cursor::new(entry("var/lib/dpkg/status", STATUS)))
        .chain(end());
    let inventory = catalog(tar);
    assert_eq!(kinds(&inventory), [CoverageKind::LimitExceeded]);
    assert_eq!(inventory.package_count(), 1);
}

#[test]
fn entries_beyond_the_limit_are_not_walked() {
    let limits = Limits {
        entries: 1000,
        ..Limits::default()
    };
    let one = entry("a", b"");
    let many = one.repeat(5000);
    let inventory = catalog_tar(many.as_slice(), CatalogerSet::STANDARD, &limits).unwrap();
    assert_eq!(kinds(&inventory), [CoverageKind::LimitExceeded]);
}

#[test]
fn a_hundred_thousand_entries_of_one_path_are_one() {
    let one = entry("a/b/c", b"");
    let many = 100_000 * one.len() as u64;
    struct Repeat(Vec<u8>, usize);
    impl Read for Repeat {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = (&self.0[self.1..]).read(buffer)?;
            self.1 = (self.1 + count) % self.0.len();
            Ok(count)
        }
    }
    let inventory = catalog(Repeat(one, 0).take(many).chain(end()));
    assert_eq!(kinds(&inventory), []);
    assert_eq!(inventory.non_directories.len(), 1);
}

#[test]
fn names_that_leave_the_root_are_said_and_absolute_ones_are_taken_from_it() {
    let mut tar = entry("../../etc/os-release", b"ID=evil\n");
    tar.extend(entry("/var/lib/dpkg/status", STATUS));
    let inventory = catalog(tar.as_slice().chain(end()));
    assert_eq!(kinds(&inventory), [CoverageKind::UnreadableFile]);
    assert!(inventory.files.contains_key("var/lib/dpkg/status"));
}

#[test]
fn a_long_name_of_hundreds_of_megabytes_ends_the_walk() {
    let size = 300 << 20;
    let name = header("././@LongLink", tar::EntryType::GNULongName, size);
    let tar = name.as_bytes().chain(io::repeat(b'a').take(size));
    assert_eq!(kinds(&catalog(tar)), [CoverageKind::TruncatedLayer]);
}

#[test]
fn an_extended_header_of_hundreds_of_megabytes_ends_the_walk() {
    let size = 300 << 20;
    let name = header("pax", tar::EntryType::XHeader, size);
    let tar = name.as_bytes().chain(io::repeat(b'a').take(size));
    assert_eq!(kinds(&catalog(tar)), [CoverageKind::TruncatedLayer]);
}

#[test]
fn links_that_turn_in_circles_are_not_followed() {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, target) in [("etc/os-release", "b"), ("etc/b", "os-release")] {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, path, target).unwrap();
    }
    for (path, target) in [
        ("node_modules/a/package.json", "node_modules/b/package.json"),
        ("node_modules/b/package.json", "node_modules/a/package.json"),
    ] {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Link);
        link.set_size(0);
        builder.append_link(&mut link, path, target).unwrap();
    }
    let tar = builder.into_inner().unwrap();
    let inventory = catalog(tar.as_slice());
    let layer = FoldedLayer {
        digest: Digest::from_bytes([0; 32]),
        inventory: &inventory,
    };
    let image = fold(&[layer, layer]);
    assert!(image.packages.is_empty());
    assert_eq!(image.distro, None);
}

#[test]
fn names_that_are_not_utf8_do_not_end_the_walk() {
    let mut odd = entry("xx", b"");
    odd[0] = 0xff;
    let mut fixed = tar::Header::from_byte_slice(&odd[..512]).clone();
    fixed.set_cksum();
    odd[..512].copy_from_slice(fixed.as_bytes());
    odd.extend(entry("var/lib/dpkg/status", STATUS));
    assert_eq!(catalog(odd.as_slice().chain(end())).package_count(), 1);
}

#[test]
fn a_tar_that_stops_inside_a_file_is_truncated() {
    let tar = entry("var/lib/dpkg/status", STATUS);
    let inventory = catalog(&tar[..520]);
    assert_eq!(kinds(&inventory), [CoverageKind::TruncatedLayer]);
}

#[test]
fn an_error_of_the_stream_is_not_taken_for_a_broken_tar() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
    let tar = entry("a", b"b");
    let outcome = catalog_tar(
        tar.as_slice().chain(Broken),
        CatalogerSet::STANDARD,
        &Limits::default(),
    );
    assert_eq!(
        outcome.unwrap_err().io().kind(),
        io::ErrorKind::ConnectionReset
    );
}
