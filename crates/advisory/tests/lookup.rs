//! What was in the records is found in the database.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod support;

use scanyard_advisory::{Database, Event, RangeKind, Relation};
use scanyard_package::{Ecosystem, Severity};
use support::{Built, records};

fn ids(database: &Database, id: &str) -> Vec<String> {
    database
        .advisories(id)
        .iter()
        .map(|advisory| advisory.id().to_owned())
        .collect()
}

#[test]
fn entries_of_a_package_are_found_with_all_they_say() {
    let built = Built::of(&records());
    let database = built.open();
    let entries: Vec<_> = database
        .entries(&Ecosystem::new("npm"), "@scope/left")
        .collect();
    assert_eq!(entries.len(), 2);
    let advisory = entries[0].advisory();
    assert_eq!(advisory.id(), "GHSA-aaaa-bbbb-cccc");
    assert_eq!(advisory.summary(), "Bad parse");
    assert_eq!(
        advisory.source().unwrap(),
        "https://example.org/ghsa/aaaa.json"
    );
    assert_eq!(advisory.modified().unwrap().timestamp_subsec_millis(), 50);
    assert_eq!(
        advisory.published().unwrap().to_rfc3339(),
        "2024-04-30T00:00:00+00:00"
    );
    let cvss = entries[0].cvss().unwrap();
    assert_eq!((cvss.version, cvss.score), ("3.1", 9.8));
    assert_eq!(entries[0].severity(), Severity::Critical);
    let range = entries[0].ranges().next().unwrap();
    assert_eq!(range.kind, RangeKind::Semver);
    let events: Vec<_> = range.events().collect();
    let expected = [
        Event::Introduced("0"),
        Event::Fixed("1.2.3"),
        Event::Introduced("2.0.0"),
        Event::LastAffected("2.1.0"),
    ];
    assert_eq!(events, expected);
    assert!(!entries[0].has_versions() && entries[1].has_versions());
    assert_eq!(
        entries[1].versions().collect::<Vec<_>>(),
        ["9.9.9", "9.9.10"]
    );
    database.ensure_intact().unwrap();
}

#[test]
fn releases_are_apart_and_urgency_is_as_written() {
    let built = Built::of(&records());
    let database = built.open();
    let urgency = |release: &str| {
        let entry = database
            .entries(&Ecosystem::new(release), "left")
            .next()
            .unwrap();
        entry.urgency().map(str::to_owned)
    };
    assert_eq!(urgency("Debian:12").as_deref(), Some("high**"));
    assert_eq!(urgency("Debian:11"), None);
    assert_eq!(
        database.entries(&Ecosystem::new("Debian"), "left").count(),
        0
    );
    for (name, known) in [("Debian:12", true), ("Debian", true), ("Debian:1", false)] {
        assert_eq!(
            database.has_ecosystem(&Ecosystem::new(name)),
            known,
            "{name}"
        );
    }
}

#[test]
fn a_withdrawn_record_is_there_and_says_so() {
    let built = Built::of(&records());
    let database = built.open();
    let entry = database
        .entries(&Ecosystem::new("PyPI"), "left-pad")
        .next()
        .unwrap();
    assert!(entry.advisory().withdrawn().is_some());
    assert!(entry.only_git());
    assert_eq!(database.info().withdrawn, 1);
}

#[test]
fn an_id_leads_to_the_records_that_name_it() {
    let built = Built::of(&records());
    let database = built.open();
    assert_eq!(ids(&database, "DSA-1-1"), ["DSA-1-1"]);
    assert_eq!(
        ids(&database, "CVE-2024-0001"),
        ["DSA-1-1", "GHSA-aaaa-bbbb-cccc"]
    );
    assert_eq!(ids(&database, "CVE-0000-0000"), Vec::<String>::new());
    let relations: Vec<_> = database
        .mentions("CVE-2024-0001")
        .iter()
        .map(|(relation, advisory)| (*relation, advisory.id().to_owned()))
        .collect();
    let expected = [
        (Relation::Related, "ALSA-2024:A001".to_owned()),
        (Relation::Upstream, "DSA-1-1".to_owned()),
        (Relation::Alias, "GHSA-aaaa-bbbb-cccc".to_owned()),
    ];
    assert_eq!(relations, expected);
}

#[test]
fn an_advisory_leads_to_its_packages() {
    let built = Built::of(&records());
    let database = built.open();
    let advisory = database.advisories("DSA-1-1").remove(0);
    let packages: Vec<_> = advisory
        .entries()
        .map(|(ecosystem, name, entry)| format!("{ecosystem} {name} {}", entry.advisory().id()))
        .collect();
    assert_eq!(
        packages,
        ["Debian:11 left DSA-1-1", "Debian:12 left DSA-1-1"]
    );
}

#[test]
fn a_record_in_two_directories_counts_once_and_the_newer_copy_wins() {
    let mut all = records();
    let built = Built::of(&all);
    assert_eq!(built.report.info.records, 5);
    let newer = all.iter_mut().find(|record| record.0 == "GIT").unwrap();
    newer.2 = newer
        .2
        .replace("2024-05-01T00:00:00Z", "2024-06-01T00:00:00Z");
    newer.2 = newer.2.replace("Left_Pad", "right-pad");
    let built = Built::of(&all);
    assert_eq!(built.report.info.records, 5);
    let database = built.open();
    assert_eq!(
        database
            .entries(&Ecosystem::new("PyPI"), "left-pad")
            .count(),
        0
    );
    assert_eq!(
        database
            .entries(&Ecosystem::new("PyPI"), "right-pad")
            .count(),
        1
    );
}

#[test]
fn every_key_and_every_advisory_is_reached_in_order() {
    let built = Built::of(&records());
    let database = built.open();
    let keys: Vec<_> = database
        .keys()
        .map(|(ecosystem, name, _)| (ecosystem, name))
        .collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.len(), 5);
    let advisories: Vec<_> = database
        .all_advisories()
        .map(|advisory| advisory.id())
        .collect();
    assert!(advisories.is_sorted());
    assert_eq!(advisories.len(), 5);
}
