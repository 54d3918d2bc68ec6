//! `Cargo.lock`.

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_toml};

pub struct CargoLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// Absent where the crate is the project's own.
    source: Option<String>,
}

impl LockFile for CargoLock {
    fn names(&self) -> Names {
        Names {
            files: &["Cargo.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_toml(content)?;
        let mut declared = Declared::new(PackageKind::Cargo);
        for locked in lock.package {
            if locked.source.is_some() {
                declared.add(&locked.name, &locked.version);
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
    fn crates_without_a_source_are_the_projects_own() {
        let text = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\
                    [[package]]\nname = \"syn\"\nversion = \"2.0.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(read_as_text(&CargoLock, text), ["cargo/syn@2.0.0"]);
    }
}
