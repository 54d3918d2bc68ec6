//! Which part of the fleet a question is about.

use chrono::{DateTime, Utc};
use scanyard_package::Severity;

use super::PackageId;

/// What a question is about: everything, unless bounded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// As it was at this moment, instead of as it is.
    pub as_of: Option<DateTime<Utc>>,
    /// Which images.
    pub images: ImageBounds,
    /// Which findings.
    pub findings: FindingBounds,
}

/// Bounds on images; all of them hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageBounds {
    /// Reached in a repository that this pattern describes: `*` is anything up to a slash, `**`
    /// anything.
    pub repository: Option<String>,
    /// Of this distro, or of this release of it: `debian`, `debian-12`.
    pub distro: Option<String>,
    /// With this label.
    pub label: Option<LabelBound>,
    /// First reached then or later.
    pub first_seen_from: Option<DateTime<Utc>>,
    /// Last reached then or later.
    pub last_seen_from: Option<DateTime<Utc>>,
    /// Last reached before.
    pub last_seen_before: Option<DateTime<Utc>>,
    /// Named by no tag.
    pub is_untagged: bool,
}

/// A label that an image has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelBound {
    /// Its name.
    pub name: String,
    /// Its value; any when `None`.
    pub value: Option<String>,
}

/// Bounds on findings; all of them hold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FindingBounds {
    /// At least this severe.
    pub min_severity: Option<Severity>,
    /// Only those that a newer version no longer has.
    pub is_fixable: bool,
    /// Only those known to be exploited.
    pub is_known_exploited: bool,
    /// Only those at least so likely to be exploited within thirty days, 0 to 1 (EPSS).
    pub min_probability: Option<f64>,
}

impl FindingBounds {
    /// Whether every finding is within them.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// What an image holds that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A vulnerability, under any of its ids.
    Vulnerability(String),
    /// Any of these packages.
    Packages(Vec<PackageId>),
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exact(u64),
    /// So many, and perhaps more: counting on would take longer than the answer is worth.
    AtLeast(u64),
    /// About so many, by a sample.
    Estimated(u64),
}

impl Total {
    /// The number, however it was got.
    pub fn count(self) -> u64 {
        match self {
            Total::Exact(count) | Total::AtLeast(count) | Total::Estimated(count) => count,
        }
    }
}
