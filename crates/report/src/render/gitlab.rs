//! GitLab's container scanning report, schema 15.0.2, which GitLab 16 and later read.
//!
//! Format: <https://docs.gitlab.com/development/integrations/secure/>. What could not be assessed goes
//! into the scan's messages, undetermined findings too: a finding there has no such status.

mod document;

use std::io::{self, Write};

use scanyard_package::Severity;

use self::document::{
    Dependency, Document, Identifier, Link, Location, Message, Name, Scan, Tool, Vulnerability,
};
use super::text::clip;
use super::wording::{coverage_sentence, fix_sentence, packages_by_purl, page_of, uuid_of};
use super::write_json;
use crate::{Finding, Package, RenderOptions, Report};

/// What the schema allows.
const LONGEST_SOLUTION: usize = 7_000;

pub fn render(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let packages = packages_by_purl(report);
    let time = options.now.format("%Y-%m-%dT%H:%M:%S").to_string();
    let affected = report.findings.iter().filter(|f| f.is_affected());
    let document = Document {
        version: "15.0.2",
        scan: Scan {
            analyzer: TOOL,
            scanner: TOOL,
            kind: "container_scanning",
            start_time: &time,
            end_time: &time,
            status: "success",
            messages: messages(report),
        },
        vulnerabilities: affected
            .map(|finding| {
                let package = packages.get(finding.package.as_str()).copied();
                vulnerability(report, finding, package)
            })
            .collect(),
    };
    write_json(&document, out)
}

const TOOL: Tool = Tool {
    id: "scanyard",
    name: "Scanyard",
    version: env!("CARGO_PKG_VERSION"),
    vendor: Name { name: "Scanyard" },
};

fn messages(report: &Report) -> Vec<Message> {
    let undetermined = report.findings.iter().filter(|f| !f.is_affected());
    let undetermined = undetermined.map(|finding| {
        let (id, package, reason) = (&finding.id, &finding.package, &finding.reason);
        format!("undetermined whether {id} affects {package}: {reason}")
    });
    let coverage = report.coverage.iter().map(coverage_sentence);
    coverage
        .chain(undetermined)
        .map(|value| Message {
            level: "warn",
            value,
        })
        .collect()
}

fn vulnerability<'a>(
    report: &'a Report,
    finding: &'a Finding,
    package: Option<&'a Package>,
) -> Vulnerability<'a> {
    let purl = finding.package.as_str();
    let (name, version) = match package {
        Some(package) => (package.name.as_str(), package.version.as_str()),
        None => (purl, ""),
    };
    let place = format!("{}\n{purl}\n{}", finding.id, report.source);
    Vulnerability {
        id: uuid_of(place.as_bytes()).to_string(),
        name: clip(&finding.id, 255),
        description: format!(
            "{} affects {name} {version}: {}.",
            finding.id, finding.reason
        ),
        severity: severity(finding.severity),
        solution: clip(&format!("{}.", fix_sentence(finding)), LONGEST_SOLUTION),
        identifiers: [&finding.id]
            .into_iter()
            .chain(&finding.aliases)
            .map(|id| identifier(id))
            .collect(),
        links: vec![Link {
            url: page_of(&finding.advisory),
        }],
        location: Location {
            dependency: Dependency {
                package: Name { name },
                version,
            },
            operating_system: match &report.distro {
                Some(distro) => format!("{} {}", distro.id, distro.version),
                None => "unknown".to_owned(),
            },
            image: &report.source,
        },
    }
}

fn identifier(id: &str) -> Identifier<'_> {
    Identifier {
        kind: id.split('-').next().unwrap_or(id).to_lowercase(),
        name: id,
        value: id,
        url: page_of(id),
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Negligible => "Info",
        Severity::Unknown => "Unknown",
    }
}
