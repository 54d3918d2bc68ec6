//! Matches every package that a database names, at versions that its advisories name, and tells
//! how long a match takes: `match_speed DATABASE`.

use std::time::Instant;

use scanyard_advisory::{Database, Event};
use scanyard_matching::Matcher;
use scanyard_package::{Distro, Ecosystem, Package, PackageKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: match_speed DATABASE")?;
    let database = Database::open(path.as_ref())?;
    let questions = questions(&database);
    let matcher = Matcher::new(&database);
    for round in ["cold", "warm", "warm"] {
        let start = Instant::now();
        let mut findings = 0;
        for (package, distro) in &questions {
            findings += matcher
                .match_package(package, distro.as_ref())
                .findings
                .len();
        }
        let each = start.elapsed().as_secs_f64() * 1e6 / questions.len() as f64;
        println!(
            "{round}: {} packages, {findings} findings, {each:.2} us each",
            questions.len()
        );
    }
    Ok(())
}

/// One package a key, at the newest version that its advisories name and at a low one in turn.
fn questions(database: &Database) -> Vec<(Package, Option<Distro>)> {
    let mut questions = Vec::new();
    for (index, (ecosystem, name, entries)) in database.keys().enumerate() {
        let Some((kind, distro)) = kind(&ecosystem) else {
            continue;
        };
        let fixed: Vec<&str> = entries
            .flat_map(|entry| entry.ranges())
            .flat_map(|range| range.events())
            .filter_map(|event| match event {
                Event::Fixed(version) => Some(version),
                _ => None,
            })
            .collect();
        let version = if index % 2 == 0 {
            fixed.last()
        } else {
            fixed.first()
        };
        questions.push((Package::new(kind, name, *version.unwrap_or(&"1.0")), distro));
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
