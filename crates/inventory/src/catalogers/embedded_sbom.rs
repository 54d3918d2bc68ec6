//! Bills of materials that lie in an image: of its build, of Bitnami's packages, of what is inside
//! a Python wheel (PEP 770).
//!
//! What the package manager's database says wins over a bill, so OS packages and the distro of a
//! bill are left out here.

use scanyard_package::CoverageKind;

use super::{Cataloger, Names};
use crate::layer::{DeclaredPackage, FileEvidence};
use crate::sbom::{SbomError, catalog_sbom};

pub struct EmbeddedSbom;

impl Cataloger for EmbeddedSbom {
    fn names(&self) -> Names {
        Names {
            extensions: &["json", "spdx"],
            ..Names::NONE
        }
    }

    /// `*.cdx.json`, `*.spdx.json`, `opt/bitnami/**/.spdx-NAME.spdx`, `*.dist-info/sboms/*.json`.
    fn wants(&self, path: &str) -> bool {
        let is_bitnami = || {
            let name = path.rsplit('/').next().unwrap_or_default();
            path.starts_with("opt/bitnami/")
                && name.starts_with(".spdx-")
                && name.ends_with(".spdx")
        };
        let is_in_wheel = || path.contains(".dist-info/sboms/") && path.ends_with(".json");
        path.ends_with(".cdx.json") || path.ends_with(".spdx.json") || is_bitnami() || is_in_wheel()
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match catalog_sbom(content) {
            Ok(evidence) => without_os(evidence),
            // Other JSON under such a name is nobody's loss.
            Err(SbomError::UnknownFormat) => FileEvidence::default(),
            Err(error) => {
                let detail = format!("the bill of materials is {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

fn without_os(mut evidence: FileEvidence) -> FileEvidence {
    evidence.distro = None;
    let is_os = |declared: &DeclaredPackage| declared.package.kind.is_os();
    evidence.packages.retain(|declared| !is_os(declared));
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_are_recognised_by_name() {
        let wanted = [
            "app/bom.cdx.json",
            "sbom.spdx.json",
            "opt/bitnami/postgresql/.spdx-postgresql.spdx",
            "x/a-1.dist-info/sboms/auditwheel.json",
        ];
        assert!(wanted.iter().all(|path| EmbeddedSbom.wants(path)));
        assert!(!EmbeddedSbom.wants("app/package.json"));
        assert!(!EmbeddedSbom.wants("opt/x/.spdx-x.spdx"));
    }

    #[test]
    fn os_packages_are_left_to_the_package_database() {
        let text = br#"{"bomFormat": "CycloneDX", "components": [
            {"type": "operating-system", "name": "debian", "version": "11"},
            {"type": "library", "name": "a", "purl": "pkg:deb/debian/a@1"},
            {"type": "library", "name": "b", "purl": "pkg:bitnami/b@1"}]}"#;
        let evidence = EmbeddedSbom.catalog("bom.cdx.json", text);
        assert_eq!(evidence.packages.len(), 1);
        assert_eq!(evidence.distro, None);
    }
}
