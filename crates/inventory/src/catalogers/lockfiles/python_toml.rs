//! Python's lock files in TOML: `poetry.lock`, `uv.lock`, `pdm.lock` and `pylock.toml` (PEP 751).

use scanyard_package::PackageKind;
use serde::Deserialize;
use toml::Value;

use super::{Declared, LockFile, Malformed, Names, read_toml};

/// Lists of `[[package]]`.
pub struct PythonLock;

/// A list of `[[packages]]`, in `pylock.toml` or `pylock.NAME.toml`.
pub struct Pylock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default, alias = "packages")]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    #[serde(default)]
    version: String,
    /// uv: where the package comes from; poetry: the same with a type, where it is not PyPI.
    source: Option<Value>,
    /// PDM and PEP 751: a folder.
    path: Option<Value>,
    directory: Option<Value>,
}

impl Locked {
    /// Whether it is the project, a member of its workspace or another folder.
    fn is_local(&self) -> bool {
        let source_is_local = self.source.as_ref().is_some_and(|source| {
            let of_uv = ["editable", "virtual", "directory", "path"];
            let poetry = source.get("type").and_then(Value::as_str);
            of_uv.iter().any(|kind| source.get(kind).is_some())
                || matches!(poetry, Some("directory" | "file"))
        });
        source_is_local || self.path.is_some() || self.directory.is_some()
    }
}

fn read(content: &[u8]) -> Result<Declared, Malformed> {
    let lock: Lock = read_toml(content)?;
    let mut declared = Declared::new(PackageKind::Pypi);
    for locked in lock.package.iter().filter(|locked| !locked.is_local()) {
        declared.add(&locked.name, &locked.version);
    }
    Ok(declared)
}

impl LockFile for PythonLock {
    fn names(&self) -> Names {
        Names {
            files: &["poetry.lock", "uv.lock", "pdm.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        read(content)
    }
}

impl LockFile for Pylock {
    fn names(&self) -> Names {
        Names {
            extensions: &["toml"],
            ..Names::NONE
        }
    }

    fn is_named(&self, file_name: &str) -> bool {
        file_name == "pylock.toml" || file_name.starts_with("pylock.")
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        read(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn projects_and_folders_are_left_out() {
        let text = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
                    [[package]]\nname = \"A_b\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
                    [[package]]\nname = \"c\"\nversion = \"2.0\"\n[package.source]\ntype = \"directory\"\nurl = \"../c\"\n\
                    [[package]]\nname = \"d\"\nversion = \"3.0\"\npath = \"./d\"\n";
        assert_eq!(read_as_text(&PythonLock, text), ["pypi/a-b@1.0"]);
    }

    #[test]
    fn the_standard_format_has_one_name_in_many_spellings() {
        assert!(Pylock.is_named("pylock.toml") && Pylock.is_named("pylock.dev.toml"));
        assert!(!Pylock.is_named("pyproject.toml"));
        let text = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n\
                    [[packages]]\nname = \"app\"\ndirectory = { path = \".\" }\n";
        assert_eq!(read_as_text(&Pylock, text), ["pypi/a@1.0"]);
    }
}
