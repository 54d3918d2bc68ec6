//! What image-by-image scanners do: every package of every image, matched for that image.

use scanyard_advisory::Database;
use scanyard_matching::{Finding, Matcher, image_coverage};
use scanyard_package::Coverage;

use super::{Fleet, FleetSet};

/// What matching one image said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageOutcome {
    /// Findings with the purl of their package, in the order of purls.
    pub findings: Vec<(String, Finding)>,
    /// What could not be assessed.
    pub coverage: Vec<Coverage>,
}

/// Matches the packages of a set as if nobody had ever matched any of them.
pub fn match_image(database: &Database, fleet: &Fleet, set: &FleetSet) -> ImageOutcome {
    let matcher = Matcher::new(database);
    let mut outcome = ImageOutcome::default();
    for place in &set.packages {
        let package = &fleet.packages[*place];
        let distro = package.distro.map(|distro| &fleet.distros[distro]);
        let matched = matcher.match_package(&package.package, distro);
        let findings = matched.findings.into_iter();
        outcome
            .findings
            .extend(findings.map(|finding| (package.purl.clone(), finding)));
        outcome.coverage.extend(matched.coverage);
        let gaps = image_coverage(Some(database), distro, [&package.package]);
        outcome.coverage.extend(gaps);
    }
    outcome
}
