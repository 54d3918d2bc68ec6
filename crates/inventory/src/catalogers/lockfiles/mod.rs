//! Lock files: what an application's package manager would install, whether or not it did.
//!
//! Every format reads alike. A package is reported where the file pins its version and it comes
//! from where others get it too: the project itself, members of its workspace, local folders and
//! Git dependencies without a version are left out. Dependencies that are for development only are
//! reported: the file does not say whether they were installed, and one that is missing would read
//! as one that is not there.

mod bun;
mod cargo;
mod cocoapods;
mod composer;
mod conan;
mod dart;
mod elixir;
mod erlang;
mod golang;
mod gradle;
mod npm;
mod nuget;
mod pipenv;
mod pnpm;
mod python_toml;
mod renv;
mod requirements;
mod ruby;
mod sbt;
mod swift;
mod text;
mod yarn;

use std::fmt::Display;

use scanyard_package::CoverageKind;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;
use crate::set::CatalogerSet;

pub use bun::BunLock;
pub use cargo::CargoLock;
pub use cocoapods::PodfileLock;
pub use composer::ComposerLock;
pub use conan::ConanLock;
pub use dart::PubspecLock;
pub use elixir::MixLock;
pub use erlang::RebarLock;
pub use golang::GoMod;
pub use gradle::GradleLock;
pub use npm::PackageLock;
pub use nuget::{PackagesConfig, PackagesLock, PackagesProps};
pub use pipenv::PipfileLock;
pub use pnpm::PnpmLock;
pub use python_toml::{Pylock, PythonLock};
pub use renv::RenvLock;
pub use requirements::Requirements;
pub use ruby::GemfileLock;
pub use sbt::SbtLock;
pub use swift::PackageResolved;
pub use yarn::YarnLock;

/// A format of lock files. One that implements this is a [`Cataloger`] in the sets that have
/// [`CatalogerSet::lockfiles`].
pub trait LockFile: Sync {
    /// By what of a path to notice one.
    fn names(&self) -> Names;

    /// Whether a file that goes by one of the names is one.
    fn is_named(&self, _file_name: &str) -> bool {
        true
    }

    /// The packages that it pins.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the file is not of the format.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed>;
}

impl<T: LockFile> Cataloger for T {
    fn names(&self) -> Names {
        LockFile::names(self)
    }

    fn wants(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.is_named(name) && !is_of_an_installed_package(path)
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        match self.read(content) {
            Ok(declared) => declared.into(),
            Err(malformed) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let detail = format!("{name} is not valid {malformed}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }

    fn is_in(&self, set: CatalogerSet) -> bool {
        set.lockfiles
    }
}

/// Where package managers put packages. A lock file in there is what the package's own developers
/// used.
const INSTALLED: [&str; 6] = [
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "cargo/registry/src/",
    "cargo/git/checkouts/",
    "/go/pkg/mod/",
];

fn is_of_an_installed_package(path: &str) -> bool {
    let path = format!("/{path}");
    // Gems lie in `gems/NAME-VERSION/`.
    let mut below_gems = path.split("/gems/").skip(1);
    let is_gem = |rest: &str| rest.split('/').next().is_some_and(|dir| dir.contains('-'));
    INSTALLED.iter().any(|place| path.contains(place)) || below_gems.any(is_gem)
}

/// The file is not of its format: the format and, as far as its reader says, why.
#[derive(Debug, thiserror::Error)]
#[error("{format}: {reason}")]
pub struct Malformed {
    format: &'static str,
    reason: String,
}

/// Longest reason that is kept of a reader that quotes the file.
const REASON_CHARS: usize = 200;

impl Malformed {
    fn new(format: &'static str, reason: impl Display) -> Self {
        let reason = reason.to_string();
        let line = reason.lines().next().unwrap_or_default();
        Self {
            format,
            reason: line.chars().take(REASON_CHARS).collect(),
        }
    }
}

fn read_json<'a, T: serde::Deserialize<'a>>(content: &'a [u8]) -> Result<T, Malformed> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    serde_json::from_slice(content).map_err(|error| Malformed::new("JSON", error))
}

fn read_toml<T: serde::de::DeserializeOwned>(content: &[u8]) -> Result<T, Malformed> {
    toml::from_slice(content).map_err(|error| Malformed::new("TOML", error.message()))
}

/// Reads every YAML document of the file.
fn read_yaml<T: serde::de::DeserializeOwned>(content: &[u8]) -> Result<Vec<T>, Malformed> {
    // Aliases cost what they expand to, and none of the package managers writes one.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 16,
            max_depth: 32,
            max_events: 8_000_000,
            max_nodes: 4_000_000,
        },
        with_snippet: false,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
    };
    serde_saphyr::from_slice_multiple_with_options(content, options)
        .map_err(|error| Malformed::new("YAML", error))
}

#[cfg(test)]
fn read_as_text(format: &dyn LockFile, content: &str) -> Vec<String> {
    let declared = format.read(content.as_bytes()).unwrap();
    let packages = declared.into_packages().into_iter();
    packages
        .map(|declared| declared.package.purl(None))
        .map(|purl| purl.trim_start_matches("pkg:").to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::by_path;
    use super::*;

    #[test]
    fn every_format_is_in_the_list_of_catalogers() {
        let list = include_str!("../mod.rs");
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogers/lockfiles");
        for entry in fs::read_dir(dir).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for line in text.lines() {
                if let Some(name) = line.strip_prefix("impl LockFile for ") {
                    let name = name.trim_end_matches(" {");
                    assert!(list.contains(&format!("&lockfiles::{name},")), "{name}");
                }
            }
        }
    }

    #[test]
    fn lock_files_are_read_only_by_the_set_that_has_them() {
        let path = "app/Cargo.lock";
        assert!(by_path(path, CatalogerSet::WHOLE).is_some());
        assert!(by_path(path, CatalogerSet::STANDARD).is_none());
    }

    #[test]
    fn lock_files_of_installed_packages_are_not_the_applications() {
        let paths = [
            "node_modules/a/yarn.lock",
            "usr/lib/ruby/gems/3.1.0/gems/a-1.0/Gemfile.lock",
            "root/.cargo/registry/src/x/a-1.0/Cargo.lock",
            "root/go/pkg/mod/a@v1/go.mod",
        ];
        for path in paths {
            assert!(by_path(path, CatalogerSet::WHOLE).is_none(), "{path}");
        }
        for path in ["srv/registry/Cargo.lock", "srv/gems/Gemfile.lock"] {
            assert!(by_path(path, CatalogerSet::WHOLE).is_some(), "{path}");
        }
    }

    #[test]
    fn a_file_that_is_not_of_its_format_is_an_unknown_with_its_name() {
        let evidence = Cataloger::catalog(&CargoLock, "app/Cargo.lock", b"[[");
        assert!(evidence.packages.is_empty());
        assert!(
            evidence.unknowns[0]
                .detail
                .starts_with("Cargo.lock is not valid TOML: ")
        );
    }

    #[test]
    fn aliases_of_aliases_end_at_the_budget() {
        let mut text = String::from("a0: &a0 [x]\n");
        for level in 1..40 {
            let below = vec![format!("*a{}", level - 1); 9].join(",");
            text += &format!("a{level}: &a{level} [{below}]\n");
        }
        let read = read_yaml::<serde::de::IgnoredAny>(text.as_bytes());
        assert!(read.is_err());
    }
}
