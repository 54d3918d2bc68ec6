//! CycloneDX in JSON: components, nested to any depth that JSON readers take.

use scanyard_package::{Distro, Limits, SourcePackage};
use serde::Deserialize;

use super::collect::{Collector, Entry};
use super::{SbomError, malformed};
use crate::layer::FileEvidence;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    licenses: Vec<LicenceChoice>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct LicenceChoice {
    #[serde(default)]
    license: Option<Licence>,
    #[serde(default)]
    expression: Option<String>,
}

#[derive(Deserialize)]
struct Licence {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: Option<String>,
}

/// Reads the document.
pub fn read(content: &[u8]) -> Result<FileEvidence, SbomError> {
    let document: Document =
        serde_json::from_slice(content).map_err(|error| malformed("CycloneDX", &error))?;
    let mut collector = Collector::new(Limits::default().packages);
    // The thing described is no package of itself, but what is in it may be nested there.
    let described = document.metadata.component;
    let mut pending: Vec<Component> = described
        .into_iter()
        .flat_map(|component| component.components)
        .chain(document.components)
        .collect();
    pending.reverse();
    while let Some(mut component) = pending.pop() {
        let nested = std::mem::take(&mut component.components);
        pending.extend(nested.into_iter().rev());
        component.collect(&mut collector);
    }
    Ok(collector.finish())
}

impl Component {
    fn collect(&self, collector: &mut Collector) {
        if self.kind == "operating-system" {
            return collector.distro(self.as_distro());
        }
        // Applications without a purl are the files that others were found in; so are files.
        let is_package = matches!(self.kind.as_str(), "library" | "framework");
        if self.purl.is_none() && !is_package {
            return;
        }
        collector.add(Entry {
            name: &self.name,
            purl: self.purl.as_deref(),
            licences: self
                .licenses
                .iter()
                .filter_map(LicenceChoice::text)
                .collect(),
            source: self.source(),
            module: self.property("aquasecurity:trivy:Modularitylabel"),
        });
    }

    /// Syft says what os-release says in properties; others in name and version.
    fn as_distro(&self) -> Distro {
        let id = self.property("syft:distro:id");
        let version = self.property("syft:distro:versionID");
        Distro {
            id_like: self.property("syft:distro:idLike:0").into_iter().collect(),
            name: self.property("syft:distro:prettyName").unwrap_or_default(),
            ..Distro::new(
                id.unwrap_or_else(|| self.name.clone()).to_lowercase(),
                version.or_else(|| self.version.clone()).unwrap_or_default(),
            )
        }
    }

    /// Trivy names the source package in properties, its version in parts.
    fn source(&self) -> Option<SourcePackage> {
        let part = |name: &str| self.property(&format!("aquasecurity:trivy:{name}"));
        let name = part("SrcName")?;
        let mut version = part("SrcVersion")?;
        if let Some(release) = part("SrcRelease").filter(|release| !release.is_empty()) {
            version = format!("{version}-{release}");
        }
        if let Some(epoch) = part("SrcEpoch").filter(|epoch| !epoch.is_empty() && epoch != "0") {
            version = format!("{epoch}:{version}");
        }
        Some(SourcePackage { name, version })
    }

    fn property(&self, name: &str) -> Option<String> {
        let found = self
            .properties
            .iter()
            .find(|property| property.name == name);
        found?.value.clone().filter(|value| !value.is_empty())
    }
}

impl LicenceChoice {
    fn text(&self) -> Option<String> {
        let named = self.license.as_ref();
        self.expression.clone().or_else(|| {
            named.and_then(|licence| licence.id.clone().or_else(|| licence.name.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_package::CoverageKind;

    fn read_text(components: &str) -> FileEvidence {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{components}]}}"#
        );
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn components_are_packages_by_their_purls() {
        let evidence = read_text(
            r#"{"type": "operating-system", "name": "debian", "version": "12"},
               {"type": "library", "name": "libssl3", "version": "3.0.11-1",
                "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12",
                "licenses": [{"license": {"id": "Apache-2.0"}}, {"expression": "MIT OR Zlib"}],
                "properties": [{"name": "aquasecurity:trivy:SrcName", "value": "openssl"},
                               {"name": "aquasecurity:trivy:SrcVersion", "value": "3.0.11"},
                               {"name": "aquasecurity:trivy:SrcRelease", "value": "1"}],
                "components": [{"type": "library", "name": "in", "purl": "pkg:npm/in@1.0.0"}]},
               {"type": "application", "name": "package-lock.json"},
               {"type": "file", "name": "/etc/x"}"#,
        );
        assert_eq!(evidence.distro, Some(Distro::new("debian", "12")));
        assert_eq!(evidence.unknowns, []);
        let purls: Vec<_> = evidence
            .packages
            .iter()
            .map(|declared| declared.package.purl(evidence.distro.as_ref()))
            .collect();
        let expected = [
            "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl",
            "pkg:npm/in@1.0.0",
        ];
        assert_eq!(purls, expected);
        assert_eq!(evidence.packages[0].licences, ["Apache-2.0", "MIT OR Zlib"]);
    }

    #[test]
    fn what_cannot_be_assessed_is_said() {
        let evidence = read_text(
            r#"{"type": "library", "name": "nameless"},
               {"type": "library", "name": "a", "purl": "not a purl"},
               {"type": "library", "name": "b", "purl": "pkg:swid/b@1"},
               {"type": "library", "name": "c", "purl": "pkg:npm/c@1"},
               {"type": "library", "name": "c", "purl": "pkg:npm/c@1"}"#,
        );
        assert_eq!(evidence.packages.len(), 1);
        let kinds: Vec<_> = evidence
            .unknowns
            .iter()
            .map(|unknown| unknown.kind)
            .collect();
        let expected = [
            CoverageKind::NoAdvisories,
            CoverageKind::UnreadableFile,
            CoverageKind::UnreadableFile,
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn the_distro_comes_from_the_purls_where_the_bill_names_none() {
        let evidence = read_text(
            r#"{"type": "library", "name": "musl", "purl": "pkg:apk/alpine/musl@1.2.4-r1?distro=alpine-3.18.4"}"#,
        );
        assert_eq!(evidence.distro, Some(Distro::new("alpine", "3.18.4")));
    }
}
