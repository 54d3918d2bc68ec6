//! One HTML file that can be mailed and opened anywhere: no script, nothing loaded, dark where the
//! reader's system is.

use std::collections::HashMap;
use std::io::{self, Write};

use scanyard_package::Severity;

use super::text::{bytes, count, printable};
use super::wording::{fix_sentence, packages_by_purl, page_of, suppression_sentence};
use crate::{Finding, Package, RenderOptions, Report, Suppressed};

const STYLE: &str = include_str!("html/style.css");

pub fn render(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let source = escape(&report.source);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{source}</title>\n<style>\n{STYLE}</style></head><body>\n<h1>{source}</h1>\n"
    )?;
    write_facts(report, out, options)?;
    write_counts(report, out)?;
    write_coverage(report, out)?;
    write_findings(report, out)?;
    write_suppressed(report, out)?;
    write_secrets(report, out)?;
    write_checks(report, out)?;
    write_packages(report, out)?;
    writeln!(out, "</body></html>")
}

/// Foreign text, harmless within elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn write_facts(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(image) = &report.image {
        let size: u64 = image.layers.iter().map(|layer| layer.size).sum();
        facts.push(("Digest", image.digest.to_string()));
        facts.push(("Platform", image.platform.clone()));
        facts.push(("Layers", format!("{}, {}", image.layers.len(), bytes(size))));
    }
    if let Some(distro) = &report.distro {
        facts.push(("Distro", distro.name.clone()));
    }
    facts.push((
        "Advisories",
        match &report.advisories {
            Some(advisories) => advisories.date.format("%Y-%m-%d %H:%M UTC").to_string(),
            None => "none: nothing was matched".to_owned(),
        },
    ));
    facts.push((
        "Report of",
        options.now.format("%Y-%m-%d %H:%M UTC").to_string(),
    ));
    write!(out, "<dl>")?;
    for (name, value) in facts {
        write!(out, "<dt>{name}</dt><dd>{}</dd>", escape(&value))?;
    }
    writeln!(out, "</dl>")
}

fn write_counts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<p class=\"counts\">")?;
    for severity in Severity::WORST_FIRST {
        let count = report.summary.count(severity);
        let none = if count == 0 { " none" } else { "" };
        write!(
            out,
            "<span class=\"{severity}{none}\"><b>{count}</b> {severity}</span> "
        )?;
    }
    let undetermined = report.summary.undetermined;
    if undetermined > 0 {
        write!(
            out,
            "<span class=\"undetermined\"><b>{undetermined}</b> undetermined</span>"
        )?;
    }
    writeln!(out, "</p>")
}

fn write_coverage(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.coverage.is_empty() {
        return Ok(());
    }
    let title = count(report.coverage.len(), "entry");
    writeln!(
        out,
        "<section class=\"gaps\"><h2>Not assessed: {title}</h2><ul>"
    )?;
    for entry in &report.coverage {
        let (subject, detail) = (escape(&entry.subject), escape(&entry.detail));
        writeln!(out, "<li><code>{subject}</code> {detail}</li>")?;
    }
    writeln!(out, "</ul></section>")
}

fn write_findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        let text = match report.summary.complete {
            true => "No vulnerabilities found.",
            false => "No vulnerabilities found in what could be assessed.",
        };
        return writeln!(out, "<p>{text}</p>");
    }
    let packages = packages_by_purl(report);
    writeln!(
        out,
        "<h2>{}</h2><table><thead><tr><th>Severity<th>Vulnerability<th>Package<th>Installed\
         <th>Fix<th>Where</tr></thead><tbody>",
        count(report.findings.len(), "finding")
    )?;
    for finding in &report.findings {
        write_finding(finding, &packages, out)?;
    }
    writeln!(out, "</tbody></table>")
}

fn write_finding(
    finding: &Finding,
    packages: &HashMap<&str, &Package>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (name, version) = match packages.get(finding.package.as_str()) {
        Some(package) => (package.name.as_str(), package.version.as_str()),
        None => (finding.package.as_str(), ""),
    };
    let word = match finding.is_affected() {
        true => finding.severity.name(),
        false => "undetermined",
    };
    let score = finding
        .cvss
        .as_ref()
        .map(|cvss| format!(" {:.1}", cvss.score));
    let (id, page) = (escape(&finding.id), escape(&page_of(&finding.id)));
    write!(
        out,
        "<tr><td><span class=\"{word}\">{word}{}</span><td><a href=\"{page}\">{id}</a>",
        score.unwrap_or_default()
    )?;
    if finding.known_exploited {
        write!(out, " <b class=\"exploited\">exploited</b>")?;
    }
    if !finding.aliases.is_empty() {
        write!(
            out,
            "<br><small>{}</small>",
            escape(&finding.aliases.join(", "))
        )?;
    }
    let fix = match finding.is_affected() {
        true => fix_sentence(finding),
        false => finding.reason.clone(),
    };
    writeln!(
        out,
        "<td>{}<td>{}<td>{}<td><small>{}</small></tr>",
        escape(name),
        escape(version),
        escape(&fix),
        escape(&finding.paths.join(", "))
    )
}

fn write_suppressed(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.suppressed.is_empty() {
        return Ok(());
    }
    let title = count(report.suppressed.len(), "finding");
    writeln!(
        out,
        "<details><summary>{title} suppressed</summary><table><tbody>"
    )?;
    for Suppressed { finding, by } in &report.suppressed {
        let (id, package) = (escape(&finding.id), escape(&finding.package));
        let why = escape(&suppression_sentence(by));
        writeln!(
            out,
            "<tr><td>{id}<td><small>{package}</small><td>{why}</tr>"
        )?;
    }
    writeln!(out, "</tbody></table></details>")
}

fn write_secrets(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let secrets = report.secrets.as_deref().unwrap_or_default();
    if secrets.is_empty() {
        return Ok(());
    }
    let title = count(secrets.len(), "secret");
    writeln!(out, "<h2>{title}</h2><table><tbody>")?;
    for secret in secrets {
        writeln!(
            out,
            "<tr><td><span class=\"{0}\">{0}</span><td>{1}<td><code>{2}</code><td><code>{3}</code></tr>",
            secret.severity,
            escape(&secret.title),
            escape(&secret.place()),
            escape(&secret.excerpt)
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn write_checks(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let checks = report.checks.as_deref().unwrap_or_default();
    if checks.is_empty() {
        return Ok(());
    }
    let title = count(checks.len(), "failed check");
    writeln!(out, "<h2>{title}</h2><table><tbody>")?;
    for check in checks {
        writeln!(
            out,
            "<tr><td><span class=\"{0}\">{0}</span><td>{1}<br><small>{2}</small><td>{3}</tr>",
            check.severity,
            escape(&check.title),
            escape(&check.remedy),
            escape(&check.evidence.join(", "))
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn write_packages(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<details><summary>{}</summary><table><thead><tr><th>Package<th>Version<th>Licence\
         <th>Package URL</tr></thead><tbody>",
        count(report.packages.len(), "package")
    )?;
    for package in &report.packages {
        writeln!(
            out,
            "<tr><td>{}<td>{}<td>{}<td><small>{}</small></tr>",
            escape(&package.name),
            escape(&package.version),
            escape(package.licence.as_deref().unwrap_or_default()),
            escape(&package.purl)
        )?;
    }
    writeln!(out, "</tbody></table></details>")
}
