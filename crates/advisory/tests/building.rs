//! What a build reads, what it leaves behind, and that it always makes the same of the same.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod support;

use std::fs;

use scanyard_advisory::{BuildError, DATABASE_FILE, Database, build, diff};
use scanyard_package::Ecosystem;
use support::{Built, records, shared, write_bucket, write_zip};

#[test]
fn the_same_records_make_the_same_bytes_in_any_order_and_layout() {
    let mut all = records();
    let first = Built::of(&all);
    all.reverse();
    let second = Built::of(&all);
    assert_eq!(
        fs::read(&first.file).unwrap(),
        fs::read(&second.file).unwrap()
    );

    let directory = tempfile::tempdir().unwrap();
    for (_, id, json) in &all {
        let deeper = directory.path().join("from/deeper");
        fs::create_dir_all(&deeper).unwrap();
        fs::write(deeper.join(format!("{id}.json")), json).unwrap();
    }
    let report = build(&directory.path().join("from"), directory.path()).unwrap();
    assert_eq!(report.info.revision, first.report.info.revision);
    assert_eq!(report.output, directory.path().join(DATABASE_FILE));

    let zip = directory.path().join("one.zip");
    write_zip(&zip, &all[1..].iter().collect::<Vec<_>>());
    let report = build(&zip, directory.path()).unwrap();
    assert_eq!(report.info.revision, first.report.info.revision);
}

#[test]
fn what_cannot_be_read_is_counted_and_named() {
    let mut all = records();
    all.push((
        "npm".into(),
        "GHSA-broken".into(),
        r#"{"id": "GHSA-broken""#.into(),
    ));
    let built = Built::of(&all);
    assert_eq!(built.report.info.unreadable, 1);
    assert_eq!(built.report.unreadable[0].id, "GHSA-broken");
    assert_eq!(built.open().info(), &built.report.info);
}

#[test]
fn a_broken_zip_costs_its_own_records_only() {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("from");
    write_bucket(&from, &records());
    fs::write(from.join("npm/all.zip"), "PK no zip").unwrap();
    let report = build(&from, directory.path()).unwrap();
    assert_eq!(report.info.records, 3);
    assert_eq!(report.unreadable[0].id, "npm/all.zip");
}

#[test]
fn without_a_single_record_the_old_database_stays() {
    let built = Built::of(&records());
    let before = fs::read(&built.file).unwrap();
    let from = built.directory.path().join("bad");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("x.json"), "{}").unwrap();
    let error = build(&from, &built.file).unwrap_err();
    assert!(
        matches!(error, BuildError::NothingReadable { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("x: "), "{error}");
    assert_eq!(fs::read(&built.file).unwrap(), before);
    let left: Vec<_> = fs::read_dir(built.directory.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "only from, bad and out.db: {left:?}");
    let missing = build(&from.join("missing"), &built.file).unwrap_err();
    assert!(matches!(missing, BuildError::Missing(_)), "{missing}");
}

#[test]
fn known_exploited_vulnerabilities_are_marked() {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("from");
    write_bucket(&from, &records());
    fs::create_dir(from.join("kev")).unwrap();
    let catalogue =
        r#"{"catalogVersion": "2025.01.01", "vulnerabilities": [{"cveID": "CVE-2024-0001"}]}"#;
    fs::write(from.join("kev/catalogue.json"), catalogue).unwrap();
    let plain = Built::of(&records());
    let report = build(&from, directory.path()).unwrap();
    assert_eq!(report.info.known_exploited.unwrap().entries, 1);
    let database = Database::open(directory.path()).unwrap();
    let marked: Vec<_> = database
        .all_advisories()
        .filter(|advisory| advisory.known_exploited())
        .map(|advisory| advisory.id())
        .collect();
    assert_eq!(marked, ["ALSA-2024:A001", "DSA-1-1", "GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(diff(&plain.open(), &database).len(), 4);
}

#[test]
fn a_difference_names_the_packages_concerned() {
    let mut all = records();
    let before = Built::of(&all);
    let debian = all.iter_mut().find(|record| record.0 == "Debian").unwrap();
    debian.2 = debian.2.replace("1:1.2-3", "1:1.2-4");
    let npm = all
        .iter_mut()
        .find(|record| record.1 == "MAL-2024-1")
        .unwrap();
    npm.2 = npm.2.replace("2024-05-03", "2024-05-04");
    all.retain(|record| record.0 != "AlmaLinux");
    let after = Built::of(&all);
    let changed = diff(&before.open(), &after.open());
    let expected = [
        (Ecosystem::new("AlmaLinux:9"), "left-libs".to_owned()),
        (Ecosystem::new("Debian:12"), "left".to_owned()),
    ];
    assert_eq!(changed, expected);
    assert_eq!(diff(&after.open(), &after.open()), []);
}

#[test]
fn a_changed_header_changes_every_package_of_the_advisory() {
    let mut all = records();
    let before = Built::of(&all);
    let debian = all.iter_mut().find(|record| record.0 == "Debian").unwrap();
    debian.2 = debian.2.replace(
        r#""upstream""#,
        r#""withdrawn": "2024-05-02T00:00:00Z", "upstream""#,
    );
    let changed = diff(&before.open(), &Built::of(&all).open());
    let names: Vec<_> = changed
        .iter()
        .map(|(ecosystem, _)| ecosystem.name())
        .collect();
    assert_eq!(names, ["Debian:11", "Debian:12"]);
}

#[test]
fn the_shared_export_is_read_whole() {
    let Some(from) = shared("osv") else { return };
    let directory = tempfile::tempdir().unwrap();
    let report = build(&from, directory.path()).unwrap();
    assert_eq!(report.info.records, 34_648);
    assert_eq!(report.info.unreadable, 0);
    assert_eq!(report.info.known_exploited.unwrap().entries, 1_404);
    let database = Database::open(directory.path()).unwrap();
    let mut entries = 0;
    for (ecosystem, name, group) in database.keys() {
        let expected = group.map(|entry| entry.advisory().id()).collect::<Vec<_>>();
        let found = database
            .entries(&ecosystem, name)
            .map(|entry| entry.advisory().id());
        assert!(found.eq(expected.iter().copied()), "{ecosystem} {name}");
        entries += expected.len() as u64;
    }
    assert_eq!(entries, report.info.entries);
    database.ensure_intact().unwrap();
}
