//! An SPDX 2.3 document: the image, what it contains, and the advisories about that.
//!
//! Equal reports give equal documents, but for the times: the namespace is computed from the report.
//! Format: <https://spdx.github.io/spdx-spec/v2.3/>.

mod document;

use std::collections::BTreeSet;
use std::io::{self, Write};

use chrono::SecondsFormat;

use self::document::{
    Annotation, Checksum, CreationInfo, Document, ExternalRef, ExtractedLicence, Package,
    Relationship,
};
use super::image_purl::image_purl;
use super::wording::{coverage_sentence, page_of, report_uuid, suppression_sentence, uuid_of};
use super::write_json;
use crate::{Image, RenderOptions, Report, Suppressed};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const ROOT: &str = "SPDXRef-image";
const DISTRO: &str = "SPDXRef-distro";
const TOOL: &str = concat!("Tool: scanyard-", env!("CARGO_PKG_VERSION"));

pub fn render(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let now = options.now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let distro = report.distro.iter().map(|distro| Package {
        version: Some(distro.version.as_str()).filter(|version| !version.is_empty()),
        ..Package::new(DISTRO, &distro.id, Some("OPERATING_SYSTEM"))
    });
    let packages: Vec<_> = [root(report)]
        .into_iter()
        .chain(distro)
        .chain(packages(report))
        .collect();
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: &report.source,
        document_namespace: report_uuid(report)?.urn().to_string(),
        creation_info: CreationInfo {
            created: &now,
            creators: [TOOL],
        },
        document_describes: [ROOT],
        relationships: relationships(&packages),
        packages,
        has_extracted_licensing_infos: licences(report),
        annotations: report
            .coverage
            .iter()
            .map(|entry| annotation(&now, coverage_sentence(entry)))
            .collect(),
    };
    write_json(&document, out)
}

fn annotation(now: &str, comment: String) -> Annotation<'_> {
    Annotation {
        annotation_type: "OTHER",
        annotator: TOOL,
        annotation_date: now,
        comment,
    }
}

fn root(report: &Report) -> Package<'_> {
    let Some(image) = &report.image else {
        return Package::new(ROOT, &report.source, Some("OPERATING_SYSTEM"));
    };
    Package {
        checksums: vec![Checksum {
            algorithm: "SHA256",
            value: hex::encode(image.digest.as_bytes()),
        }],
        external_refs: image_purl(&report.source, image)
            .map(ExternalRef::purl)
            .into_iter()
            .collect(),
        comment: Some(layers(image)),
        ..Package::new(ROOT, &report.source, Some("CONTAINER"))
    }
}

fn layers(image: &Image) -> String {
    let layers = image.layers.iter().map(|layer| layer.digest.to_string());
    let layers: Vec<_> = layers.collect();
    format!("{}, layers {}", image.platform, layers.join(", "))
}

/// The packages, each with the advisories that speak of it.
fn packages(report: &Report) -> impl Iterator<Item = Package<'_>> {
    let mut advisories = std::collections::HashMap::<&str, Vec<_>>::new();
    for finding in &report.findings {
        let known = advisories.entry(&finding.package).or_default();
        known.push(ExternalRef {
            category: "SECURITY",
            kind: "advisory",
            locator: page_of(&finding.id),
            comment: Some(match finding.is_affected() {
                true => format!("{}: affected, {}", finding.id, finding.severity),
                false => format!("{}: undetermined: {}", finding.id, finding.reason),
            }),
        });
    }
    for Suppressed { finding, by } in &report.suppressed {
        let known = advisories.entry(&finding.package).or_default();
        known.push(ExternalRef {
            category: "SECURITY",
            kind: "advisory",
            locator: page_of(&finding.id),
            comment: Some(format!("{}: {}", finding.id, suppression_sentence(by))),
        });
    }
    report.packages.iter().map(move |package| Package {
        version: Some(&package.version),
        licence_declared: package.licence.as_deref().unwrap_or(document::NO_ASSERTION),
        external_refs: [ExternalRef::purl(package.purl.clone())]
            .into_iter()
            .chain(advisories.remove(package.purl.as_str()).unwrap_or_default())
            .collect(),
        source_info: (!package.paths.is_empty())
            .then(|| format!("found in {}", package.paths.join(", "))),
        ..Package::new(package_id(&package.purl), &package.name, Some("LIBRARY"))
    })
}

/// The same for the same purl in every document.
fn package_id(purl: &str) -> String {
    format!("SPDXRef-package-{}", uuid_of(purl.as_bytes()))
}

fn relationships(packages: &[Package<'_>]) -> Vec<Relationship> {
    let relationship = |from: &str, kind, to: &str| Relationship {
        from: from.to_owned(),
        kind,
        to: to.to_owned(),
    };
    let describes = relationship(DOCUMENT, "DESCRIBES", ROOT);
    let contained = packages.iter().filter(|package| package.id != ROOT);
    let contained = contained.map(|package| relationship(ROOT, "CONTAINS", &package.id));
    [describes].into_iter().chain(contained).collect()
}

/// Licences that SPDX's list has not must be named in the document that uses them.
fn licences(report: &Report) -> Vec<ExtractedLicence> {
    let expressions = report.packages.iter().filter_map(|p| p.licence.as_deref());
    let words = expressions.flat_map(|text| text.split([' ', '(', ')', '+']));
    let own: BTreeSet<_> = words
        .filter_map(|word| word.strip_prefix("LicenseRef-"))
        .collect();
    own.into_iter()
        .map(|name| ExtractedLicence {
            id: format!("LicenseRef-{name}"),
            text: format!("The package's metadata names its licence {name}."),
        })
        .collect()
}
