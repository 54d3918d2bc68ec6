//! `composer.lock` of PHP's Composer.

use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};
use crate::catalogers::composer::{Entry, declare};

pub struct ComposerLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Entry>,
    #[serde(default, rename = "packages-dev")]
    development: Vec<Entry>,
}

impl LockFile for ComposerLock {
    fn names(&self) -> Names {
        Names {
            files: &["composer.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        Ok(declare(lock.packages.iter().chain(&lock.development)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn packages_for_development_are_listed_too() {
        let text = r#"{"packages": [{"name": "a/b", "version": "v1.0.0"}],
                       "packages-dev": [{"name": "c/d", "version": "2.0"}]}"#;
        let packages = read_as_text(&ComposerLock, text);
        assert_eq!(packages, ["composer/a/b@v1.0.0", "composer/c/d@2.0"]);
    }
}
