//! Matches every package that a database names, at the newest and at the oldest version that its
//! advisories call fixed, and tells the processor time of a match: `match_speed DATABASE`.
//!
//! The checksum over everything that matching said lets two versions of the matcher be compared.

use std::hash::{DefaultHasher, Hash, Hasher};

use scanyard_advisory::{Database, Event};
use scanyard_matching::Matcher;
use scanyard_package::{Distro, Ecosystem, Package, PackageKind};

type Question = (Package, Option<Distro>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: match_speed DATABASE")?;
    let database = Database::open(path.as_ref())?;
    let matcher = Matcher::new(&database);
    for (what, newest) in [("newest", true), ("oldest", false)] {
        let questions = questions(&database, newest);
        for round in ["cold", "warm"] {
            let start = processor_time()?;
            let findings = count_findings(&matcher, &questions);
            let each = (processor_time()? - start) as f64 / 1e3 / questions.len() as f64;
            let packages = questions.len();
            println!(
                "{what}, {round}: {packages} packages, {findings} findings, {each:.2} us each"
            );
        }
        let checksum = checksum(&matcher, &questions);
        println!("{what}: checksum {checksum:016x}");
    }
    Ok(())
}

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn processor_time() -> Result<u64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().unwrap_or_default();
    Ok(first.parse()?)
}

fn count_findings(matcher: &Matcher<'_>, questions: &[Question]) -> usize {
    let matched = questions
        .iter()
        .map(|(package, distro)| matcher.match_package(package, distro.as_ref()));
    matched.map(|outcome| outcome.findings.len()).sum()
}

fn checksum(matcher: &Matcher<'_>, questions: &[Question]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (package, distro) in questions {
        let outcome = matcher.match_package(package, distro.as_ref());
        format!("{outcome:?}").hash(&mut hasher);
    }
    hasher.finish()
}

/// One package a key.
fn questions(database: &Database, newest: bool) -> Vec<Question> {
    let mut questions = Vec::new();
    for (ecosystem, name, entries) in database.keys() {
        let Some((kind, distro)) = kind(&ecosystem) else {
            continue;
        };
        let mut fixed = entries
            .flat_map(|entry| entry.ranges())
            .flat_map(|range| range.events())
            .filter_map(|event| match event {
                Event::Fixed(version) => Some(version),
                _ => None,
            });
        let version = if newest { fixed.last() } else { fixed.next() };
        questions.push((Package::new(kind, name, version.unwrap_or("1.0")), distro));
    }
    questions
}

fn kind(ecosystem: &Ecosystem) -> Option<(PackageKind, Option<Distro>)> {
    let release = ecosystem
        .name()
        .split_once(':')
        .map_or("", |(_, release)| release);
    Some(match ecosystem.family() {
        "Debian" => (PackageKind::Deb, Some(Distro::new("debian", release))),
        "Alpine" => (
            PackageKind::Apk,
            Some(Distro::new("alpine", release.trim_start_matches('v'))),
        ),
        "AlmaLinux" => (PackageKind::Rpm, Some(Distro::new("almalinux", release))),
        family => {
            let kind = PackageKind::ALL
                .into_iter()
                .find(|kind| kind.language_ecosystem() == Some(family));
            (kind?, None)
        }
    })
}
