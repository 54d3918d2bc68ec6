//! What is different between two images, or between an image now and then.

use std::collections::{BTreeMap, BTreeSet};

use scanyard_matching::Finding;
use scanyard_store::ImageContent;
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::FindingView;

/// What the second image has otherwise than the first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// Differences in packages.
    packages: PackageDifferences,
    /// Differences in findings. A finding in another version of the same package is the same.
    findings: FindingDifferences,
}

/// Differences in packages.
#[derive(Debug, Default, Serialize, ToSchema)]
struct PackageDifferences {
    /// Purls that only the second has.
    added: Vec<String>,
    /// Purls that only the first has.
    removed: Vec<String>,
    /// Packages of which each has other versions.
    changed: Vec<ChangedPackage>,
    /// How many are the same.
    same: u64,
}

/// A package of which each image has other versions.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedPackage {
    /// Its purl without version.
    package: String,
    /// Purls of the first.
    before: Vec<String>,
    /// Purls of the second.
    after: Vec<String>,
}

/// Differences in findings.
#[derive(Debug, Default, Serialize, ToSchema)]
struct FindingDifferences {
    /// Findings that only the second has.
    added: Vec<FindingView>,
    /// Findings that only the first has.
    removed: Vec<FindingView>,
    /// Findings whose severity, status, fix or known exploitation is different.
    changed: Vec<ChangedFinding>,
    /// How many are the same.
    same: u64,
}

/// A finding of which more is different than the version.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedFinding {
    /// In the first.
    before: FindingView,
    /// In the second.
    after: FindingView,
}

/// A purl up to its version; a literal `@` in a name is encoded.
fn name_of(purl: &str) -> &str {
    purl.find(['@', '?'])
        .map_or(purl, |end| purl.get(..end).unwrap_or(purl))
}

/// Compares what two images hold.
pub fn compare(before: ImageContent, after: ImageContent) -> Comparison {
    Comparison {
        packages: compare_packages(&before.packages, &after.packages),
        findings: compare_findings(before.findings, after.findings),
    }
}

fn compare_packages(before: &[String], after: &[String]) -> PackageDifferences {
    let [before, after] = [before, after].map(by_name);
    let none = BTreeSet::new();
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut differences = PackageDifferences::default();
    for name in names {
        let before = before.get(name).unwrap_or(&none);
        let after = after.get(name).unwrap_or(&none);
        differences.same += before.intersection(after).count() as u64;
        let removed: Vec<String> = before
            .difference(after)
            .map(|purl| (*purl).to_owned())
            .collect();
        let added: Vec<String> = after
            .difference(before)
            .map(|purl| (*purl).to_owned())
            .collect();
        match (removed.is_empty(), added.is_empty()) {
            (true, _) => differences.added.extend(added),
            (_, true) => differences.removed.extend(removed),
            (false, false) => differences.changed.push(ChangedPackage {
                package: name.to_owned(),
                before: removed,
                after: added,
            }),
        }
    }
    differences
}

fn by_name(purls: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for purl in purls {
        named.entry(name_of(purl)).or_default().insert(purl);
    }
    named
}

/// By vulnerability and package name. Of several versions of one package in an image, one speaks.
type Keyed = BTreeMap<(String, String), (String, Finding)>;

fn keyed(findings: Vec<(String, Finding)>) -> Keyed {
    let keyed = findings.into_iter().map(|(purl, finding)| {
        let key = (finding.id.clone(), name_of(&purl).to_owned());
        (key, (purl, finding))
    });
    keyed.collect()
}

fn compare_findings(
    before: Vec<(String, Finding)>,
    after: Vec<(String, Finding)>,
) -> FindingDifferences {
    let (mut before, after) = (keyed(before), keyed(after));
    let mut differences = FindingDifferences::default();
    for (key, after) in after {
        match before.remove(&key) {
            None => differences.added.push(after.into()),
            Some(before) if is_same(&before.1, &after.1) => differences.same += 1,
            Some(before) => differences.changed.push(ChangedFinding {
                before: before.into(),
                after: after.into(),
            }),
        }
    }
    differences.removed = before.into_values().map(Into::into).collect();
    differences
}

fn is_same(before: &Finding, after: &Finding) -> bool {
    before.severity == after.severity
        && before.status == after.status
        && before.known_exploited == after.known_exploited
        && before.fix_state == after.fix_state
        && before.fixed_versions == after.fixed_versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_a_change_and_no_package_of_its_own() {
        let purls = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let differences = compare_packages(
            &purls("pkg:npm/a@1 pkg:npm/b@1 pkg:npm/c@1 pkg:npm/d@1"),
            &purls("pkg:npm/a@1 pkg:npm/b@2 pkg:npm/d@1 pkg:npm/d@2 pkg:npm/e@1"),
        );
        assert_eq!(differences.added, ["pkg:npm/d@2", "pkg:npm/e@1"]);
        assert_eq!(differences.removed, ["pkg:npm/c@1"]);
        assert_eq!(differences.changed.len(), 1);
        assert_eq!(differences.changed[0].package, "pkg:npm/b");
        assert_eq!(differences.same, 2);
    }
}
