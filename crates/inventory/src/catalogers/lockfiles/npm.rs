//! `package-lock.json` and `npm-shrinkwrap.json`, lock file versions 1 to 3.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;
use serde_json::Value;

use super::{Declared, LockFile, Malformed, Names, read_json};
use crate::catalogers::node;

pub struct PackageLock;

#[derive(Deserialize)]
struct Lock {
    /// Versions 2 and 3: by path from the project.
    #[serde(default)]
    packages: BTreeMap<String, Installed>,
    /// Versions 1 and 2: by name.
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
struct Installed {
    /// Its name, where that is another than the path says.
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    license: Value,
}

#[derive(Deserialize)]
struct Dependency {
    version: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
}

impl LockFile for PackageLock {
    fn names(&self) -> Names {
        Names {
            files: &["package-lock.json", "npm-shrinkwrap.json"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Npm);
        // Version 2 says everything twice; by path is the fuller account.
        if lock.packages.is_empty() {
            add_tree(&lock.dependencies, &mut declared);
        }
        for (path, installed) in &lock.packages {
            // Anything else is the project, or a member of its workspace.
            let Some((_, name)) = path.rsplit_once("node_modules/") else {
                continue;
            };
            if installed.link {
                continue;
            }
            let name = installed.name.as_deref().unwrap_or(name);
            let version = installed.version.as_deref().unwrap_or_default();
            declared.add_licensed(name, version, node::licences(&installed.license));
        }
        Ok(declared)
    }
}

/// Depth is bounded by that of the JSON reader.
fn add_tree(dependencies: &BTreeMap<String, Dependency>, declared: &mut Declared) {
    for (name, dependency) in dependencies {
        let version = dependency.version.as_deref().unwrap_or_default();
        match version.strip_prefix("npm:") {
            Some(alias) => {
                if let Some((name, version)) = alias.rsplit_once('@') {
                    declared.add(name, version);
                }
            }
            // Folders, archives and Git: `file:../a`, `github:owner/a#commit`.
            None if version.contains([':', '/']) => {}
            None => declared.add(name, version),
        }
        add_tree(&dependency.dependencies, declared);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn version_one_nests_by_name() {
        let text = r#"{"lockfileVersion": 1, "dependencies": {
            "a": {"version": "1.0.0", "dependencies": {"@s/b": {"version": "2.0.0"}}},
            "alias": {"version": "npm:@s/c@3.0.0"},
            "git": {"version": "github:x/git#1234"}
        }}"#;
        let packages = read_as_text(&PackageLock, text);
        assert_eq!(
            packages,
            ["npm/%40s/b@2.0.0", "npm/%40s/c@3.0.0", "npm/a@1.0.0"]
        );
    }

    #[test]
    fn later_versions_list_by_path_and_leave_out_the_workspace() {
        let text = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "app", "version": "1.0.0"},
            "member": {"version": "1.0.0"},
            "node_modules/member": {"resolved": "member", "link": true},
            "node_modules/a": {"version": "1.0.0", "license": "MIT"},
            "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
            "node_modules/alias": {"name": "c", "version": "3.0.0"}
        }}"#;
        let packages = read_as_text(&PackageLock, text);
        assert_eq!(packages, ["npm/%40s/b@2.0.0", "npm/a@1.0.0", "npm/c@3.0.0"]);
    }
}
