//! `pnpm-lock.yaml`, lock file versions 5 to 9.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Declared, LockFile, Malformed, Names, read_yaml};

pub struct PnpmLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, IgnoredAny>,
}

impl LockFile for PnpmLock {
    fn names(&self) -> Names {
        Names {
            files: &["pnpm-lock.yaml"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let mut declared = Declared::new(PackageKind::Npm);
        for lock in read_yaml::<Lock>(content)? {
            for path in lock.packages.keys() {
                if let Some((name, version)) = name_and_version(path) {
                    declared.add(name, version);
                }
            }
        }
        Ok(declared)
    }
}

/// Reads a dependency path: `/name/1.0.0_peer@2.0.0` (version 5), `/name@1.0.0(peer@2.0.0)`
/// (version 6), `name@1.0.0` (version 9); versions 5 and 6 put a registry's host before the first
/// slash where it is another. Other paths are folders, archives and Git.
fn name_and_version(path: &str) -> Option<(&str, &str)> {
    let path = path.split('(').next()?;
    let path = match path.split_once('/') {
        Some((host, rest)) if host.is_empty() || is_host(host) => rest,
        _ => path,
    };
    let name_end = match path.strip_prefix('@') {
        Some(scoped) => scoped.find('/')? + 2,
        None => 0,
    };
    let separator = name_end + path.get(name_end..)?.find(['/', '@'])?;
    let version = path.get(separator + 1..)?.split('_').next()?;
    let pinned = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(['/', ':']);
    pinned.then(|| (&path[..separator], version))
}

fn is_host(text: &str) -> bool {
    text.contains('.') && !text.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn dependency_paths_of_every_version_are_read() {
        let cases = [
            ("/a/1.0.0", Some(("a", "1.0.0"))),
            ("/@s/a/1.0.0_b@2.0.0+c@3.0.0", Some(("@s/a", "1.0.0"))),
            (
                "/@s/a@1.0.0-rc.1(b@2.0.0)(@t/c@3.0.0)",
                Some(("@s/a", "1.0.0-rc.1")),
            ),
            ("@s/a@1.0.0", Some(("@s/a", "1.0.0"))),
            ("a.b@1.0.0", Some(("a.b", "1.0.0"))),
            ("registry.npmjs.org/@s/a/1.1.0", Some(("@s/a", "1.1.0"))),
            ("github.com/owner/a/0123456789abcdef", None),
            ("a@https://codeload.github.com/o/a/tar.gz/1", None),
            ("file:a.tgz", None),
            ("a@file:a.tgz", None),
            ("a", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(name_and_version(path), expected, "{path}");
        }
    }

    #[test]
    fn packages_of_every_document_are_listed() {
        let text = "lockfileVersion: '9.0'\npackages:\n  'a@1.0.0':\n    resolution: {integrity: x}\n\
                    ---\nlockfileVersion: '9.0'\npackages:\n  b@2.0.0: {}\n";
        assert_eq!(
            read_as_text(&PnpmLock, text),
            ["npm/a@1.0.0", "npm/b@2.0.0"]
        );
    }
}
