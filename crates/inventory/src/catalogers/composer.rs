//! PHP packages that Composer installed: `vendor/composer/installed.json`.

use scanyard_package::{CoverageKind, PackageKind};
use serde::Deserialize;
use serde_json::Value;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Installed;

/// A package as Composer writes it, here and in lock files.
#[derive(Deserialize)]
pub struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Packages {
    /// Composer 1.
    List(Vec<Entry>),
    /// Composer 2.
    Object { packages: Vec<Entry> },
}

impl Cataloger for Installed {
    fn names(&self) -> Names {
        Names {
            files: &["installed.json"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with("/composer/installed.json") || path == "composer/installed.json"
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match serde_json::from_slice(content) {
            Ok(Packages::List(entries) | Packages::Object { packages: entries }) => {
                declare(&entries).into()
            }
            Err(error) => {
                let detail = format!("installed.json is not Composer's: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

/// The packages of some entries.
pub fn declare<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Declared {
    let mut declared = Declared::new(PackageKind::Composer);
    for entry in entries {
        declared.add_licensed(&entry.name, &entry.version, licences(&entry.license));
    }
    declared
}

/// A licence, or a list of which any may be chosen.
fn licences(license: &Value) -> Vec<String> {
    let listed = license.as_array().map_or(&[][..], Vec::as_slice);
    let choices: Vec<_> = match license.as_str() {
        Some(one) => vec![one],
        None => listed.iter().filter_map(Value::as_str).collect(),
    };
    match choices.is_empty() {
        true => Vec::new(),
        false => vec![choices.join(" OR ")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> FileEvidence {
        Installed.catalog("vendor/composer/installed.json", text.as_bytes())
    }

    #[test]
    fn both_versions_of_the_file_list_packages() {
        let first =
            read(r#"[{"name": "a/b", "version": "v1.0.0", "license": ["MIT", "GPL-2.0"]}]"#);
        let second = read(
            r#"{"packages": [{"name": "a/b", "version": "v1.0.0", "license": ["MIT", "GPL-2.0"]}], "dev": true}"#,
        );
        assert_eq!(first, second);
        assert_eq!(
            first.packages[0].package.purl(None),
            "pkg:composer/a/b@v1.0.0"
        );
        assert_eq!(first.packages[0].licences, ["MIT OR GPL-2.0"]);
    }

    #[test]
    fn another_file_of_that_name_is_an_unknown() {
        assert_eq!(read("{}").unknowns.len(), 1);
    }
}
