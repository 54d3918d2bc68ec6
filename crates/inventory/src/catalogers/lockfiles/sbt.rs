//! `build.sbt.lock` of sbt-dependency-lock.

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct SbtLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    dependencies: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    org: String,
    name: String,
    version: String,
    #[serde(default)]
    configurations: Vec<String>,
}

impl LockFile for SbtLock {
    fn names(&self) -> Names {
        Names {
            extensions: &["lock"],
            ..Names::NONE
        }
    }

    fn is_named(&self, file_name: &str) -> bool {
        file_name.ends_with(".sbt.lock")
    }

    /// Unlike other formats this one says which artifacts only tests see: they are never on the
    /// path of what runs, and are left out.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Maven);
        for locked in &lock.dependencies {
            let configurations = &locked.configurations;
            let runs = configurations.is_empty() || configurations.iter().any(|c| c != "test");
            if runs {
                declared.add(&format!("{}:{}", locked.org, locked.name), &locked.version);
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
    fn artifacts_of_tests_alone_are_left_out() {
        let text = r#"{"lockVersion": 1, "dependencies": [
            {"org": "org.x", "name": "a_2.12", "version": "1.0", "configurations": ["test", "compile"]},
            {"org": "org.x", "name": "b", "version": "2.0", "configurations": ["test"]}]}"#;
        assert_eq!(read_as_text(&SbtLock, text), ["maven/org.x/a_2.12@1.0"]);
        assert!(SbtLock.is_named("build.sbt.lock") && !SbtLock.is_named("Cargo.lock"));
    }
}
