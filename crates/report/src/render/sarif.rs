//! SARIF 2.1.0, as code scanning pages read it: a rule for each flaw, a result for each finding.

mod document;
mod hygiene;
mod rule;

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use scanyard_package::Severity;

use self::document::{
    ArtifactLocation, BaseIds, Description, Driver, Fingerprints, Invocation, Location, Log,
    LogicalLocation, Message, Notification, PhysicalLocation, Region, ReportingId, Run,
    SarifResult, Suppression, Tool,
};
use super::wording::{coverage_sentence, fix_sentence, packages_by_purl, suppression_sentence};
use super::write_json;
use crate::{Finding, Package, RenderOptions, Report, Statement};

/// The schema as OASIS publishes it.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    let packages = packages_by_purl(report);
    let counting = report.findings.iter().map(|finding| (finding, None));
    let suppressed = report.suppressed.iter().map(|s| (&s.finding, Some(&s.by)));
    let told = counting.chain(suppressed);
    let (mut rules, indexes) = rule::rules(told.clone().map(|(finding, _)| finding));
    let mut results: Vec<_> = told
        .map(|(finding, by)| {
            let package = packages.get(finding.package.as_str()).copied();
            let index = indexes.get(finding.id.as_str()).copied();
            SarifResult {
                suppressions: by.map(suppression).into_iter().collect(),
                ..result(report, finding, package, index.unwrap_or_default())
            }
        })
        .collect();
    hygiene::add_secrets(report, &mut rules, &mut results);
    hygiene::add_checks(report, &mut rules, &mut results);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Scanyard",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules,
                },
            },
            invocations: [invocation(report)],
            original_uri_base_ids: BaseIds {
                image_root: Description {
                    description: Message {
                        text: format!("root of {}", report.source),
                    },
                },
            },
            results,
        }],
    };
    write_json(&log, out)
}

/// What could not be assessed is told as notifications, which pages show beside the results.
fn invocation(report: &Report) -> Invocation<'_> {
    let notifications = report.coverage.iter().map(|entry| Notification {
        descriptor: ReportingId {
            id: entry.kind.name(),
        },
        level: "warning",
        message: Message {
            text: coverage_sentence(entry),
        },
    });
    Invocation {
        execution_successful: true,
        tool_execution_notifications: notifications.collect(),
    }
}

fn result<'a>(
    report: &'a Report,
    finding: &'a Finding,
    package: Option<&'a Package>,
    rule_index: usize,
) -> SarifResult<'a> {
    SarifResult {
        rule_id: finding.id.as_str().into(),
        rule_index,
        kind: if finding.is_affected() {
            "fail"
        } else {
            "open"
        },
        level: match finding.is_affected() {
            true => level(finding.severity),
            // The specification allows a level for failures only.
            false => "none",
        },
        message: Message {
            text: message(report, finding, package),
        },
        locations: locations(report, finding),
        partial_fingerprints: Fingerprints {
            finding: fingerprint(finding, package),
        },
        suppressions: Vec::new(),
    }
}

fn suppression(by: &Statement) -> Suppression {
    Suppression {
        kind: "external",
        status: "accepted",
        justification: suppression_sentence(by),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Negligible | Severity::Unknown => "note",
    }
}

fn message(report: &Report, finding: &Finding, package: Option<&Package>) -> String {
    let name = match package {
        Some(package) => format!("{} {}", package.name, package.version),
        None => finding.package.clone(),
    };
    let (id, source) = (&finding.id, &report.source);
    if !finding.is_affected() {
        let reason = &finding.reason;
        return format!("Whether {id} affects {name} in {source} is undetermined: {reason}.");
    }
    format!(
        "{id} ({}) affects {name} in {source}. {}.",
        finding.severity,
        fix_sentence(finding)
    )
}

/// The files that say the package is installed, or, without any, the image.
fn locations<'a>(report: &'a Report, finding: &'a Finding) -> Vec<Location<'a>> {
    let logical = || {
        let layer = finding.layer.map(|layer| LogicalLocation {
            name: layer.short(),
            fully_qualified_name: layer.to_string(),
            kind: "layer",
        });
        let package = LogicalLocation {
            name: finding.package.clone(),
            fully_qualified_name: format!("{}#{}", report.source, finding.package),
            kind: "package",
        };
        layer.into_iter().chain([package]).collect()
    };
    let located = |path: &str| Location {
        // Code scanning pages refuse a location without a line.
        physical_location: Some(physical(path, 1)),
        logical_locations: logical(),
    };
    if finding.paths.is_empty() {
        return vec![Location {
            physical_location: None,
            logical_locations: logical(),
        }];
    }
    finding.paths.iter().map(|path| located(path)).collect()
}

fn physical(path: &str, line: u32) -> PhysicalLocation<'static> {
    PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: encode_path(path),
            uri_base_id: "IMAGE_ROOT",
        },
        region: Region {
            start_line: line.max(1),
        },
    }
}

/// A path as a relative URI reference.
fn encode_path(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                uri.push('%');
                uri.push_str(&hex::encode_upper([byte]));
            }
        }
    }
    uri
}

/// Stays the same while the flaw stays in the package at its place, whatever version that is of.
fn fingerprint(finding: &Finding, package: Option<&Package>) -> String {
    let name = package.map_or(&finding.package, |package| &package.name);
    let kind = finding.package.split('/').next().unwrap_or_default();
    let path = finding.paths.first().map_or("", String::as_str);
    digest_of([&finding.id, kind, name, path])
}

fn digest_of<const N: usize>(parts: [&str; N]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    hex::encode(context.finish())
}
