//! The report for people: what could not be assessed first, then findings by package.

mod coverage;
mod group;
mod hygiene;
mod licences;
mod suppressed;

use std::io::{self, Write};

use scanyard_matching::FixState;
use scanyard_package::Severity;

use self::group::{Group, group_findings};
use super::text::{Screen, Style, bytes, clip, columns, count, printable};
use crate::{Finding, RenderOptions, Report, Summary};

pub fn render(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let mut screen = Screen::new(out, options.width, options.color);
    coverage::write(&mut screen, report)?;
    write_header(&mut screen, report, options)?;
    let id_width = id_width(&report.findings);
    for group in group_findings(report) {
        screen.blank()?;
        write_group(&mut screen, &group, id_width)?;
    }
    hygiene::write_secrets(&mut screen, report)?;
    hygiene::write_checks(&mut screen, report)?;
    if options.licences {
        licences::write(&mut screen, report)?;
    }
    if options.suppressed {
        suppressed::write(&mut screen, report)?;
    }
    suppressed::write_idle_waivers(&mut screen, report)?;
    screen.blank()?;
    write_summary(&mut screen, report)?;
    hygiene::write_summary(&mut screen, report)
}

fn write_header(
    screen: &mut Screen<'_>,
    report: &Report,
    options: &RenderOptions,
) -> io::Result<()> {
    let mut fact = |label: &str, text: &str| {
        let label = format!("{label:<9}");
        screen.line(&[(Style::Dim, &label), (Style::Plain, text)])
    };
    fact("Source", &report.source)?;
    if let Some(image) = &report.image {
        let size = image
            .layers
            .iter()
            .fold(0, |sum: u64, l| sum.saturating_add(l.size));
        let layers = count(image.layers.len(), "layer");
        fact("Image", &image.digest.to_string())?;
        fact(
            "Platform",
            &format!("{}, {layers}, {}", image.platform, bytes(size)),
        )?;
    }
    match &report.distro {
        Some(distro) if distro.name.is_empty() => {
            fact(
                "Distro",
                format!("{} {}", distro.id, distro.version).trim_end(),
            )?;
        }
        Some(distro) => fact("Distro", &distro.name)?,
        None => fact("Distro", "none recognised")?,
    }
    fact("Packages", &report.packages.len().to_string())?;
    match &report.advisories {
        Some(advisories) => {
            let date = advisories.date.format("%Y-%m-%d");
            let age = age((options.now - advisories.date).num_days());
            let revision = advisories.revision.short();
            fact("Database", &format!("revision {revision} of {date}{age}"))
        }
        None => fact("Database", "none, so nothing was matched"),
    }
}

fn age(days: i64) -> String {
    match days {
        // A clock that is behind says nothing about the age.
        ..0 => String::new(),
        0 => ", of today".to_owned(),
        1 => ", 1 day old".to_owned(),
        _ => format!(", {days} days old"),
    }
}

/// Ids stand in a column as wide as most of them.
fn id_width(findings: &[Finding]) -> usize {
    let longest = findings
        .iter()
        .map(|finding| finding.id.chars().count())
        .max();
    longest.unwrap_or_default().min(24)
}

fn write_group(screen: &mut Screen<'_>, group: &Group<'_>, id_width: usize) -> io::Result<()> {
    let version = format!(" {}", group.version());
    let counts = group.counts();
    // Many names give way to the version and the counts.
    let room = screen
        .width()
        .saturating_sub(columns(&version) + columns(&counts));
    let title = clip(&printable(&group.title()), room.max(12));
    screen.line(&[
        (Style::Bold, &title),
        (Style::Plain, &version),
        (Style::Dim, &counts),
    ])?;
    if let Some(place) = group.place() {
        screen.line(&[(Style::Dim, &place)])?;
    }
    for finding in &group.findings {
        write_finding(screen, finding, id_width)?;
    }
    Ok(())
}

fn write_finding(screen: &mut Screen<'_>, finding: &Finding, id_width: usize) -> io::Result<()> {
    let severity = format!("  {:<10}", finding.severity);
    let score = match &finding.cvss {
        Some(cvss) => format!("{:>4.1}  ", cvss.score),
        None => "   -  ".to_owned(),
    };
    let id = format!("{:<id_width$}  ", finding.id);
    let (style, outcome) = outcome(finding);
    let exploited = if finding.known_exploited {
        " exploited"
    } else {
        ""
    };
    let urgency = match &finding.urgency {
        Some(word) => format!(" (distro: {word})"),
        None => String::new(),
    };
    screen.line(&[
        (Style::Severity(finding.severity), &severity),
        (Style::Plain, &score),
        (Style::Plain, &id),
        (style, &outcome),
        (Style::Warning, exploited),
        (Style::Dim, &urgency),
    ])
}

fn outcome(finding: &Finding) -> (Style, String) {
    if !finding.is_affected() {
        return (Style::Warning, format!("undetermined: {}", finding.reason));
    }
    match finding.fixed_versions.as_slice() {
        [] => (Style::Dim, unfixed(finding.fix_state).to_owned()),
        versions => (Style::Plain, format!("fixed in {}", versions.join(", "))),
    }
}

fn unfixed(state: FixState) -> &'static str {
    match state {
        FixState::Fixed | FixState::NotFixed => "no fix yet",
        FixState::WillNotFix => "will not be fixed",
        FixState::Deferred => "no fix yet, deferred",
        FixState::EndOfLife => "no fix, end of life",
    }
}

fn write_summary(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    if summary.affected() > 0 {
        write_counts(screen, report)?;
    } else if report.advisories.is_none() {
        screen.paragraph(
            Style::Warning,
            0,
            "Nothing was matched: there is no advisory database.",
        )?;
    } else if !summary.complete {
        let packages = count(report.packages.len(), "package");
        let text = format!("No findings in what could be assessed ({packages} found).");
        screen.paragraph(Style::Bold, 0, &text)?;
    } else if report.packages.is_empty() {
        screen.paragraph(
            Style::Bold,
            0,
            "No packages were found, so there was nothing to match.",
        )?;
    } else {
        let packages = count(report.packages.len(), "package");
        let text = format!("No known vulnerabilities in {packages}.");
        screen.paragraph(Style::Good, 0, &text)?;
    }
    suppressed::write_summary(screen, report)?;
    if !summary.complete {
        let gaps = count(coverage::gaps(report), "gap");
        let text = format!("This answer is partial: {gaps}, listed at the top.");
        screen.paragraph(Style::Warning, 0, &text)?;
    }
    Ok(())
}

fn write_counts(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let mut packages: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.is_affected())
        .map(|finding| finding.package.as_str())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    let undetermined = match report.summary.undetermined {
        0 => String::new(),
        number => format!("; {number} more undetermined"),
    };
    let text = format!(
        "{} in {}: {}{undetermined}",
        count(report.summary.affected(), "finding"),
        count(packages.len(), "package"),
        words(&report.summary)
    );
    screen.paragraph(Style::Bold, 0, &text)
}

/// `2 critical, 10 high`.
fn words(summary: &Summary) -> String {
    Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (summary.count(severity), severity.name()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}
