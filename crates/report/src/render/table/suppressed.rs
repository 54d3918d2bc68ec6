//! Findings that do not count, and waivers that are not needed or have expired.

use std::io;

use crate::Report;
use crate::render::text::{Screen, Style, count};
use crate::suppression::{IdleReason, Statement, StatementSource, Suppressed};

pub fn write(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    if report.suppressed.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let title = format!("SUPPRESSED: {}", count(report.suppressed.len(), "finding"));
    screen.line(&[(Style::Bold, &title)])?;
    for Suppressed { finding, by } in &report.suppressed {
        let severity = Style::Severity(finding.severity);
        screen.line(&[
            (Style::Plain, "  "),
            (severity, finding.severity.name()),
            (Style::Plain, "  "),
            (Style::Plain, &finding.id),
            (Style::Plain, "  "),
            (Style::Dim, &finding.package),
        ])?;
        screen.paragraph(Style::Dim, 4, &words(by))?;
    }
    Ok(())
}

/// `not_affected (component_not_present) by Acme, VEX document https://...: never loaded`.
fn words(by: &Statement) -> String {
    let mut text = by.status.name().to_owned();
    if let Some(justification) = &by.justification {
        text.push_str(&format!(" ({justification})"));
    }
    if let Some(author) = &by.author {
        text.push_str(&format!(" by {author}"));
    }
    let kind = match by.source {
        StatementSource::Waiver => "waiver",
        StatementSource::Vex => "VEX document",
    };
    text.push_str(&format!(", {kind} {}", by.document));
    if let Some(expires) = by.expires {
        text.push_str(&format!(" until {}", expires.format("%Y-%m-%d")));
    }
    match &by.detail {
        Some(detail) => format!("{text}: {detail}"),
        None => text,
    }
}

pub fn write_idle_waivers(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    if report.idle_waivers.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let title = format!(
        "WAIVERS WITHOUT EFFECT: {}",
        count(report.idle_waivers.len(), "waiver")
    );
    screen.line(&[(Style::Warning, &title)])?;
    for waiver in &report.idle_waivers {
        let why = match waiver.reason {
            IdleReason::Expired => "expired, and the finding is there",
            IdleReason::Unused => "matches no finding",
        };
        let text = format!(
            "{} of {} for {}: {why}",
            waiver.id, waiver.owner, waiver.vulnerability
        );
        screen.paragraph(Style::Plain, 2, &text)?;
    }
    Ok(())
}

pub fn write_summary(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    if report.summary.suppressed == 0 {
        return Ok(());
    }
    let text = format!(
        "{} suppressed by waivers or VEX; --show-suppressed lists them.",
        count(report.summary.suppressed, "finding")
    );
    screen.paragraph(Style::Dim, 0, &text)
}
