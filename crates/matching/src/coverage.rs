//! What of an image the advisories cannot assess at all.

use std::collections::BTreeMap;

use scanyard_advisory::Database;
use scanyard_package::{Coverage, CoverageKind, Distro, Ecosystem, Package, PackageKind};

use crate::matcher;

/// What of an image cannot be assessed, whatever its packages' versions: no advisories at all, an
/// unknown or unsupported distro, ecosystems without advisories.
pub fn image_coverage<'p>(
    database: Option<&Database>,
    distro: Option<&Distro>,
    packages: impl IntoIterator<Item = &'p Package>,
) -> Vec<Coverage> {
    let counts = count_by_kind(packages);
    let Some(database) = database.filter(|database| database.info().records > 0) else {
        return vec![no_database(database.is_some())];
    };
    let mut coverage: Vec<Coverage> = os_coverage(database, distro, &counts).into_iter().collect();
    coverage.extend(
        counts
            .iter()
            .filter_map(|(kind, count)| match kind.language_ecosystem() {
                Some(name) => language_coverage(database, name, *count),
                None => foreign_packages(*kind, *count, distro),
            }),
    );
    coverage
}

fn count_by_kind<'p>(
    packages: impl IntoIterator<Item = &'p Package>,
) -> BTreeMap<PackageKind, usize> {
    let mut counts = BTreeMap::new();
    for package in packages {
        *counts.entry(package.kind).or_insert(0) += 1;
    }
    counts
}

fn no_database(is_empty: bool) -> Coverage {
    let detail = if is_empty {
        "the advisory database holds no advisories, so nothing was matched; run `scanyard db update`"
    } else {
        "no advisory database was loaded, so nothing was matched; run `scanyard db update`"
    };
    Coverage::new(CoverageKind::NoDatabase, "advisories", detail)
}

fn os_coverage(
    database: &Database,
    distro: Option<&Distro>,
    counts: &BTreeMap<PackageKind, usize>,
) -> Option<Coverage> {
    let os_packages: usize = counts
        .iter()
        .filter(|(kind, _)| kind.is_os())
        .map(|(_, count)| count)
        .sum();
    let Some(distro) = distro else {
        return no_distro(os_packages, counts.is_empty());
    };
    let ecosystem = Ecosystem::of_distro(distro);
    if ecosystem.is_some_and(|ecosystem| database.has_ecosystem(&ecosystem)) {
        return None;
    }
    Some(Coverage::new(
        CoverageKind::UnsupportedDistro,
        distro.qualifier(),
        format!(
            "the advisories hold nothing for {}; its {} were not matched",
            shown(distro),
            counted(os_packages, "OS package")
        ),
    ))
}

fn no_distro(os_packages: usize, is_empty: bool) -> Option<Coverage> {
    let detail = if os_packages > 0 {
        format!(
            "the image has no os-release that names a distro, so its {} were not matched",
            counted(os_packages, "OS package")
        )
    } else if is_empty {
        "neither a distro nor any package was recognised, so there was nothing to match".to_owned()
    } else {
        return None;
    };
    Some(Coverage::new(CoverageKind::NoDistro, "os-release", detail))
}

fn language_coverage(database: &Database, name: &str, count: usize) -> Option<Coverage> {
    if database.has_ecosystem(&Ecosystem::new(name)) {
        return None;
    }
    Some(Coverage::new(
        CoverageKind::NoAdvisories,
        name,
        format!(
            "the advisories hold nothing for {name}; {} were not matched",
            counted(count, "package")
        ),
    ))
}

/// OS packages of another package manager than the distro's.
fn foreign_packages(kind: PackageKind, count: usize, distro: Option<&Distro>) -> Option<Coverage> {
    let distro = distro?;
    Ecosystem::of_distro(distro)?;
    let sample = Package::new(kind, "", "");
    if matcher::ecosystem_of(&sample, Some(distro)).is_some() {
        return None;
    }
    let name = kind.purl_type();
    Some(Coverage::new(
        CoverageKind::NoAdvisories,
        name,
        format!(
            "{} of {name} are not of {}'s package manager and were not matched",
            counted(count, "package"),
            shown(distro)
        ),
    ))
}

fn shown(distro: &Distro) -> String {
    if distro.name.is_empty() {
        distro.qualifier()
    } else {
        distro.name.clone()
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
