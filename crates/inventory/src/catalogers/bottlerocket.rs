//! Bottlerocket: a host system whose package list is part of its image.

use scanyard_package::{CoverageKind, Package, PackageKind};
use serde::Deserialize;

use super::{Cataloger, Names};
use crate::layer::{DeclaredPackage, FileEvidence};

const PATH: &str = "usr/share/bottlerocket/application-inventory.json";

pub struct Inventory;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    content: Vec<Application>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    name: String,
    version: String,
    release: Option<String>,
    epoch: Option<String>,
    architecture: Option<String>,
    publisher: Option<String>,
}

impl Cataloger for Inventory {
    fn names(&self) -> Names {
        Names {
            files: &["application-inventory.json"],
            ..Names::NONE
        }
    }

    /// At the root of a host, or below `x86_64-bottlerocket-linux-gnu/sys-root` of its kit.
    fn wants(&self, path: &str) -> bool {
        match path.strip_suffix(PATH) {
            Some(root) => root.is_empty() || root.ends_with("/sys-root/"),
            None => false,
        }
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match serde_json::from_slice::<List>(content) {
            Ok(list) => FileEvidence::of_packages(list.content.into_iter().map(declared)),
            Err(error) => {
                let detail = format!("Bottlerocket's list is not what it should be: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

/// They are built as rpms.
fn declared(application: Application) -> DeclaredPackage {
    let mut version = application.version;
    if let Some(release) = application.release {
        version = format!("{version}-{release}");
    }
    if let Some(epoch) = application.epoch {
        version = format!("{epoch}:{version}");
    }
    let mut package = Package::new(PackageKind::Rpm, application.name, version);
    package.arch = application.architecture;
    DeclaredPackage {
        vendor: application.publisher,
        ..DeclaredPackage::from(package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_application_is_a_package() {
        let text = br#"{"Content":[{"Name":"glibc","Publisher":"Bottlerocket","Version":"2.40",
            "Release":"1.bf62fa7e.br1","Epoch":"1","Architecture":"x86_64"}]}"#;
        let path = "x86_64-bottlerocket-linux-gnu/sys-root/usr/share/bottlerocket/application-inventory.json";
        assert!(Inventory.wants(path) && !Inventory.wants("x/application-inventory.json"));
        let evidence = Inventory.catalog(path, text);
        let declared = &evidence.packages[0];
        let purl = "pkg:rpm/glibc@2.40-1.bf62fa7e.br1?arch=x86_64&epoch=1";
        assert_eq!(declared.package.purl(None), purl);
        assert_eq!(declared.vendor.as_deref(), Some("Bottlerocket"));
        assert_eq!(Inventory.catalog(path, b"{}").unknowns.len(), 1);
    }
}
