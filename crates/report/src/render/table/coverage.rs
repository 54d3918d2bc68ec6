//! What could not be assessed, in plain words and before everything else.

use std::io;

use scanyard_package::CoverageKind;

use crate::Report;
use crate::render::text::{Screen, Style, count};

/// Entries of one kind that are shown; the rest are counted.
const EXAMPLES: usize = 3;

/// Coverage entries and undetermined findings.
pub fn gaps(report: &Report) -> usize {
    report.coverage.len() + report.summary.undetermined
}

pub fn write(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let gaps = gaps(report);
    if gaps == 0 {
        return Ok(());
    }
    let title = format!("COULD NOT BE ASSESSED: {}", count(gaps, "gap"));
    screen.line(&[(Style::Warning, &title)])?;
    // Entries are sorted by kind, so those of one kind stand together.
    for entries in report.coverage.chunk_by(|a, b| a.kind == b.kind) {
        let number = match entries.len() {
            1 => String::new(),
            more => format!(" ({more})"),
        };
        let headline = format!("{}{number}", headline(entries[0].kind));
        screen.paragraph(Style::Bold, 2, &headline)?;
        for entry in entries.iter().take(EXAMPLES) {
            let text = format!("{}: {}", entry.subject, entry.detail);
            screen.paragraph(Style::Plain, 4, &text)?;
        }
        write_rest(screen, entries.len())?;
    }
    if report.summary.undetermined > 0 {
        let findings = count(report.summary.undetermined, "finding");
        let text = format!("{findings} could be neither confirmed nor excluded");
        screen.paragraph(Style::Bold, 2, &text)?;
        screen.paragraph(
            Style::Plain,
            4,
            "marked \"undetermined\" under their package, with the reason",
        )?;
    }
    screen.blank()
}

fn write_rest(screen: &mut Screen<'_>, entries: usize) -> io::Result<()> {
    match entries.saturating_sub(EXAMPLES) {
        0 => Ok(()),
        rest => {
            let text = format!("and {rest} more; --format json lists all");
            screen.paragraph(Style::Dim, 4, &text)
        }
    }
}

const fn headline(kind: CoverageKind) -> &'static str {
    match kind {
        CoverageKind::NoDistro => "No distro recognised: its OS packages were not matched",
        CoverageKind::UnsupportedDistro => "No advisories for this distro release",
        CoverageKind::NoAdvisories => "No advisories for this ecosystem",
        CoverageKind::UnreadableFile => "Files of interest that could not be read",
        CoverageKind::UnsupportedDatabase => "Package databases in a format we cannot read",
        CoverageKind::LimitExceeded => "Limits reached before everything was read",
        CoverageKind::TruncatedLayer => "Layers that end early or do not decompress",
        CoverageKind::ForeignLayer => "Layers whose bytes are not in the registry",
        CoverageKind::InvalidVersion => "Versions that could not be read",
        CoverageKind::EndOfLife => "Distro past its end of life: no new advisories",
        CoverageKind::NoDatabase => "No advisory database: nothing was matched",
    }
}
