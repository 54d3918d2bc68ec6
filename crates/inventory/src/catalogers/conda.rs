//! Conda packages: `conda-meta/NAME-VERSION-BUILD.json` in an environment.

use scanyard_package::{CoverageKind, PackageKind};
use serde::Deserialize;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Installed;

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    license: Option<String>,
}

impl Cataloger for Installed {
    fn names(&self) -> Names {
        Names {
            extensions: &["json"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        // Names, versions and builds are joined by dashes; other files there have none.
        parts.next() == Some("conda-meta") && file.matches('-').count() >= 2
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match serde_json::from_slice::<Record>(content) {
            Ok(record) => {
                let mut declared = Declared::new(PackageKind::Conda);
                let licences = record.license.into_iter().collect();
                declared.add_licensed(&record.name, &record.version, licences);
                declared.into()
            }
            Err(error) => {
                let detail = format!("the record of a Conda package is not valid: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_an_environment_are_packages() {
        let path = "opt/conda/conda-meta/pip-22.2.2-py38_0.json";
        assert!(Installed.wants(path));
        assert!(!Installed.wants("opt/conda/conda-meta/state.json"));
        let text = br#"{"name": "pip", "version": "22.2.2", "license": "MIT", "files": ["a"]}"#;
        let evidence = Installed.catalog(path, text);
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:conda/pip@22.2.2"
        );
        assert_eq!(evidence.packages[0].licences, ["MIT"]);
        assert_eq!(Installed.catalog(path, b"{}").unknowns.len(), 1);
    }
}
