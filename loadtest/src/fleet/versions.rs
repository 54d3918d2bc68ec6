//! Versions around the borders of what advisories say, where a wrong comparison would show.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use scanyard_advisory::{Entries, Event};
use scanyard_version::{Scheme, Version};

/// Versions of one name at most.
const MAX_VERSIONS: usize = 40;

/// Versions that the entries name, and those just beside them, in ascending order.
pub(super) fn around_borders(scheme: Scheme, entries: Entries<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for entry in entries {
        for range in entry.ranges() {
            for event in range.events() {
                let (Event::Introduced(border)
                | Event::Fixed(border)
                | Event::LastAffected(border)
                | Event::Limit(border)) = event;
                found.extend(neighbours(scheme, border));
                found.insert(border.to_owned());
            }
        }
        found.extend(entry.versions().map(str::to_owned));
    }
    let found = found.into_iter().map(|version| match scheme {
        Scheme::Go => format!("v{version}"),
        _ => version,
    });
    thin(sorted(scheme, found.collect()))
}

/// Without what is no version, and of equal ones one.
fn sorted(scheme: Scheme, mut versions: Vec<String>) -> Vec<String> {
    let is_usable = |version: &str| {
        let is_plain = version.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain && version != "0" && version != "v0" && Version::parse(scheme, version).is_ok()
    };
    let order = |a: &str, b: &str| {
        let (a, b) = (Version::parse(scheme, a), Version::parse(scheme, b));
        let both = a.ok().zip(b.ok());
        both.and_then(|(a, b)| a.compare(&b))
            .unwrap_or(Ordering::Equal)
    };
    versions.retain(|version| is_usable(version));
    versions.sort_by(|a, b| order(a, b));
    versions.dedup_by(|a, b| order(a, b).is_eq());
    versions
}

fn thin(versions: Vec<String>) -> Vec<String> {
    let count = versions.len();
    if count <= MAX_VERSIONS {
        return versions;
    }
    let kept = (0..MAX_VERSIONS).map(|place| place * (count - 1) / (MAX_VERSIONS - 1));
    kept.filter_map(|place| versions.get(place).cloned())
        .collect()
}

/// The version with its last number one lower and one higher.
fn neighbours(scheme: Scheme, version: &str) -> Vec<String> {
    let begin = match scheme {
        // What follows the first number of a release says what it was built for.
        Scheme::Rpm => version.rfind('-').map_or(0, |dash| dash + 1),
        _ => {
            let end = version.trim_end_matches(|c: char| !c.is_ascii_digit());
            end.trim_end_matches(|c: char| c.is_ascii_digit()).len()
        }
    };
    let Some(rest) = version.get(begin..) else {
        return Vec::new();
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = rest.split_at(digits);
    let Ok(number) = number.parse::<u64>() else {
        return Vec::new();
    };
    let head = &version[..begin];
    [number.checked_sub(1), number.checked_add(1)]
        .into_iter()
        .flatten()
        .map(|number| format!("{head}{number}{rest}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_in_the_number_that_a_fix_raises() {
        assert_eq!(
            neighbours(Scheme::Deb, "1.2-3+deb11u2"),
            ["1.2-3+deb11u1", "1.2-3+deb11u3"]
        );
        assert_eq!(neighbours(Scheme::Apk, "1.2.0-r0"), ["1.2.0-r1"]);
        assert_eq!(
            neighbours(Scheme::Rpm, "1.2-7.el8_6"),
            ["1.2-6.el8_6", "1.2-8.el8_6"]
        );
        assert_eq!(neighbours(Scheme::Pep440, "2.0rc1"), ["2.0rc0", "2.0rc2"]);
        assert!(neighbours(Scheme::Semver, "latest").is_empty());
    }

    #[test]
    fn versions_are_in_order_and_different() {
        let versions = ["1.10", "1.9", "1.9.0", "nonsense", "0"].map(str::to_owned);
        assert_eq!(
            sorted(Scheme::Pep440, versions.to_vec()),
            ["1.9", "1.10"],
            "1.9 and 1.9.0 are equal"
        );
    }

    #[test]
    fn many_versions_are_thinned_to_first_last_and_some_between() {
        let versions: Vec<String> = (1..=100).map(|n| n.to_string()).collect();
        let kept = thin(versions);
        assert_eq!(kept.len(), MAX_VERSIONS);
        assert_eq!(
            (kept[0].as_str(), kept[MAX_VERSIONS - 1].as_str()),
            ("1", "100")
        );
    }
}
