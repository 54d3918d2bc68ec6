//! A row for each finding, secret and failed check, and one for each thing that could not be assessed,
//! by RFC 4180.

use std::io::{self, Write};

use super::wording::{packages_by_purl, suppression_sentence};
use crate::{Finding, Package, RenderOptions, Report, Suppressed};

const COLUMNS: [&str; 18] = [
    "image",
    "status",
    "id",
    "severity",
    "package",
    "version",
    "ecosystem",
    "fixed_versions",
    "fix_state",
    "known_exploited",
    "epss",
    "cvss_score",
    "cvss_vector",
    "advisory",
    "aliases",
    "purl",
    "paths",
    "reason",
];

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    let packages = packages_by_purl(report);
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(COLUMNS)?;
    for finding in &report.findings {
        let package = packages.get(finding.package.as_str()).copied();
        rows.write_record(finding_row(report, finding, package).map(harmless))?;
    }
    for Suppressed { finding, by } in &report.suppressed {
        let package = packages.get(finding.package.as_str()).copied();
        let mut row = finding_row(report, finding, package);
        row[1] = by.status.name().to_owned();
        row[17] = suppression_sentence(by);
        rows.write_record(row.map(harmless))?;
    }
    for secret in report.secrets.iter().flatten() {
        let told = [
            "secret",
            &secret.rule,
            secret.severity.name(),
            &secret.place(),
            &secret.title,
        ];
        rows.write_record(short_row(report, told).map(harmless))?;
    }
    for check in report.checks.iter().flatten() {
        let told = [
            "check",
            &check.id,
            check.severity.name(),
            &check.title,
            &check.remedy,
        ];
        rows.write_record(short_row(report, told).map(harmless))?;
    }
    for entry in &report.coverage {
        let told = [
            "not_assessed",
            entry.kind.name(),
            "",
            &entry.subject,
            &entry.detail,
        ];
        rows.write_record(short_row(report, told).map(harmless))?;
    }
    rows.flush()
}

/// Spreadsheets compute what begins like a formula, even in a file that others wrote. Numbers of ours
/// begin with none of these.
fn harmless(cell: String) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell,
    }
}

fn finding_row(report: &Report, finding: &Finding, package: Option<&Package>) -> [String; 18] {
    let of_package =
        |field: fn(&Package) -> &str| package.map(field).unwrap_or_default().to_owned();
    let cvss = finding.cvss.as_ref();
    [
        report.source.clone(),
        finding.status.name().to_owned(),
        finding.id.clone(),
        finding.severity.to_string(),
        of_package(|package| &package.name),
        of_package(|package| &package.version),
        of_package(|package| package.ecosystem.as_deref().unwrap_or_default()),
        finding.fixed_versions.join(" "),
        finding.fix_state.name().to_owned(),
        finding.known_exploited.to_string(),
        finding
            .epss
            .map(|epss| epss.score.to_string())
            .unwrap_or_default(),
        cvss.map(|cvss| cvss.score.to_string()).unwrap_or_default(),
        cvss.map(|cvss| cvss.vector.clone()).unwrap_or_default(),
        finding.advisory.clone(),
        finding.aliases.join(" "),
        finding.package.clone(),
        finding.paths.join(" "),
        finding.reason.clone(),
    ]
}

/// Of what has no package: status, id, severity, subject and reason.
fn short_row(report: &Report, [status, id, severity, subject, reason]: [&str; 5]) -> [String; 18] {
    let mut row: [String; 18] = Default::default();
    row[0].clone_from(&report.source);
    row[1] = status.to_owned();
    row[2] = id.to_owned();
    row[3] = severity.to_owned();
    row[4] = subject.to_owned();
    row[17] = reason.to_owned();
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(harmless(cell.to_owned()).starts_with('\''), "{cell}");
        }
        assert_eq!(harmless("1.2-r0".to_owned()), "1.2-r0");
    }
}
