//! The JSON model of a report. `docs/report-schema.json` describes the same to other people.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scanyard_matching::{FixState, Status};
use scanyard_package::{CoverageKind, Digest, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::as_text;
use crate::checks::Check;
use crate::secrets::Secret;
use crate::suppression::{IdleWaiver, Statement, Suppressed};

/// Version of the model. The part after the dot grows when fields are added, the part before it
/// when a reader of the older form would misunderstand.
pub const SCHEMA_VERSION: &str = "1.3";

/// Everything Scanyard says about one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Version of this model.
    pub schema_version: String,
    /// What was scanned, as the user named it.
    pub source: String,
    /// The image; null for a root file system, which has no manifest.
    pub image: Option<Image>,
    /// The distro; null where the image does not say.
    pub distro: Option<Distro>,
    /// The advisories matched against; null where there were none.
    pub advisories: Option<Advisories>,
    /// What could not be assessed.
    pub coverage: Vec<Coverage>,
    /// The packages found.
    pub packages: Vec<Package>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// Findings that do not count, because a waiver or a VEX statement says so.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// Waivers meant for this image that suppress nothing in it.
    #[serde(default)]
    pub idle_waivers: Vec<IdleWaiver>,
    /// Credentials in files and in the image's config, worst first; null where none were looked for.
    pub secrets: Option<Vec<Secret>>,
    /// Checks of how it is built and configured that it does not pass, worst first; null where none
    /// were made.
    pub checks: Option<Vec<Check>>,
    /// Counts over the findings.
    pub summary: Summary,
}

/// The image that was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportImage)]
pub struct Image {
    /// Digest of the manifest.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Digest of the config.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub config_digest: Digest,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// When it was built, as the builder wrote it; null where that is not known.
    #[serde(default)]
    pub created: Option<String>,
    /// Whom it runs as, empty for root; null where that is not known.
    #[serde(default)]
    pub user: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The layers, bottom first.
    pub layers: Vec<Layer>,
}

/// One layer of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportLayer)]
pub struct Layer {
    /// Digest of the blob.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Digest of the uncompressed tar, computed while reading; null where it was not read whole.
    #[serde(with = "as_text::option")]
    #[schema(value_type = Option<String>)]
    pub diff_id: Option<Digest>,
    /// Bytes of the blob.
    pub size: u64,
    /// Media type of the blob.
    pub media_type: String,
}

/// The distro, as the image's os-release has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportDistro)]
pub struct Distro {
    /// `ID`.
    pub id: String,
    /// `VERSION_ID`, empty for a rolling release.
    pub version: String,
    /// `PRETTY_NAME`.
    pub name: String,
}

/// The revision of the advisory database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportAdvisories)]
pub struct Advisories {
    /// Digest of the compiled database.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub revision: Digest,
    /// When the newest record in it last changed.
    pub date: DateTime<Utc>,
}

/// Something that could not be assessed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportCoverage)]
pub struct Coverage {
    /// Why, as one word.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub kind: CoverageKind,
    /// What: a path, a purl, a distro, an ecosystem or a layer digest.
    pub subject: String,
    /// A sentence for people.
    pub detail: String,
}

/// A package of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportPackage)]
pub struct Package {
    /// Its purl, which findings refer to.
    pub purl: String,
    /// The OSV ecosystem whose advisories speak of it; null where none does.
    pub ecosystem: Option<String>,
    /// Name, as the ecosystem writes it.
    pub name: String,
    /// Version, as the ecosystem writes it.
    pub version: String,
    /// Name of the source package; null for packages that are not the distro's.
    pub source_name: Option<String>,
    /// Version of the source package; null for packages that are not the distro's.
    pub source_version: Option<String>,
    /// Architecture, as the package manager writes it.
    pub arch: Option<String>,
    /// Digest of the layer that brought it; null for a root file system.
    #[serde(with = "as_text::option")]
    #[schema(value_type = Option<String>)]
    pub layer: Option<Digest>,
    /// The files that say it is installed, from the root without leading slash.
    pub paths: Vec<String>,
    /// Its licences as an SPDX expression; null where its metadata does not say.
    pub licence: Option<String>,
}

/// One flaw in one package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportFinding)]
pub struct Finding {
    /// Id of the vulnerability: its CVE where it has one.
    pub id: String,
    /// Every other id of the same flaw.
    pub aliases: Vec<String>,
    /// The purl of the package.
    pub package: String,
    /// How bad it is, as one word.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The advisory record that says how bad it is; null where none does.
    #[serde(default)]
    pub severity_source: Option<String>,
    /// The score behind the severity; null where no publisher gives one.
    pub cvss: Option<Cvss>,
    /// Whether it is in the catalogue of known exploited vulnerabilities.
    #[serde(default)]
    pub known_exploited: bool,
    /// How likely it is to be exploited; null where nobody predicts it.
    #[serde(default)]
    pub epss: Option<Epss>,
    /// `affected`, or `undetermined` where versions could not be compared.
    #[serde(with = "as_text::status")]
    #[schema(value_type = String)]
    pub status: Status,
    /// What decided: the range or version that matched, or what could not be compared.
    pub reason: String,
    /// The distro's own word for its urgency.
    pub urgency: Option<String>,
    /// What the publisher does about it: `fixed`, `not_fixed`, `will_not_fix`, `deferred` or
    /// `end_of_life`.
    #[serde(default, with = "as_text::fix_state")]
    #[schema(value_type = String)]
    pub fix_state: FixState,
    /// Versions without the flaw, in order; empty where there is none yet.
    pub fixed_versions: Vec<String>,
    /// The advisory record that decided.
    pub advisory: String,
    /// Digest of the layer that brought the package.
    #[serde(with = "as_text::option")]
    #[schema(value_type = Option<String>)]
    pub layer: Option<Digest>,
    /// The files that say the package is installed.
    pub paths: Vec<String>,
    /// When the advisory was published, RFC 3339.
    pub published: Option<String>,
    /// When the advisory last changed, RFC 3339.
    pub modified: Option<String>,
    /// What a VEX document says of it, where that is not that it does not count.
    #[serde(default)]
    pub vex: Option<Statement>,
}

impl Finding {
    /// Whether the package is known to have the flaw.
    pub fn is_affected(&self) -> bool {
        self.status == Status::Affected
    }
}

/// How likely a flaw is to be exploited in the next thirty days, as FIRST predicts it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportEpss)]
pub struct Epss {
    /// The probability, 0 to 1.
    pub score: f64,
    /// The share of all flaws that are as likely or less, 0 to 1.
    pub percentile: f64,
}

/// A CVSS base score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportCvss)]
pub struct Cvss {
    /// The base score, 0.0 to 10.0.
    pub score: f64,
    /// The vector it was computed from.
    pub vector: String,
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The advisory record that gives it.
    pub source: String,
}

/// Counts over the findings: those that affect the image by severity, the others apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSummary)]
pub struct Summary {
    /// Affected, critical.
    pub critical: usize,
    /// Affected, high.
    pub high: usize,
    /// Affected, medium.
    pub medium: usize,
    /// Affected, low.
    pub low: usize,
    /// Affected, of no practical importance by the distro's word.
    pub negligible: usize,
    /// Affected, with no severity from anyone.
    pub unknown: usize,
    /// Findings that could be neither confirmed nor excluded.
    pub undetermined: usize,
    /// Findings that do not count, because a waiver or a VEX statement says so.
    #[serde(default)]
    pub suppressed: usize,
    /// Whether everything was assessed: no coverage entry and nothing undetermined.
    pub complete: bool,
}

impl Summary {
    /// Affected findings of this severity.
    pub const fn count(&self, severity: Severity) -> usize {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Negligible => self.negligible,
            Severity::Unknown => self.unknown,
        }
    }

    pub(crate) const fn count_mut(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Negligible => &mut self.negligible,
            Severity::Unknown => &mut self.unknown,
        }
    }

    /// Affected findings of every severity.
    pub fn affected(&self) -> usize {
        Severity::WORST_FIRST.map(|s| self.count(s)).iter().sum()
    }
}
