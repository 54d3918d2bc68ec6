//! An advisory record as we keep it between reading and compiling.

mod codec;
pub(crate) mod file;
mod merge;

use chrono::{DateTime, Utc};
use scanyard_package::Severity;

use crate::disposition::Disposition;

/// An advisory record: what is left of the publisher's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// When it last changed; the epoch where its publisher does not say.
    pub(crate) modified: DateTime<Utc>,
    pub(crate) published: Option<DateTime<Utc>>,
    pub(crate) withdrawn: Option<DateTime<Utc>>,
    pub(crate) summary: String,
    /// Where the publisher keeps the document it was made from.
    pub(crate) source: Option<String>,
    /// The feed that it was read from; empty for one in the OSV schema.
    pub(crate) feed: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) upstream: Vec<String>,
    pub(crate) related: Vec<String>,
    pub(crate) rating: Rating,
    pub(crate) affected: Vec<Affected>,
}

/// How bad something is, and the scores that say so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rating {
    pub(crate) severity: Severity,
    pub(crate) scores: Vec<Score>,
    /// Which of the scores made the severity.
    pub(crate) best: Option<u8>,
}

/// A CVSS base score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) version: String,
    /// Empty where the publisher gives a bare score.
    pub(crate) vector: String,
    /// The score times ten: CVSS has one decimal.
    pub(crate) tenths: u8,
}

/// What a record says about one package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Affected {
    pub(crate) ecosystem: String,
    pub(crate) name: String,
    pub(crate) ranges: Vec<Range>,
    pub(crate) custom_ranges: Vec<Range>,
    pub(crate) versions: Vec<String>,
    pub(crate) only_git: bool,
    pub(crate) urgency: Option<String>,
    /// What the publisher says beyond versions.
    pub(crate) disposition: Option<Disposition>,
    /// Where it differs from the record's own.
    pub(crate) rating: Option<Rating>,
    /// What the publisher adds for its ecosystem, in order of the names.
    pub(crate) specifics: Vec<(String, Vec<String>)>,
}

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) semver: bool,
    pub(crate) events: Vec<Event>,
}

/// Something that happens to a flaw at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) version: String,
}

/// What happens; the numbers are those in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Introduced = 0,
    Fixed = 1,
    LastAffected = 2,
    Limit = 3,
}

/// The byte that stands for a severity.
pub(crate) fn byte_of_severity(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Negligible => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

/// The severity that a byte stands for.
pub(crate) fn severity_of_byte(byte: u8) -> Severity {
    match byte {
        1 => Severity::Negligible,
        2 => Severity::Low,
        3 => Severity::Medium,
        4 => Severity::High,
        5 => Severity::Critical,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests;
