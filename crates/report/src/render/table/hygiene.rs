//! Credentials and checks, after the findings.

use std::io;

use crate::render::text::{Screen, Style, count};
use crate::{Check, Report, Secret};

/// Secrets that are shown; the rest are counted.
const SECRETS: usize = 50;
/// Evidence of one check that is shown; the rest is counted.
const EVIDENCE: usize = 5;

pub fn write_secrets(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let (real, examples) = split(report);
    if real.is_empty() && examples == 0 {
        return Ok(());
    }
    screen.blank()?;
    let title = format!("SECRETS: {}", real.len());
    screen.line(&[(Style::Bold, &title)])?;
    for secret in real.iter().take(SECRETS) {
        write_secret(screen, secret)?;
    }
    if let Some(rest @ 1..) = real.len().checked_sub(SECRETS) {
        write_rest(screen, 2, rest)?;
    }
    match examples {
        0 => Ok(()),
        number => {
            let text = format!(
                "{number} more in documentation, tests and examples; --format json lists them"
            );
            screen.paragraph(Style::Dim, 2, &text)
        }
    }
}

/// Secrets that count, and how many are most likely examples.
fn split(report: &Report) -> (Vec<&Secret>, usize) {
    let secrets = report.secrets.as_deref().unwrap_or_default();
    let real: Vec<_> = secrets
        .iter()
        .filter(|secret| secret.example.is_none())
        .collect();
    let examples = secrets.len() - real.len();
    (real, examples)
}

fn write_secret(screen: &mut Screen<'_>, secret: &Secret) -> io::Result<()> {
    let severity = format!("  {:<11}", secret.severity);
    let deleted = match secret.deleted {
        true => "  (deleted by an upper layer, still in the image)",
        false => "",
    };
    screen.line(&[
        (Style::Severity(secret.severity), &severity),
        (Style::Plain, &secret.title),
        (Style::Warning, deleted),
    ])?;
    screen.line(&[
        (Style::Plain, "             "),
        (Style::Plain, &secret.place()),
    ])?;
    screen.line(&[
        (Style::Plain, "             "),
        (Style::Dim, &secret.excerpt),
    ])
}

pub fn write_checks(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let Some(checks) = report.checks.as_deref().filter(|checks| !checks.is_empty()) else {
        return Ok(());
    };
    screen.blank()?;
    let title = format!("CHECKS: {} not passed", checks.len());
    screen.line(&[(Style::Bold, &title)])?;
    checks
        .iter()
        .try_for_each(|check| write_check(screen, check))
}

fn write_check(screen: &mut Screen<'_>, check: &Check) -> io::Result<()> {
    let severity = format!("  {:<11}", check.severity);
    screen.line(&[
        (Style::Severity(check.severity), &severity),
        (Style::Plain, &check.title),
    ])?;
    for evidence in check.evidence.iter().take(EVIDENCE) {
        screen.line(&[(Style::Plain, "             "), (Style::Plain, evidence)])?;
    }
    if let Some(rest @ 1..) = check.evidence.len().checked_sub(EVIDENCE) {
        write_rest(screen, 13, rest)?;
    }
    screen.paragraph(Style::Dim, 13, &format!("try: {}", check.remedy))
}

fn write_rest(screen: &mut Screen<'_>, indent: usize, rest: usize) -> io::Result<()> {
    let text = format!("and {rest} more; --format json lists all");
    screen.paragraph(Style::Dim, indent, &text)
}

pub fn write_summary(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    if report.secrets.is_some() {
        let (real, _) = split(report);
        let (style, text) = match real.len() {
            0 => (Style::Good, "No secrets were found.".to_owned()),
            number => (
                Style::Bold,
                format!("{} in the image.", count(number, "secret")),
            ),
        };
        screen.paragraph(style, 0, &text)?;
    }
    match report.checks.as_deref() {
        None => Ok(()),
        Some([]) => screen.paragraph(Style::Good, 0, "Every check was passed."),
        Some(checks) => {
            let text = format!("{} not passed.", count(checks.len(), "check"));
            screen.paragraph(Style::Bold, 0, &text)
        }
    }
}
