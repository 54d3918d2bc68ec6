//! What about a package the advisories cannot assess, whatever its version.

use scanyard_advisory::Database;
use scanyard_matching::image_coverage;
use scanyard_package::{Coverage, CoverageKind, Distro, Package};

/// The gap that a package falls into, in words that are the same for all packages in it: kept with
/// each package and shown once for a set, it holds for the revision that the package was matched
/// at, and goes when a later revision closes it.
pub fn gap(database: &Database, package: &Package, distro: Option<&Distro>) -> Vec<Coverage> {
    let mut gaps = image_coverage(Some(database), distro, [package]);
    for gap in &mut gaps {
        gap.detail = detail(gap);
    }
    gaps
}

fn detail(gap: &Coverage) -> String {
    let subject = &gap.subject;
    match gap.kind {
        CoverageKind::NoDistro => {
            "no os-release names a distro, so OS packages were not matched".to_owned()
        }
        CoverageKind::UnsupportedDistro => {
            format!("the advisories hold nothing for {subject}, so OS packages were not matched")
        }
        CoverageKind::NoAdvisories => {
            format!("no advisories apply to packages of {subject} here; they were not matched")
        }
        _ => gap.detail.clone(),
    }
}
