//! SPDX 2 in JSON: packages with their purls among the external references.

use std::collections::HashSet;

use scanyard_package::{Distro, Limits, SourcePackage};
use serde::Deserialize;

use super::collect::{Collector, Entry};
use super::{SbomError, malformed};
use crate::layer::FileEvidence;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(rename = "documentDescribes", default)]
    describes: Vec<String>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version_info: Option<String>,
    #[serde(default)]
    license_concluded: Option<String>,
    #[serde(default)]
    license_declared: Option<String>,
    #[serde(default)]
    source_info: Option<String>,
    #[serde(default)]
    primary_package_purpose: Option<String>,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    #[serde(default)]
    relationship_type: String,
    #[serde(default)]
    related_spdx_element: String,
}

/// Reads the document.
pub fn read(content: &[u8]) -> Result<FileEvidence, SbomError> {
    let document: Document =
        serde_json::from_slice(content).map_err(|error| malformed("SPDX", &error))?;
    let mut collector = Collector::new(Limits::default().packages);
    let related = document.relationships.iter().filter_map(|relationship| {
        (relationship.relationship_type == "DESCRIBES")
            .then_some(&relationship.related_spdx_element)
    });
    let described: HashSet<&String> = document.describes.iter().chain(related).collect();
    for package in &document.packages {
        match package.primary_package_purpose.as_deref() {
            Some("OPERATING-SYSTEM" | "OPERATING_SYSTEM") => collector.distro(Distro::new(
                package.name.to_lowercase(),
                package.version_info.clone().unwrap_or_default(),
            )),
            // Lock files and images that others were found in.
            Some("APPLICATION" | "CONTAINER" | "FILE" | "SOURCE") if package.purl().is_none() => {}
            // The thing described is no package of itself, where it is an image or a directory.
            _ if package
                .purl()
                .is_none_or(|purl| purl.starts_with("pkg:oci/"))
                && described.contains(&package.id) => {}
            _ => collector.add(Entry {
                name: &package.name,
                purl: package.purl(),
                licences: package.licences(),
                source: package.source(),
                module: None,
            }),
        }
    }
    Ok(collector.finish())
}

impl Package {
    fn purl(&self) -> Option<&str> {
        let mut references = self.external_refs.iter();
        let found = references.find(|reference| reference.reference_type == "purl");
        found.map(|reference| reference.reference_locator.as_str())
    }

    /// What the package declares, or, where it declares nothing, what somebody concluded.
    fn licences(&self) -> Vec<String> {
        let stated = |text: &Option<String>| {
            let text = text.clone()?;
            (!matches!(text.as_str(), "NOASSERTION" | "NONE" | "")).then_some(text)
        };
        let licence = stated(&self.license_declared).or_else(|| stated(&self.license_concluded));
        licence.into_iter().collect()
    }

    /// Trivy writes `built package from: openssl 3.0.11-1`.
    fn source(&self) -> Option<SourcePackage> {
        let text = self.source_info.as_deref()?;
        let (name, version) = text.strip_prefix("built package from: ")?.split_once(' ')?;
        Some(SourcePackage {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_by_their_purls() {
        let text = r#"{"spdxVersion": "SPDX-2.3", "documentDescribes": ["SPDXRef-image"], "packages": [
            {"SPDXID": "SPDXRef-image", "name": "app", "primaryPackagePurpose": "CONTAINER",
             "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:oci/app@sha256:0?arch=amd64"}]},
            {"SPDXID": "SPDXRef-os", "name": "alpine", "versionInfo": "3.18.4",
             "primaryPackagePurpose": "OPERATING-SYSTEM"},
            {"SPDXID": "SPDXRef-a", "name": "libcrypto3", "licenseDeclared": "NOASSERTION",
             "licenseConcluded": "Apache-2.0", "sourceInfo": "built package from: openssl 3.1.4-r5",
             "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"},
                {"referenceType": "purl", "referenceLocator": "pkg:apk/alpine/libcrypto3@3.1.4-r5"}]}]}"#;
        let evidence = read(text.as_bytes()).unwrap();
        assert_eq!(evidence.unknowns, []);
        let [declared] = evidence.packages.as_slice() else {
            panic!("{evidence:?}");
        };
        assert_eq!(declared.package.source_name(), "openssl");
        assert_eq!(declared.licences, ["Apache-2.0"]);
        assert_eq!(evidence.distro, Some(Distro::new("alpine", "3.18.4")));
    }

    #[test]
    fn packages_without_a_purl_are_unknown() {
        let text =
            r#"{"spdxVersion": "SPDX-2.2", "packages": [{"SPDXID": "SPDXRef-a", "name": "x"}]}"#;
        assert_eq!(read(text.as_bytes()).unwrap().unknowns.len(), 1);
    }
}
