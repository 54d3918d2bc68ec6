//! A notice in words, for people.

use scanyard_package::Severity;
use scanyard_store::{ChangeKind, ChangeNotice, ImageCount, NoticedPackage};

/// Characters of a purl that are shown: an image's author may have made it as long as he liked.
const MAX_PURL: usize = 200;
/// Fixed versions that are shown.
const MAX_VERSIONS: usize = 3;

/// The event's name, as the API has it.
pub(crate) fn event_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::New => "finding.new",
        ChangeKind::Fixed => "finding.fixed",
        ChangeKind::Changed => "finding.changed",
    }
}

/// One line: `New critical vulnerability CVE-2024-1 in 12 images`.
pub(crate) fn headline(notice: &ChangeNotice) -> String {
    let severity = severity_word(notice.severity);
    let images = counted(notice.images, "image");
    let id = cut(&notice.vulnerability);
    match notice.kind {
        ChangeKind::New => format!("New {severity} vulnerability {id} in {images}"),
        ChangeKind::Fixed => format!("{id} ({severity}) no longer affects {images}"),
        ChangeKind::Changed => format!("{id} changed ({severity} now) in {images}"),
    }
}

/// What matters beside: `known to be exploited, fix available, 3 packages`.
pub(crate) fn facts(notice: &ChangeNotice) -> String {
    let mut facts = Vec::new();
    if notice.known_exploited {
        facts.push("known to be exploited".to_owned());
    }
    if notice.kind != ChangeKind::Fixed {
        facts.push(match notice.fixable {
            true => "fix available".to_owned(),
            false => "no fix yet".to_owned(),
        });
    }
    facts.push(counted(notice.packages, "package"));
    facts.join(", ")
}

/// A package: `pkg:deb/debian/a@1 (high, was low; fixed in 2)`.
pub(crate) fn package_line(package: &NoticedPackage) -> String {
    let mut said = severity_word(package.severity).to_owned();
    if let Some(before) = package.severity_before {
        said.push_str(", was ");
        said.push_str(severity_word(before));
    }
    if !package.fixed_versions.is_empty() {
        let versions: Vec<String> = package
            .fixed_versions
            .iter()
            .take(MAX_VERSIONS)
            .map(|version| cut(version))
            .collect();
        said.push_str("; fixed in ");
        said.push_str(&versions.join(" or "));
    }
    format!("{} ({said})", cut(&package.package))
}

/// At most so much of what comes from elsewhere, without what could break lines.
pub(crate) fn cut(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_PURL)
        .collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unrated",
        severity => severity.name(),
    }
}

fn counted(count: ImageCount, what: &str) -> String {
    let plural = if count.counted() == 1 && count.is_exact() {
        ""
    } else {
        "s"
    };
    match count {
        ImageCount::Exactly(count) => format!("{count} {what}{plural}"),
        ImageCount::AtLeast(count) => format!("at least {count} {what}{plural}"),
    }
}
