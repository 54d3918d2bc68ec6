//! Julia packages: the `Manifest.toml` of an environment.

use scanyard_package::{CoverageKind, PackageKind};
use toml::{Table, Value};

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Manifest;

impl Cataloger for Manifest {
    fn names(&self) -> Names {
        Names {
            files: &["Manifest.toml", "JuliaManifest.toml"],
            ..Names::NONE
        }
    }

    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match toml::from_slice::<Table>(content) {
            Ok(manifest) => declare(&manifest).into(),
            Err(error) => {
                let detail = format!("Manifest.toml is not valid TOML: {}", error.message());
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

/// Reads `[[deps.NAME]]`, which was `[[NAME]]` before Julia 1.6.
fn declare(manifest: &Table) -> Declared {
    let packages = manifest.get("deps").and_then(Value::as_table);
    let mut declared = Declared::new(PackageKind::Julia);
    for (name, entries) in packages.unwrap_or(manifest) {
        for entry in entries.as_array().into_iter().flatten() {
            // Those with a path are the project's own.
            let version = entry.get("version").and_then(Value::as_str);
            if let (Some(version), None) = (version, entry.get("path")) {
                declared.add(name, version);
            }
        }
    }
    declared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_manifest_are_read() {
        let second = b"julia_version = \"1.9.0\"\n[[deps.JSON]]\nuuid = \"6\"\nversion = \"0.21.4\"\n\
                       [[deps.Dates]]\nuuid = \"a\"\n[[deps.Mine]]\npath = \"../Mine\"\nversion = \"0.1.0\"\n";
        let first = b"[[JSON]]\nuuid = \"6\"\nversion = \"0.21.4\"\n";
        for text in [second.as_slice(), first] {
            let evidence = Manifest.catalog("app/Manifest.toml", text);
            let purls: Vec<_> = evidence
                .packages
                .iter()
                .map(|p| p.package.purl(None))
                .collect();
            assert_eq!(purls, ["pkg:julia/JSON@0.21.4"]);
        }
        assert_eq!(Manifest.catalog("Manifest.toml", b"[[").unknowns.len(), 1);
    }
}
