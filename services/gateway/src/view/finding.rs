//! Findings as JSON, where they stand outside an image's report.

use scanyard_matching::Finding;
use serde::Serialize;
use utoipa::ToSchema;

use super::SeverityView;

/// A CVSS base score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cvss)]
pub struct CvssView {
    /// The base score, 0.0 to 10.0.
    score: f64,
    /// The vector it was computed from.
    vector: String,
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    version: String,
    /// The advisory record that gives it.
    source: String,
}

/// A flaw in a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingView {
    /// The vulnerability's id: its CVE where it has one.
    pub id: String,
    /// Every other id of the same flaw.
    pub aliases: Vec<String>,
    /// Purl of the package.
    pub package: String,
    /// How bad it is.
    pub severity: SeverityView,
    /// The score behind the severity, where a publisher gives one.
    pub cvss: Option<CvssView>,
    /// Whether it is in the catalogue of known exploited vulnerabilities.
    pub known_exploited: bool,
    /// `affected`, or `undetermined` where versions could not be compared.
    #[schema(example = "affected")]
    pub status: &'static str,
    /// What decided.
    pub reason: String,
    /// What the publisher does about it: `fixed`, `not_fixed`, `will_not_fix`, `deferred` or
    /// `end_of_life`.
    #[schema(example = "fixed")]
    pub fix_state: &'static str,
    /// Versions without the flaw, in order; empty where there is none yet.
    pub fixed_versions: Vec<String>,
    /// The advisory record that decided.
    pub advisory: String,
    /// When the advisory was published, RFC 3339.
    pub published: Option<String>,
    /// When the advisory last changed, RFC 3339.
    pub modified: Option<String>,
}

impl From<(String, Finding)> for FindingView {
    fn from((package, finding): (String, Finding)) -> Self {
        Self {
            id: finding.id,
            aliases: finding.aliases,
            package,
            severity: finding.severity.into(),
            cvss: finding.cvss.map(|cvss| CvssView {
                score: cvss.score,
                vector: cvss.vector,
                version: cvss.version,
                source: cvss.source,
            }),
            known_exploited: finding.known_exploited,
            fix_state: finding.fix_state.name(),
            status: finding.status.name(),
            reason: finding.reason,
            fixed_versions: finding.fixed_versions,
            advisory: finding.advisory,
            published: finding.published,
            modified: finding.modified,
        }
    }
}
