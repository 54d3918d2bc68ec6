//! What matching says about one flaw in one package.

use scanyard_package::Severity;

use crate::fix_state::FixState;

/// A flaw that affects a package, or of which that could not be excluded.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The vulnerability's id: its CVE where it has one, else the advisory's own.
    pub id: String,
    /// Every other id of the same flaw, sorted.
    pub aliases: Vec<String>,
    /// The advisory record that decided.
    pub advisory: String,
    /// Affected, or undetermined.
    pub status: Status,
    /// What decided: the range or version that matched, or what could not be compared.
    pub reason: String,
    /// How bad it is.
    pub severity: Severity,
    /// The advisory record that says so; `None` where none does.
    pub severity_source: Option<String>,
    /// The score behind the severity, where a publisher gives one.
    pub cvss: Option<Cvss>,
    /// The distro's own word for its urgency, as the distro writes it.
    pub urgency: Option<String>,
    /// Whether it is known to be exploited.
    pub known_exploited: bool,
    /// What its publisher does about it.
    pub fix_state: FixState,
    /// Versions that no longer have the flaw, in order; empty where there is none yet.
    pub fixed_versions: Vec<String>,
    /// When the advisory was published, RFC 3339.
    pub published: Option<String>,
    /// When the advisory last changed, RFC 3339.
    pub modified: Option<String>,
}

/// The outcomes of matching that are findings. The third, not affected, makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The version is in an affected range or list.
    Affected,
    /// A version could not be read or compared.
    Undetermined,
}

impl Status {
    /// The status's name in reports, API and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Affected => "affected",
            Status::Undetermined => "undetermined",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Status::Affected, Status::Undetermined]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// A CVSS base score with the vector that it was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The vector as published.
    pub vector: String,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
    /// The advisory record that gives it.
    pub source: String,
}
