//! Inventories that were stored once are read for good. A new format adds a sample and keeps the
//! old ones.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use scanyard_inventory::{
    DeclaredPackage, DecodeError, FileEvidence, LayerInventory, Mode, Unknown,
};
use scanyard_package::{CoverageKind, Distro, Package, PackageKind, SourcePackage};
use scanyard_secrets::Secret;

const FORMAT_1: &[u8] = include_bytes!("stored/format-1.bin");

fn sample() -> LayerInventory {
    let mut package = Package::new(PackageKind::Deb, "libssl3", "3.0.11-1");
    package.arch = Some("amd64".into());
    package.source = Some(SourcePackage {
        name: "openssl".into(),
        version: "3.0.11-1".into(),
    });
    let unknown = Unknown {
        kind: CoverageKind::UnreadableFile,
        detail: "a sentence".into(),
    };
    let distro = Distro {
        id: "debian".into(),
        version: "12".into(),
        id_like: vec!["x".into()],
        name: "Debian GNU/Linux 12".into(),
        channels: Vec::new(),
    };
    let mut status = FileEvidence::of_packages(vec![package]);
    status.owned = vec!["usr/bin/openssl".into()];
    status.unknowns = vec![unknown.clone()];
    let link = FileEvidence {
        hard_link: Some("usr/bin/target".into()),
        ..FileEvidence::default()
    };
    let files = [
        ("etc/os-release", FileEvidence::of_distro(distro)),
        ("usr/bin/link", link),
        ("var/lib/dpkg/status", status),
    ];
    LayerInventory {
        files: BTreeMap::from(files.map(|(path, file)| (path.to_owned(), file))),
        whiteouts: BTreeSet::from(["usr/gone".to_owned()]),
        opaque: BTreeSet::from(["usr/empty".to_owned()]),
        non_directories: vec![1, u64::MAX],
        directories: vec![2, 3],
        unknowns: vec![unknown],
    }
}

#[test]
fn format_1_is_read() {
    assert_eq!(LayerInventory::decode(FORMAT_1).unwrap(), sample());
}

#[test]
fn what_is_stored_today_is_of_the_newest_format() {
    let stored = sample().encode();
    assert_eq!(stored[0], FORMAT_1[0]);
    assert_eq!(LayerInventory::decode(&stored).unwrap(), sample());
}

#[test]
fn secrets_and_modes_are_stored() {
    let secret = Secret {
        rule: "github-token".into(),
        line: 7,
        excerpt: "ghp_****".into(),
    };
    let file = FileEvidence {
        secrets: vec![secret],
        mode: Mode::of_file(0o4755),
        ..FileEvidence::default()
    };
    let mut inventory = sample();
    inventory.files.insert("usr/bin/sudo".into(), file);
    assert_eq!(
        LayerInventory::decode(&inventory.encode()).unwrap(),
        inventory
    );
}

#[test]
fn what_was_added_to_the_format_since_is_stored_too() {
    let mut inventory = sample();
    let file = FileEvidence::of_channels(vec!["rhel-9-baseos".into()]);
    inventory.files.insert("root/buildinfo/a.json".into(), file);
    let mut package = Package::new(PackageKind::Rpm, "nodejs", "1:16.1-1");
    package.module = Some("nodejs:16".into());
    let declared = DeclaredPackage {
        package,
        licences: vec!["MIT".into()],
        vendor: Some("Vendor".into()),
        owned: vec!["usr/bin/node".into()],
    };
    let file = FileEvidence::of_packages([declared]);
    inventory.files.insert("var/lib/rpm/Packages".into(), file);
    let file = FileEvidence {
        licences: vec!["Expat".into()],
        ..FileEvidence::default()
    };
    let path = "usr/share/doc/a/copyright";
    inventory.files.insert(path.into(), file);
    let stored = inventory.encode();
    assert_eq!(LayerInventory::decode(&stored).unwrap(), inventory);
}

#[test]
fn other_formats_and_damage_are_refused() {
    let outcome = LayerInventory::decode(&[9, 0, 0]);
    assert!(matches!(outcome, Err(DecodeError::Format(9))));
    let outcome = LayerInventory::decode(&[]);
    assert!(matches!(outcome, Err(DecodeError::Damaged)));
    let outcome = LayerInventory::decode(&FORMAT_1[..FORMAT_1.len() - 9]);
    assert!(matches!(outcome, Err(DecodeError::Damaged)));
}

#[test]
#[ignore = "run once with a new format: writes its sample to the file that is named here"]
fn write_sample() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stored");
    std::fs::write(dir.join("format-new.bin"), sample().encode()).unwrap();
}
