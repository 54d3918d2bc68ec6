//! The record in which the two halves of Scanyard meet: what cataloging finds and matching reads.
//!
//! Packages with their purls, the distro they belong to, the ecosystem that orders their versions,
//! digests, limits, severities and the kinds of coverage gap. This crate does no input or output
//! and knows neither layers nor advisories.

mod coverage;
mod digest;
mod distro;
mod ecosystem;
mod lane;
mod limits;
mod name_pattern;
mod package;
mod purl;
mod severity;

pub use coverage::{Coverage, CoverageKind, UnknownCoverageKind};
pub use digest::{Digest, InvalidDigest};
pub use distro::Distro;
pub use ecosystem::Ecosystem;
pub use lane::Lane;
pub use limits::Limits;
pub use name_pattern::matches_name;
pub use package::{Package, PackageKind, SourcePackage};
pub use purl::InvalidPurl;
pub use severity::{Severity, UnknownSeverity};
