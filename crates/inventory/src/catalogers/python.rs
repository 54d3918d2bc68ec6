//! Python distributions: wheels (`*.dist-info`) and eggs (`*.egg-info`, `EGG-INFO`).

use scanyard_package::{CoverageKind, Ecosystem, Package, PackageKind};

use super::{Cataloger, Names, headers};
use crate::layer::FileEvidence;

/// `NAME-VERSION.dist-info/METADATA`.
pub struct Distribution;

impl Cataloger for Distribution {
    fn names(&self) -> Names {
        Names {
            files: &["METADATA"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with(".dist-info/METADATA")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        read(content)
    }
}

/// `NAME.egg-info` as a file, `NAME.egg-info/PKG-INFO`, `NAME.egg/EGG-INFO/PKG-INFO`.
pub struct Egg;

impl Cataloger for Egg {
    fn names(&self) -> Names {
        Names {
            files: &["PKG-INFO"],
            extensions: &["egg-info"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with(".egg-info")
            || path.ends_with(".egg-info/PKG-INFO")
            || path.ends_with("/EGG-INFO/PKG-INFO")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        read(content)
    }
}

fn read(content: &[u8]) -> FileEvidence {
    let text = String::from_utf8_lossy(content);
    let (mut name, mut version) = ("", "");
    for (field, value) in headers::blocks(&text)
        .next()
        .into_iter()
        .flat_map(headers::fields)
    {
        // The first one counts: descriptions can hold lines that look like fields.
        if name.is_empty() && field.eq_ignore_ascii_case("name") {
            name = value;
        } else if version.is_empty() && field.eq_ignore_ascii_case("version") {
            version = value;
        }
    }
    if name.is_empty() || version.is_empty() {
        let detail = "the Python metadata lacks a name or version";
        return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
    }
    // The interpreter describes itself so in its own egg-info; it is no distribution on PyPI.
    if name == "Python" {
        return FileEvidence::default();
    }
    let name = Ecosystem::new("PyPI").normalize_name(name);
    FileEvidence::of_packages(vec![Package::new(PackageKind::Pypi, name, version)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized_and_descriptions_are_not_fields() {
        let text = b"Metadata-Version: 2.1\nName: Zope.Interface\nVersion: 5.4.0\n\nVersion: 9\n";
        let evidence = Distribution.catalog("x.dist-info/METADATA", text);
        assert_eq!(
            evidence,
            FileEvidence::of_packages([Package::new(PackageKind::Pypi, "zope-interface", "5.4.0")])
        );
        assert_eq!(Egg.catalog("x.egg-info", b"Name: x\n").unknowns.len(), 1);
    }
}
