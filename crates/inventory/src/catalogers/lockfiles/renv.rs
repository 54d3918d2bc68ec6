//! `renv.lock` of R.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct RenvLock;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Locked {
    #[serde(default)]
    package: String,
    #[serde(default)]
    version: String,
}

impl LockFile for RenvLock {
    fn names(&self) -> Names {
        Names {
            files: &["renv.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Cran);
        for locked in lock.packages.values() {
            declared.add(&locked.package, &locked.version);
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn packages_are_read_and_r_itself_is_not() {
        let text = r#"{"R": {"Version": "4.1.0"},
            "Packages": {"mime": {"Package": "mime", "Version": "0.7", "Source": "Repository"}}}"#;
        assert_eq!(read_as_text(&RenvLock, text), ["cran/mime@0.7"]);
    }
}
