//! Bitnami's older images: `opt/bitnami/.bitnami_components.json`, which names what they compiled.
//! Newer ones have a bill of materials for each component.

use std::collections::BTreeMap;

use scanyard_package::{CoverageKind, PackageKind};
use serde::Deserialize;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Components;

#[derive(Deserialize)]
struct Component {
    version: String,
}

impl Cataloger for Components {
    fn names(&self) -> Names {
        Names {
            files: &[".bitnami_components.json"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path == "opt/bitnami/.bitnami_components.json"
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match serde_json::from_slice::<BTreeMap<String, Component>>(content) {
            Ok(components) => {
                let mut declared = Declared::new(PackageKind::Bitnami);
                for (name, component) in components {
                    declared.add(&name, &component.version);
                }
                declared.into()
            }
            Err(error) => {
                let detail = format!("the list of Bitnami's components is not valid: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_packages() {
        let path = "opt/bitnami/.bitnami_components.json";
        assert!(Components.wants(path));
        let text = br#"{"redis": {"arch": "amd64", "type": "NAMI", "version": "7.0.11-2"}}"#;
        let evidence = Components.catalog(path, text);
        let package = &evidence.packages[0].package;
        assert_eq!(package.purl(None), "pkg:bitnami/redis@7.0.11-2");
        assert_eq!(Components.catalog(path, b"[]").unknowns.len(), 1);
    }
}
