//! What of an image the advisories cannot assess at all.

use std::collections::BTreeMap;

use scanyard_advisory::Database;
use scanyard_package::{Coverage, CoverageKind, Distro, Ecosystem, Lane, Package, PackageKind};

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
    let has_os_packages = counts.keys().any(|kind| kind.is_os());
    let distro_of_packages = distro.filter(|_| has_os_packages);
    coverage.extend(distro_of_packages.and_then(|distro| end_of_life(database, distro)));
    coverage.extend(
        counts
            .iter()
            .filter_map(|(kind, count)| match kind.language_ecosystem() {
                Some(name) => language_coverage(database, name, *count),
                None if kind.is_os() => foreign_packages(*kind, *count, distro),
                None => Some(unmatched_kind(*kind, *count)),
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
    let lanes = Lane::of_distro(distro);
    if lanes
        .iter()
        .any(|lane| database.has_ecosystem(&lane.ecosystem))
    {
        return None;
    }
    Some(Coverage::new(
        CoverageKind::UnsupportedDistro,
        distro.qualifier(),
        format!(
            "the advisories hold nothing for {}; its {}",
            shown(distro),
            not_matched(os_packages, "OS package")
        ),
    ))
}

/// A release that had ended when the newest advisory was written: what is found in its packages
/// since, nobody says.
fn end_of_life(database: &Database, distro: &Distro) -> Option<Coverage> {
    let today = database.info().date?.date_naive();
    let product = product(&distro.id);
    let names = [
        distro.version.as_str(),
        distro.major_minor(),
        distro.major(),
    ];
    let mut ends = names
        .into_iter()
        .filter_map(|name| database.release_end(product, name));
    let release = ends.next()?;
    let extended = match release.extended_end {
        Some(end) if end >= today => format!(", or {end} where support beyond that was bought"),
        _ => String::new(),
    };
    (release.end < today).then(|| {
        let detail = format!(
            "{} was supported until {}{extended}; later flaws in its packages may have no advisory",
            shown(distro),
            release.end
        );
        Coverage::new(CoverageKind::EndOfLife, distro.qualifier(), detail)
    })
}

/// A distro as endoflife.date names it.
fn product(id: &str) -> &str {
    match id {
        "alpine" => "alpine-linux",
        "amzn" => "amazon-linux",
        "azurelinux" | "mariner" => "azure-linux",
        "ol" => "oracle-linux",
        "opensuse-leap" => "opensuse",
        "rocky" => "rocky-linux",
        "sles_sap" => "sles",
        id => id,
    }
}

fn no_distro(os_packages: usize, is_empty: bool) -> Option<Coverage> {
    let detail = if os_packages > 0 {
        format!(
            "the image has no os-release that names a distro, so its {}",
            not_matched(os_packages, "OS package")
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
            "the advisories hold nothing for {name}; {}",
            not_matched(count, "package")
        ),
    ))
}

/// Packages of a kind that no advisories speak of.
fn unmatched_kind(kind: PackageKind, count: usize) -> Coverage {
    let name = kind.purl_type();
    let not_matched = not_matched(count, "package");
    Coverage::new(
        CoverageKind::NoAdvisories,
        name,
        format!("no advisories speak of packages of type {name}; {not_matched}"),
    )
}

/// OS packages of another package manager than the distro's.
fn foreign_packages(kind: PackageKind, count: usize, distro: Option<&Distro>) -> Option<Coverage> {
    let distro = distro?;
    Ecosystem::of_distro(distro)?;
    let sample = Package::new(kind, "", "");
    if !matcher::lanes_of(&sample, Some(distro)).is_empty() {
        return None;
    }
    let name = kind.purl_type();
    Some(Coverage::new(
        CoverageKind::NoAdvisories,
        name,
        format!(
            "{name} is not {}'s package manager; {}",
            shown(distro),
            not_matched(count, "package")
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

fn not_matched(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun} was not matched"),
        count => format!("{count} {noun}s were not matched"),
    }
}
