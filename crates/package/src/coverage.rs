//! What could not be assessed, and why: the third outcome, kept with its place.

use std::fmt;
use std::str::FromStr;

/// Why something in an image was not, or not fully, assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CoverageKind {
    /// The image has no distro that we recognise, so OS packages cannot be matched.
    NoDistro,
    /// The advisories hold nothing for this distro release.
    UnsupportedDistro,
    /// The advisories hold nothing for this ecosystem.
    NoAdvisories,
    /// A file of interest could not be read or parsed.
    UnreadableFile,
    /// A package database in a format that we cannot read.
    UnsupportedDatabase,
    /// A limit was reached before everything had been read.
    LimitExceeded,
    /// A layer ended early or could not be decompressed.
    TruncatedLayer,
    /// A layer whose bytes are not in the registry (foreign or non-distributable).
    ForeignLayer,
    /// A package version, or the version in an advisory, that its scheme cannot read.
    InvalidVersion,
    /// The distro release no longer receives advisories.
    EndOfLife,
    /// No advisories were loaded at all.
    NoDatabase,
}

impl CoverageKind {
    /// Every kind with its name in reports, API and SQL.
    pub const ALL: [(CoverageKind, &'static str); 11] = [
        (CoverageKind::NoDistro, "no_distro"),
        (CoverageKind::UnsupportedDistro, "unsupported_distro"),
        (CoverageKind::NoAdvisories, "no_advisories"),
        (CoverageKind::UnreadableFile, "unreadable_file"),
        (CoverageKind::UnsupportedDatabase, "unsupported_database"),
        (CoverageKind::LimitExceeded, "limit_exceeded"),
        (CoverageKind::TruncatedLayer, "truncated_layer"),
        (CoverageKind::ForeignLayer, "foreign_layer"),
        (CoverageKind::InvalidVersion, "invalid_version"),
        (CoverageKind::EndOfLife, "end_of_life"),
        (CoverageKind::NoDatabase, "no_database"),
    ];

    /// The kind's name in reports, API and SQL.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl fmt::Display for CoverageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no kind of coverage gap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown coverage kind {0:?}")]
pub struct UnknownCoverageKind(pub String);

impl FromStr for CoverageKind {
    type Err = UnknownCoverageKind;

    fn from_str(name: &str) -> Result<Self, UnknownCoverageKind> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| UnknownCoverageKind(name.to_owned()))
    }
}

/// One thing that was not assessed. An image with any of these is never shown as clean.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coverage {
    /// Why.
    pub kind: CoverageKind,
    /// What: a path, a purl, a distro, an ecosystem or a layer digest.
    pub subject: String,
    /// A sentence for people: what happened and, where there is one, the remedy.
    pub detail: String,
}

impl Coverage {
    /// A coverage entry.
    pub fn new(kind: CoverageKind, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_kinds() {
        for (kind, name) in CoverageKind::ALL {
            assert_eq!(kind.name(), name);
            assert_eq!(name.parse(), Ok(kind));
        }
    }
}
