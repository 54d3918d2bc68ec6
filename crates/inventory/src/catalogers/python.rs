//! Python distributions: wheels (`*.dist-info`) and eggs (`*.egg-info`, `EGG-INFO`).

use scanyard_package::{CoverageKind, PackageKind};

use super::declared::Declared;
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

/// What the metadata of a distribution says.
pub fn read(content: &[u8]) -> FileEvidence {
    let text = String::from_utf8_lossy(content);
    let (mut name, mut version) = ("", "");
    let mut licences = Licences::default();
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
        } else {
            licences.see(field, value);
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
    let mut declared = Declared::new(PackageKind::Pypi);
    declared.add_licensed(name, version, licences.into_list());
    declared.into()
}

/// What the metadata says of licences, in three places of falling precision.
#[derive(Default)]
struct Licences<'a> {
    expression: Option<&'a str>,
    text: Option<&'a str>,
    classifiers: Vec<&'a str>,
}

/// Longest text that is taken for a licence's name; many paste the licence itself.
const LICENCE_NAME_BYTES: usize = 80;

impl<'a> Licences<'a> {
    fn see(&mut self, field: &str, value: &'a str) {
        if field.eq_ignore_ascii_case("license-expression") {
            self.expression = Some(value);
        } else if field.eq_ignore_ascii_case("license") {
            let is_name = !value.is_empty() && value.len() <= LICENCE_NAME_BYTES;
            self.text = Some(value).filter(|_| is_name && value != "UNKNOWN");
        } else if field.eq_ignore_ascii_case("classifier")
            && let Some(licence) = value.strip_prefix("License :: ")
        {
            let name = licence.rsplit(" :: ").next().unwrap_or(licence);
            if name != "OSI Approved" {
                self.classifiers.push(name);
            }
        }
    }

    fn into_list(self) -> Vec<String> {
        let list = match self.expression.or(self.text) {
            Some(one) => vec![one],
            None => self.classifiers,
        };
        list.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use scanyard_package::Package;

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

    #[test]
    fn the_most_precise_licence_is_kept() {
        let read = |fields: &str| {
            let text = format!("Name: a\nVersion: 1\n{fields}\n\nLicense: no\n");
            let mut evidence = Egg.catalog("a.egg-info", text.as_bytes());
            evidence.packages.remove(0).licences
        };
        let classifier = "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved";
        let all = format!("License-Expression: MIT OR ISC\nLicense: Expat\n{classifier}");
        assert_eq!(read(&all), ["MIT OR ISC"]);
        assert_eq!(read(&format!("License: Expat\n{classifier}")), ["Expat"]);
        assert_eq!(
            read(&format!("License: UNKNOWN\n{classifier}")),
            ["MIT License"]
        );
        let pasted = "Copyright ".repeat(20);
        assert_eq!(
            read(&format!("{classifier}\nLicense: {pasted}")),
            ["MIT License"]
        );
        assert!(read("Summary: x").is_empty());
    }
}
