//! Executables made by hand, of both forms.

use super::super::visit_bytes;
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

#[test]
fn modules_and_standard_library_are_found() {
    let modules = "mod\texample.com/app\t(devel)\t\ndep\tgolang.org/x/net\tv0.1.0\th1:a\n";
    let found = visit_bytes("app", &executable("go1.21.3 X:boringcrypto", modules)).unwrap();
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
    let found = visit_bytes("app", &executable("devel go1.22-abc", "")).unwrap();
    assert!(found.packages.is_empty());
    assert_eq!(found.unknowns.len(), 1);
}

#[test]
fn the_magic_alone_is_no_build_information() {
    let mut bytes = b"\x7fELF".to_vec();
    bytes.extend(MAGIC.repeat(3));
    bytes.extend([0xff; 100]);
    assert_eq!(visit_bytes("app", &bytes), None);
}

/// A little-endian ELF file of one segment at 0x1000, with the strings before the addresses.
pub fn old_executable() -> Vec<u8> {
    let mut file = vec![0; 0x400];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[32..40].copy_from_slice(&64u64.to_le_bytes());
    file[54..56].copy_from_slice(&56u16.to_le_bytes());
    file[56..58].copy_from_slice(&1u16.to_le_bytes());
    file[64..68].copy_from_slice(&1u32.to_le_bytes());
    file[64 + 16..64 + 24].copy_from_slice(&0x1000u64.to_le_bytes());
    file[64 + 32..64 + 40].copy_from_slice(&0x4000u64.to_le_bytes());
    file[0x200..0x204].copy_from_slice(pointers::NOTE_OWNER);
    file.extend(b"xxgo1.17.13runtime: ");
    file.extend(pointers::LIST_START);
    file.extend(b"path\tx\nmod\texample.com/app\tv1.0.0\t\ndep\texample.com/y\tv0.3.0\th1:a\n");
    file.extend(pointers::LIST_END);
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
    let found = visit_bytes("app", &file).unwrap();
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
    let found = visit_bytes("app", &file).unwrap();
    assert_eq!(found.packages.len(), 2);
    assert_eq!(found.unknowns.len(), 1);
}

#[test]
fn a_hostile_length_of_a_string_is_no_build_information() {
    let mut bytes = b"\x7fELF".to_vec();
    for length in [
        &b"\xff\xff\xff\xff\xff\xff"[..],
        b"\xff\xff\xff\x07",
        b"\x80\x80\x80\x80\x80\x01",
    ] {
        bytes.extend(MAGIC);
        bytes.extend([8, 2]);
        bytes.extend([0; 16]);
        bytes.extend(length);
        bytes.extend(b"go1.21");
    }
    assert_eq!(visit_bytes("app", &bytes), None);
}

#[test]
fn a_list_of_modules_without_end_leaves_none() {
    let mut file = old_executable();
    let end = memmem::find(&file, pointers::LIST_END).unwrap();
    file[end..end + FRAME].fill(b'x');
    let found = visit_bytes("app", &file).unwrap();
    assert_eq!(found.packages.len(), 1);
}
