//! dpkg: the status database, the status directory of distroless images, and file lists.

use std::borrow::Cow;

use scanyard_package::{CoverageKind, Package, PackageKind, SourcePackage};

use super::{Cataloger, Names, headers, language_evidence};
use crate::layer::{DeclaredPackage, FileEvidence, Unknown};
use crate::path;

const STATUS_DIR: &str = "var/lib/dpkg/status.d";
/// opkg, which OpenWrt and its relatives use, writes the same format.
const OPKG_STATUS: [&str; 2] = ["usr/lib/opkg/status", "var/lib/opkg/status"];

/// `var/lib/dpkg/status`, and one file a package in `status.d`.
pub struct Status;

impl Cataloger for Status {
    fn names(&self) -> Names {
        Names {
            files: &["status"],
            directories: &[STATUS_DIR],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, name) = path::split_name(path);
        let distroless =
            directory == STATUS_DIR && !name.ends_with(".md5sums") && !name.starts_with('.');
        path == "var/lib/dpkg/status" || OPKG_STATUS.contains(&path) || distroless
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        // A file in status.d stands for a package that is installed, and need not say so.
        let distroless = path::split_name(path).0 == STATUS_DIR;
        let unsaid = if distroless { "installed" } else { "" };
        let text = String::from_utf8_lossy(content);
        let mut evidence = FileEvidence::default();
        if matches!(text, Cow::Owned(_)) {
            evidence.unknowns.push(Unknown {
                kind: CoverageKind::UnreadableFile,
                detail: "the dpkg status file holds bytes that are not UTF-8".into(),
            });
        }
        for block in headers::blocks(&text) {
            match stanza(block, unsaid) {
                Stanza::Installed(package) => evidence.packages.push(package),
                Stanza::NotInstalled => {}
                Stanza::Broken(detail) => {
                    evidence.unknowns.push(Unknown {
                        kind: CoverageKind::UnreadableFile,
                        detail,
                    });
                }
            }
        }
        evidence
    }
}

/// States of a package that is ready to use.
const INSTALLED: [&str; 3] = ["installed", "triggers-awaited", "triggers-pending"];
/// States in which an installation stopped half way: some files are there.
const UNFINISHED: [&str; 3] = ["unpacked", "half-configured", "half-installed"];

enum Stanza {
    Installed(DeclaredPackage),
    NotInstalled,
    Broken(String),
}

fn stanza(block: &str, unsaid: &str) -> Stanza {
    let (mut name, mut version, mut arch, mut source, mut state) = ("", "", "", "", unsaid);
    let mut licence = "";
    for (field, value) in headers::fields(block) {
        match field {
            "Package" => name = value,
            "Version" => version = value,
            "Architecture" => arch = value,
            "Source" => source = value,
            // opkg's; dpkg leaves licences to a file of each package.
            "License" => licence = value,
            "Status" => state = value.split_whitespace().nth(2).unwrap_or_default(),
            _ => {}
        }
    }
    if UNFINISHED.contains(&state) {
        let detail = format!("{name} {version} is {state}: it was not assessed");
        return Stanza::Broken(detail);
    }
    if !INSTALLED.contains(&state) || (name.is_empty() && version.is_empty()) {
        return Stanza::NotInstalled;
    }
    if name.is_empty() || version.is_empty() {
        return Stanza::Broken(format!(
            "a dpkg entry lacks its name or version: {name}{version}"
        ));
    }
    let mut package = Package::new(PackageKind::Deb, name, version);
    package.arch = (!arch.is_empty()).then(|| arch.to_owned());
    package.source = (!source.is_empty()).then(|| read_source(source, version));
    let mut declared = DeclaredPackage::from(package);
    if !licence.is_empty() {
        declared.licences.push(licence.to_owned());
    }
    Stanza::Installed(declared)
}

/// `openssl` or `gcc-defaults (1.203)`.
fn read_source(source: &str, version: &str) -> SourcePackage {
    let (name, version) = match source.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (source, version),
    };
    SourcePackage {
        name: name.to_owned(),
        version: version.to_owned(),
    }
}

/// `info/*.list` and, in distroless images, `status.d/*.md5sums`: which paths dpkg owns.
pub struct OwnedPaths;

impl Cataloger for OwnedPaths {
    fn names(&self) -> Names {
        Names {
            extensions: &["list", "md5sums"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, name) = path::split_name(path);
        (directory == "var/lib/dpkg/info" && name.ends_with(".list"))
            || (directory == STATUS_DIR && name.ends_with(".md5sums"))
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let sums = path.ends_with(".md5sums");
        let text = String::from_utf8_lossy(content);
        let owned = text
            .lines()
            .filter_map(|line| {
                if sums {
                    line.split_once("  ").map(|(_, path)| path)
                } else {
                    Some(line)
                }
            })
            .filter_map(path::normalize)
            .filter(|path| language_evidence(path))
            .map(Cow::into_owned)
            .collect();
        FileEvidence {
            owned,
            ..FileEvidence::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_carry_their_source() {
        let status = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\n\
            Source: openssl\nVersion: 3.0.11-1\nDescription: x\n more: text\n\n\
            Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
            Package: gcc\nStatus: install ok installed\nSource: gcc-defaults (1.203)\nVersion: 4:12.2.0-3\n";
        let evidence = Status.catalog("var/lib/dpkg/status", status.as_bytes());
        let found: Vec<_> = evidence
            .packages
            .iter()
            .map(|p| {
                (
                    p.package.name.as_str(),
                    p.package.version.as_str(),
                    p.package.source_name(),
                    p.package.source_version(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("libssl3", "3.0.11-1", "openssl", "3.0.11-1"),
                ("gcc", "4:12.2.0-3", "gcc-defaults", "1.203")
            ]
        );
        assert!(evidence.unknowns.is_empty());
    }

    #[test]
    fn only_installed_packages_count_and_unfinished_ones_are_said() {
        let status = |state: &str| {
            let text = format!("Package: a\nVersion: 1\nStatus: install ok {state}\n");
            let evidence = Status.catalog("var/lib/dpkg/status", text.as_bytes());
            (evidence.packages.len(), evidence.unknowns.len())
        };
        assert_eq!(status("triggers-pending"), (1, 0));
        assert_eq!(status("unpacked"), (0, 1));
        assert_eq!(status("config-files"), (0, 0));
        let bare = b"Package: a\nVersion: 1\n";
        let packages = |path: &str| Status.catalog(path, bare).packages.len();
        assert_eq!(packages("var/lib/dpkg/status.d/a"), 1);
        assert_eq!(packages("var/lib/dpkg/status"), 0);
    }

    #[test]
    fn lists_and_sums_are_read_whatever_the_package_is_called() {
        let lists = [
            ("var/lib/dpkg/info/p:amd64.list", "/.\n/usr/bin/p\n/etc/p\n"),
            (
                "var/lib/dpkg/status.d/p:amd64.md5sums",
                "d41d8cd98f00b204e9800998ecf8427e  usr/bin/p\nd41d8cd98f00b204e9800998ecf8427e  etc/p\n",
            ),
        ];
        for (path, text) in lists {
            assert!(OwnedPaths.wants(path), "{path}");
            let evidence = OwnedPaths.catalog(path, text.as_bytes());
            assert_eq!(evidence.owned, ["usr/bin/p"], "{path}");
        }
    }

    #[test]
    fn opkg_writes_the_licence_into_its_database() {
        let text = "Package: a\nVersion: 1\nLicense: GPL-2.0\nStatus: install user installed\n";
        let evidence = Status.catalog("usr/lib/opkg/status", text.as_bytes());
        assert_eq!(evidence.packages[0].licences, ["GPL-2.0"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_said_and_the_rest_is_read() {
        let status = b"Package: a\nStatus: install ok installed\nVersion: 1\nMaintainer: \xff\n\nPackage: b\nStatus: install ok installed\n";
        let evidence = Status.catalog("var/lib/dpkg/status", status);
        assert_eq!(evidence.packages.len(), 1);
        assert_eq!(evidence.unknowns.len(), 2);
    }
}
