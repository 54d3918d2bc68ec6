//! A CycloneDX bill of materials with its vulnerabilities, of version 1.6 or 1.7: what we write is the same
//! in both.
//!
//! Equal reports give equal documents, but for the timestamp: the serial number is computed from
//! the report.

mod document;
mod vulnerability;

use std::io::{self, Write};

use chrono::SecondsFormat;

use self::document::{
    Bom, Component, Composition, Evidence, Licence, Metadata, Occurrence, Property, Tools,
};
use super::image_purl::image_purl;
use super::wording::report_uuid;
use super::write_json;
use crate::{Image, Package, RenderOptions, Report};

/// The reference of what was scanned, within the document.
const ROOT: &str = "image";

pub fn render_1_6(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    render("1.6", report, out, options)
}

pub fn render_1_7(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    render("1.7", report, out, options)
}

fn render(
    spec_version: &str,
    report: &Report,
    out: &mut dyn Write,
    options: &RenderOptions,
) -> io::Result<()> {
    let distro = report.distro.iter().map(distro_component);
    let packages = report.packages.iter().map(package_component);
    let bom = Bom {
        bom_format: "CycloneDX",
        spec_version,
        serial_number: report_uuid(report)?.urn().to_string(),
        version: 1,
        metadata: Metadata {
            timestamp: options.now.to_rfc3339_opts(SecondsFormat::Secs, true),
            tools: Tools {
                components: vec![Component {
                    version: Some(env!("CARGO_PKG_VERSION")),
                    ..Component::new("application", "scanyard")
                }],
            },
            component: root_component(report),
            properties: coverage_properties(report),
        },
        components: distro.chain(packages).collect(),
        compositions: [Composition {
            // Never "complete": software outside package managers is not in the list.
            aggregate: if report.coverage.is_empty() {
                "unknown"
            } else {
                "incomplete"
            },
            assemblies: [ROOT],
        }],
        vulnerabilities: vulnerability::vulnerabilities(report),
    };
    write_json(&bom, out)
}

fn root_component(report: &Report) -> Component<'_> {
    let Some(image) = &report.image else {
        return Component {
            bom_ref: Some(ROOT),
            ..Component::new("operating-system", &report.source)
        };
    };
    Component {
        bom_ref: Some(ROOT),
        purl: image_purl(&report.source, image).map(Into::into),
        properties: image_properties(image),
        ..Component::new("container", &report.source)
    }
}

fn image_properties(image: &Image) -> Vec<Property<'_>> {
    let layers = image.layers.iter();
    let layers =
        layers.map(|layer| Property::new("scanyard:image:layer", layer.digest.to_string()));
    [
        Property::new("scanyard:image:digest", image.digest.to_string()),
        Property::new(
            "scanyard:image:config_digest",
            image.config_digest.to_string(),
        ),
        Property::new("scanyard:image:platform", image.platform.as_str()),
    ]
    .into_iter()
    .chain(layers)
    .collect()
}

fn coverage_properties(report: &Report) -> Vec<Property<'_>> {
    let revision = report.advisories.iter().map(|advisories| {
        Property::new(
            "scanyard:advisories:revision",
            advisories.revision.to_string(),
        )
    });
    let coverage = report.coverage.iter().map(|entry| {
        let name = format!("scanyard:coverage:{}", entry.kind);
        Property::new(name, format!("{}: {}", entry.subject, entry.detail))
    });
    revision.chain(coverage).collect()
}

fn distro_component(distro: &crate::Distro) -> Component<'_> {
    Component {
        version: Some(distro.version.as_str()).filter(|version| !version.is_empty()),
        description: Some(distro.name.as_str()).filter(|name| !name.is_empty()),
        ..Component::new("operating-system", &distro.id)
    }
}

fn package_component(package: &Package) -> Component<'_> {
    let layer = package.layer.iter();
    let occurrences = package.paths.iter();
    Component {
        bom_ref: Some(&package.purl),
        version: Some(&package.version),
        purl: Some(package.purl.as_str().into()),
        licenses: package
            .licence
            .iter()
            .map(|expression| Licence { expression })
            .collect(),
        evidence: (!package.paths.is_empty()).then(|| Evidence {
            occurrences: occurrences
                .map(|location| Occurrence { location })
                .collect(),
        }),
        properties: layer
            .map(|layer| Property::new("scanyard:layer", layer.to_string()))
            .collect(),
        ..Component::new("library", &package.name)
    }
}
