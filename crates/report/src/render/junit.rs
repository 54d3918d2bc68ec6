//! JUnit XML: a test case for each finding, which fails, and one for each thing that could not be
//! assessed, which is skipped.
//!
//! There is no one specification; this is what the readers of Jenkins, GitLab and Azure share.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::text;
use super::wording::{fix_sentence, packages_by_purl, suppression_sentence};
use crate::{Finding, Package, RenderOptions, Report, Secret, Suppressed};

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let checks = report.checks.as_deref().unwrap_or_default();
    let affected = report.summary.affected();
    let failures = affected + secrets(report).count() + checks.len();
    let skipped =
        report.findings.len() - affected + report.suppressed.len() + report.coverage.len();
    // Without a test, some readers take a run for a broken one.
    let is_clean = failures + skipped == 0;
    let counts = [
        (
            "tests",
            (failures + skipped + usize::from(is_clean)).to_string(),
        ),
        ("failures", failures.to_string()),
        ("errors", "0".to_owned()),
        ("skipped", skipped.to_string()),
    ];
    let counts = || counts.iter().map(|(name, value)| (*name, value.as_str()));
    let name = printable(&report.source);
    let suites = xml.create_element("testsuites");
    suites
        .with_attributes(counts())
        .write_inner_content(|xml| {
            let suite = xml.create_element("testsuite");
            let suite = suite.with_attribute(("name", name.as_str()));
            suite
                .with_attributes(counts())
                .write_inner_content(|xml| write_cases(report, is_clean, xml))?;
            Ok(())
        })?;
    xml.get_mut().write_all(b"\n")
}

/// Those that are no examples.
fn secrets(report: &Report) -> impl Iterator<Item = &Secret> {
    let secrets = report.secrets.iter().flatten();
    secrets.filter(|secret| secret.example.is_none())
}

/// Text without what no XML may hold.
fn printable(text: &str) -> String {
    text::printable(text).replace(['\u{fffe}', '\u{ffff}'], "")
}

type Xml<'w, 'o> = &'w mut Writer<&'o mut dyn Write>;

fn write_cases(report: &Report, is_clean: bool, xml: Xml<'_, '_>) -> io::Result<()> {
    let packages = packages_by_purl(report);
    for finding in &report.findings {
        let package = packages.get(finding.package.as_str()).copied();
        write_finding(finding, package, xml)?;
    }
    for Suppressed { finding, by } in &report.suppressed {
        let name = format!("{} {}", finding.id, finding.package);
        write_case(
            xml,
            "suppressed",
            &name,
            "skipped",
            &suppression_sentence(by),
            "",
        )?;
    }
    for secret in secrets(report) {
        let name = format!("{} {}", secret.rule, secret.place());
        write_case(
            xml,
            "secrets",
            &name,
            "failure",
            &secret.title,
            &secret.excerpt,
        )?;
    }
    for check in report.checks.iter().flatten() {
        let message = format!("{}: {}", check.title, check.remedy);
        write_case(
            xml,
            "checks",
            &check.id,
            "failure",
            &message,
            &check.evidence.join("\n"),
        )?;
    }
    for entry in &report.coverage {
        let name = format!("{} {}", entry.kind, entry.subject);
        write_case(xml, "coverage", &name, "skipped", &entry.detail, "")?;
    }
    if is_clean {
        let case = xml.create_element("testcase");
        let case = case.with_attribute(("classname", "scanyard"));
        case.with_attribute(("name", "no findings")).write_empty()?;
    }
    Ok(())
}

fn write_finding(finding: &Finding, package: Option<&Package>, xml: Xml<'_, '_>) -> io::Result<()> {
    let subject = match package {
        Some(package) => format!("{} {}", package.name, package.version),
        None => finding.package.clone(),
    };
    let name = format!("{} {}", finding.id, subject);
    let message = format!(
        "{} {}: {}",
        finding.severity,
        finding.id,
        fix_sentence(finding)
    );
    let detail = format!(
        "{}\n{}\n{}",
        finding.package,
        finding.paths.join("\n"),
        finding.reason
    );
    match finding.is_affected() {
        true => write_case(xml, &subject, &name, "failure", &message, &detail),
        false => write_case(xml, &subject, &name, "skipped", &finding.reason, ""),
    }
}

fn write_case(
    xml: Xml<'_, '_>,
    class: &str,
    name: &str,
    outcome: &str,
    message: &str,
    detail: &str,
) -> io::Result<()> {
    let (class, name, message) = (printable(class), printable(name), printable(message));
    let lines: Vec<_> = detail.lines().map(printable).collect();
    let case = xml.create_element("testcase");
    let case = case.with_attribute(("classname", class.as_str()));
    let case = case.with_attribute(("name", name.as_str()));
    case.write_inner_content(|xml| {
        let told = xml.create_element(outcome.to_owned());
        let told = told.with_attribute(("message", message.as_str()));
        match lines.is_empty() {
            true => told.write_empty()?,
            false => told.write_text_content(BytesText::new(&lines.join("\n")))?,
        };
        Ok(())
    })?;
    Ok(())
}
