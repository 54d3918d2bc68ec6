//! Node packages: the `package.json` at the root of each installed package.

use scanyard_package::{CoverageKind, Package, PackageKind};
use serde::Deserialize;

use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct PackageManifest;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: serde_json::Value,
    #[serde(default)]
    version: serde_json::Value,
}

impl Cataloger for PackageManifest {
    fn names(&self) -> Names {
        Names {
            files: &["package.json"],
            ..Names::NONE
        }
    }

    /// `node_modules/NAME/package.json`, or one outside every `node_modules`: an application.
    fn wants(&self, path: &str) -> bool {
        let Some(dir) = path.strip_suffix("/package.json") else {
            return false;
        };
        let package = match dir.rfind("node_modules/") {
            Some(start) => &dir[start + "node_modules/".len()..],
            None => return !dir.ends_with("node_modules"),
        };
        let slashes = package.matches('/').count();
        slashes == usize::from(package.starts_with('@'))
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let manifest: Manifest = match serde_json::from_slice(content) {
            Ok(manifest) => manifest,
            // Files of that name outside node_modules are often templates or test data.
            Err(_) if !path.contains("node_modules/") => return FileEvidence::default(),
            Err(error) => {
                let detail = format!("package.json is not valid JSON: {error}");
                return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
            }
        };
        match (manifest.name.as_str(), manifest.version.as_str()) {
            (Some(name), Some(version)) if !name.is_empty() && !version.is_empty() => {
                FileEvidence::of_packages(vec![Package::new(PackageKind::Npm, name, version)])
            }
            _ => FileEvidence::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_package_roots_are_packages() {
        let wanted = [
            "app/node_modules/a/package.json",
            "n/node_modules/@s/a/package.json",
            "app/package.json",
        ];
        let not_wanted = [
            "app/node_modules/a/lib/package.json",
            "n/node_modules/@s/package.json",
            "a/package.json5",
        ];
        assert!(wanted.iter().all(|path| PackageManifest.wants(path)));
        assert!(!not_wanted.iter().any(|path| PackageManifest.wants(path)));
    }

    #[test]
    fn manifests_without_a_version_are_not_installed_packages() {
        let read =
            |text: &str| PackageManifest.catalog("node_modules/a/package.json", text.as_bytes());
        let evidence = read(r#"{"name":"@s/a","version":"1.0.0"}"#);
        assert_eq!(
            evidence,
            FileEvidence::of_packages([Package::new(PackageKind::Npm, "@s/a", "1.0.0")])
        );
        assert_eq!(read(r#"{"type":"module"}"#), FileEvidence::default());
        assert_eq!(read("{").unknowns.len(), 1);
    }
}
