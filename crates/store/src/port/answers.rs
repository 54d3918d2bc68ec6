//! What questions across the fleet are answered with.

use scanyard_matching::Finding;
use scanyard_package::{Digest, PackageKind, Severity};

use super::{ImageSummary, PackageId, Page, Tag, Total};

/// What the store knows about a vulnerability.
#[derive(Debug, Clone, PartialEq)]
pub struct VulnerabilityDetail {
    /// A finding of it for each package name that has one, with the ecosystem's package purl.
    pub findings: Vec<(String, Finding)>,
    /// Images of the tenant that have it.
    pub images: u64,
    /// How many of them could do without.
    pub fixes: FixCounts,
    /// How likely it is to be exploited within thirty days, 0 to 1 (EPSS).
    pub probability: Option<f64>,
}

/// Images by whether newer versions of what is affected in them no longer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FixCounts {
    /// Of every affected package.
    pub all: u64,
    /// Of some affected packages.
    pub some: u64,
    /// Of none.
    pub none: u64,
}

/// An image that holds what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// The image.
    pub image: ImageSummary,
    /// The packages in it that were meant.
    pub packages: Vec<HeldPackage>,
}

/// A package of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldPackage {
    /// Its purl.
    pub purl: String,
    /// What was asked for about it, if a vulnerability was.
    pub finding: Option<Finding>,
}

/// Images that hold what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Holders {
    /// Some of them.
    pub page: Page<Holder>,
    /// How many there are.
    pub total: Total,
}

/// Images of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryImages {
    /// The repository.
    pub repository: String,
    /// How many of its images were meant.
    pub images: u64,
}

/// A distinct package that goes by a name, its own or its source package's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPackage {
    /// Its id.
    pub id: PackageId,
    /// Its purl.
    pub purl: String,
    /// What orders its versions.
    pub kind: PackageKind,
    /// The version of whatever has the name.
    pub version: String,
}

/// A name of packages, and in how many versions the fleet has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    /// The kind of package.
    pub kind: PackageKind,
    /// The name.
    pub name: String,
    /// Distinct packages of the name.
    pub packages: u64,
}

/// The fleet in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetSummary {
    /// Images.
    pub images: u64,
    /// Those that are not assembled and matched yet, of which nothing can be said.
    pub unassessed: u64,
    /// Those of which something could not be assessed; `None` of the past, which nobody counted.
    pub incomplete: Option<u64>,
    /// Assessed images by their worst finding, by [`Severity::WORST_FIRST`].
    pub by_worst: [u64; 6],
    /// Assessed images without any finding.
    pub without_findings: u64,
    /// Findings of all images: what an image shares with others counts in each.
    pub findings: FindingTotals,
    /// Distinct package sets.
    pub package_sets: u64,
    /// Sequence number of the revision that all this is of; `None` before the first.
    pub revision: Option<i64>,
}

/// Findings of many images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FindingTotals {
    /// Affected, by [`Severity::WORST_FIRST`].
    pub affected: [u64; 6],
    /// Undetermined, whatever their severity.
    pub undetermined: u64,
}

/// A vulnerability and how far it reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedVulnerability {
    /// Its id.
    pub id: String,
    /// The worst severity that it has in any package.
    pub severity: Severity,
    /// Whether a newer version of any package with it no longer has it.
    pub is_fixable: bool,
    /// Whether it is known to be exploited.
    pub is_known_exploited: bool,
    /// How likely it is to be exploited within thirty days, 0 to 1 (EPSS).
    pub probability: Option<f64>,
    /// Images that have it.
    pub images: Total,
}

/// Vulnerabilities in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The vulnerabilities.
    pub items: Vec<RankedVulnerability>,
    /// Images among which they were counted.
    pub images: u64,
}

/// What changed in the fleet between two revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSummary {
    /// Sequence number of the revision that was processed last before.
    pub from_revision: i64,
    /// Sequence number of the one that was processed last.
    pub to_revision: i64,
    /// Vulnerabilities that changed, those that concern most images first.
    pub vulnerabilities: Vec<ChangedVulnerability>,
    /// Whether there are more than these.
    pub is_cut: bool,
}

/// What changed about a vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedVulnerability {
    /// Its id.
    pub id: String,
    /// The worst severity that it has, or had, in any package concerned.
    pub severity: Severity,
    /// Images in which it is new.
    pub new: u64,
    /// Images in which it is gone.
    pub fixed: u64,
    /// Images in which what is said of it is different.
    pub changed: u64,
}

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageContent {
    /// Purls of its packages, sorted.
    pub packages: Vec<String>,
    /// Its findings, each with the purl of its package.
    pub findings: Vec<(String, Finding)>,
}

/// An image that others are built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseImage {
    /// The image.
    pub image: ImageSummary,
    /// How many layers it gives.
    pub layers: u64,
    /// The image that a tag of it names now, if it is another.
    pub newer: Option<NewerImage>,
}

/// What a tag moved on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerImage {
    /// The image.
    pub digest: Digest,
    /// The tag, with its repository.
    pub tag: Tag,
    /// Findings that the base has and this has no more, by package name and vulnerability.
    pub fixes: u64,
    /// Findings that this has and the base has not.
    pub adds: u64,
}

/// Upgrades in the order in which they remove most of what is left of a selection's findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixPlan {
    /// The upgrades.
    pub steps: Vec<FixStep>,
    /// Findings of the selection, each image's counted.
    pub findings: Total,
    /// Those of them that some upgrade removes.
    pub fixable: Total,
    /// Images of the selection.
    pub images: u64,
}

/// An upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixStep {
    /// What to upgrade.
    pub upgrade: Upgrade,
    /// Findings that it removes and no step before did, each image's counted.
    pub removes: Total,
    /// Images that it touches.
    pub images: Total,
    /// Some of these.
    pub examples: Vec<Digest>,
}

/// What to upgrade.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upgrade {
    /// Images are to be built again, on what a tag of their base image names now.
    Base {
        /// The base image that they are built on, unless it is gone.
        from: Option<Digest>,
        /// What its tag names now, unless it is gone since.
        to: Option<Digest>,
        /// The tag, as `repository:tag`.
        tag: String,
    },
    /// A package is to be upgraded.
    Package {
        /// Its purl without version.
        name: String,
        /// The last version of each major version that publishers name as fixed.
        fixed_versions: Vec<String>,
    },
}
