//! `pubspec.lock` of Dart and Flutter.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_yaml};

pub struct PubspecLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    source: String,
    #[serde(default)]
    version: String,
}

impl LockFile for PubspecLock {
    fn names(&self) -> Names {
        Names {
            files: &["pubspec.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let mut declared = Declared::new(PackageKind::Pub);
        for lock in read_yaml::<Lock>(content)? {
            for (name, locked) in &lock.packages {
                // A folder, or a part of the SDK, whose version is the SDK's.
                if !matches!(locked.source.as_str(), "path" | "sdk") {
                    declared.add(name, &locked.version);
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
    fn folders_and_parts_of_the_sdk_are_left_out() {
        let text = "packages:\n  args:\n    source: hosted\n    version: \"1.6.0\"\n  \
                    flutter:\n    description: flutter\n    source: sdk\n    version: \"0.0.0\"\n  \
                    mine:\n    source: path\n    version: \"1.0.0\"\n";
        assert_eq!(read_as_text(&PubspecLock, text), ["pub/args@1.6.0"]);
    }
}
