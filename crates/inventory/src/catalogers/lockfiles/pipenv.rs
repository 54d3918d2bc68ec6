//! `Pipfile.lock` of Pipenv.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;
use serde_json::Value;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct PipfileLock;

#[derive(Deserialize)]
struct Locked {
    /// `==1.0`; absent for folders and Git.
    #[serde(default)]
    version: String,
}

impl LockFile for PipfileLock {
    fn names(&self) -> Names {
        Names {
            files: &["Pipfile.lock"],
            ..Names::NONE
        }
    }

    /// Reads every category of packages: `default`, `develop` and those that the project names.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: BTreeMap<String, Value> = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Pypi);
        for (category, packages) in lock {
            if category == "_meta" {
                continue;
            }
            let packages: BTreeMap<String, Locked> =
                serde_json::from_value(packages).map_err(|error| Malformed::new("JSON", error))?;
            for (name, locked) in &packages {
                if let Some(version) = locked.version.strip_prefix("==") {
                    declared.add(name, version);
                }
            }
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn every_category_is_read() {
        let text = r#"{"_meta": {"requires": {"python_version": "3"}},
            "default": {"A": {"version": "==1.0"}, "g": {"git": "x", "ref": "y"}},
            "develop": {"b": {"version": "==2.0"}}, "docs": {"c": {"version": "==3.0"}}}"#;
        let packages = read_as_text(&PipfileLock, text);
        assert_eq!(packages, ["pypi/a@1.0", "pypi/b@2.0", "pypi/c@3.0"]);
    }
}
