//! dpkg: the status database, the status directory of distroless images, and file lists.

use scanyard_package::{CoverageKind, Package, PackageKind, SourcePackage};

use super::{Cataloger, Names, headers, language_evidence};
use crate::layer::{FileEvidence, Unknown};
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

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let mut evidence = FileEvidence::default();
        if matches!(text, std::borrow::Cow::Owned(_)) {
            evidence.unknowns.push(Unknown {
                kind: CoverageKind::UnreadableFile,
                detail: "the dpkg status file holds bytes that are not UTF-8".into(),
            });
        }
        for block in headers::blocks(&text) {
            match stanza(block) {
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

enum Stanza {
    Installed(Package),
    NotInstalled,
    Broken(String),
}

fn stanza(block: &str) -> Stanza {
    let (mut name, mut version, mut arch, mut source, mut status) =
        ("", "", "", "", "install ok installed");
    for (field, value) in headers::fields(block) {
        match field {
            "Package" => name = value,
            "Version" => version = value,
            "Architecture" => arch = value,
            "Source" => source = value,
            "Status" => status = value,
            _ => {}
        }
    }
    if status.split_whitespace().nth(2) != Some("installed")
        || (name.is_empty() && version.is_empty())
    {
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
    Stanza::Installed(package)
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
                    p.name.as_str(),
                    p.version.as_str(),
                    p.source_name(),
                    p.source_version(),
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
    fn bytes_that_are_not_utf8_are_said_and_the_rest_is_read() {
        let status = b"Package: a\nStatus: install ok installed\nVersion: 1\nMaintainer: \xff\n\nPackage: b\nStatus: install ok installed\n";
        let evidence = Status.catalog("var/lib/dpkg/status", status);
        assert_eq!(evidence.packages.len(), 1);
        assert_eq!(evidence.unknowns.len(), 2);
    }
}
