//! Node packages: the `package.json` at the root of each installed package.

use scanyard_package::{CoverageKind, PackageKind};
use serde_json::Value;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct PackageManifest;

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
        // As in JavaScript, the last of several fields of one name counts.
        let manifest: Value = match serde_json::from_slice(content) {
            Ok(manifest) => manifest,
            // Files of that name outside node_modules are often templates or test data.
            Err(_) if !path.contains("node_modules/") => return FileEvidence::default(),
            Err(error) => {
                let detail = format!("package.json is not valid JSON: {error}");
                return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
            }
        };
        let text = |field: &str| manifest[field].as_str().unwrap_or_default();
        let mut licences = licences(&manifest["license"]);
        if licences.is_empty() {
            // The field's name and form of long ago.
            licences = self::licences(&manifest["licenses"]);
        }
        if let Some(name) = editor_extension(path, &manifest) {
            let mut declared = Declared::new(PackageKind::Generic);
            declared.add_licensed(&name, text("version"), licences);
            return declared.into();
        }
        let mut declared = Declared::new(PackageKind::Npm);
        declared.add_licensed(text("name"), text("version"), licences);
        declared.into()
    }
}

/// The full name of an extension of Visual Studio Code. Its manifest is that of an npm package in
/// form, and many have the name of one that they have nothing to do with.
fn editor_extension(path: &str, manifest: &Value) -> Option<String> {
    let is_for_editor = manifest["engines"]["vscode"].is_string();
    let (publisher, name) = (manifest["publisher"].as_str()?, manifest["name"].as_str()?);
    let is_extension = is_for_editor && !path.contains("node_modules/");
    is_extension.then(|| format!("{publisher}.{name}"))
}

/// The licences of a manifest: a text, an object with a type, or a list of either, of which any may
/// be chosen.
pub fn licences(license: &Value) -> Vec<String> {
    let one = |license: &Value| {
        let text = license.as_str().or_else(|| license["type"].as_str())?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let choices: Vec<_> = match license.as_array() {
        Some(list) => list.iter().filter_map(one).collect(),
        None => one(license).into_iter().collect(),
    };
    match choices.is_empty() {
        true => Vec::new(),
        false => vec![choices.join(" OR ")],
    }
}

#[cfg(test)]
mod tests {
    use scanyard_package::Package;

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

    #[test]
    fn licences_have_had_several_forms() {
        let read = |text: &str| licences(&serde_json::from_str(text).unwrap());
        assert_eq!(read(r#""MIT""#), ["MIT"]);
        assert_eq!(read(r#"{"type": "MIT", "url": "x"}"#), ["MIT"]);
        assert_eq!(read(r#"["MIT", {"type": "ISC"}, 1, {}]"#), ["MIT OR ISC"]);
        assert!(read("null").is_empty() && read("[]").is_empty() && read(r#""""#).is_empty());
    }

    #[test]
    fn of_fields_that_are_repeated_the_last_counts() {
        let text = br#"{"name": "a", "version": "1.0.0", "version": "2.0.0"}"#;
        let evidence = PackageManifest.catalog("app/package.json", text);
        assert_eq!(evidence.packages[0].package.version, "2.0.0");
    }

    #[test]
    fn extensions_of_an_editor_are_not_the_packages_whose_names_they_have() {
        let text = br#"{"name": "docker", "publisher": "ms", "version": "1.0.0", "engines": {"vscode": "^1.8"}}"#;
        let purl = |path| {
            PackageManifest.catalog(path, text).packages[0]
                .package
                .purl(None)
        };
        let extension = "root/.vscode-server/extensions/ms.docker-1.0.0/package.json";
        assert_eq!(purl(extension), "pkg:generic/ms.docker@1.0.0");
        assert_eq!(
            purl("app/node_modules/docker/package.json"),
            "pkg:npm/docker@1.0.0"
        );
    }
}
