//! Every record of the shared advisories, held against what it says itself.
//!
//! A version that a record lists or introduces is affected, the version that fixes it is not.
//! Where matching differs, the reason is one of those counted here, so a new one shows.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use scanyard_advisory::{Database, Entries, Event, build};
use scanyard_matching::{Finding, Matcher, Status};
use scanyard_package::{Distro, Ecosystem, Package, PackageKind};

fn shared() -> Option<PathBuf> {
    let dir = std::env::var_os("SCANYARD_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let advisories = dir.join("osv");
    if advisories.is_dir() {
        return Some(advisories);
    }
    eprintln!("SKIPPED: no shared advisories at {}", advisories.display());
    None
}

/// What matching said about versions of which a record tells the answer.
#[derive(Default)]
struct Tally {
    asked: usize,
    wrong: usize,
    undetermined: usize,
    samples: Vec<String>,
}

impl Tally {
    fn put(&mut self, answer: Option<Status>, is_right: bool, sample: impl FnOnce() -> String) {
        self.asked += 1;
        if is_right {
            return;
        }
        match answer {
            Some(Status::Undetermined) => self.undetermined += 1,
            _ => self.wrong += 1,
        }
        if self.samples.len() < 15 {
            self.samples.push(sample());
        }
    }
}

/// The package whose advisories these are, and the distro in whose images it is found.
fn package(ecosystem: &Ecosystem, name: &str) -> Option<(Package, Option<Distro>)> {
    let release = ecosystem.name().split_once(':').map(|(_, release)| release);
    let (kind, distro) = match (ecosystem.family(), release) {
        ("Debian", Some(release)) => (PackageKind::Deb, Some(Distro::new("debian", release))),
        ("Alpine", Some(release)) => {
            let release = release.trim_start_matches('v');
            (PackageKind::Apk, Some(Distro::new("alpine", release)))
        }
        ("AlmaLinux", Some(release)) => (PackageKind::Rpm, Some(Distro::new("almalinux", release))),
        (language, None) => {
            let kind = PackageKind::ALL
                .into_iter()
                .find(|kind| kind.language_ecosystem() == Some(language))?;
            (kind, None)
        }
        _ => return None,
    };
    let package = Package::new(kind, name, "");
    // Debian names old releases `6.0` and new ones `12`; os-release has the number before the dot.
    let is_found = Ecosystem::of_package(&package, distro.as_ref()).as_ref() == Some(ecosystem);
    is_found.then_some((package, distro))
}

/// One package in so many is asked about; `SCANYARD_EVERY_PACKAGE=1` asks about all.
const STRIDE: usize = 25;

/// How many of the versions that one record lists are asked about, at most.
const LISTED: usize = 8;

/// Most records of one package that are asked about.
const RECORDS: usize = 10;

/// Asks about one key, one question for each version that its records name.
fn ask(
    matcher: &Matcher<'_>,
    (package, distro): (Package, Option<Distro>),
    entries: Entries<'_>,
    tally: &mut Tally,
) {
    let mut answers = BTreeMap::new();
    for entry in entries.take(RECORDS) {
        let advisory = entry.advisory();
        if advisory.withdrawn().is_some()
            || advisory.id().starts_with("ALBA")
            || advisory.id().starts_with("ALEA")
        {
            continue;
        }
        let mut check = |version: &str, is_affected: bool| {
            let findings = answers.entry(version.to_owned()).or_insert_with(|| {
                let package = Package {
                    version: version.to_owned(),
                    ..package.clone()
                };
                matcher.match_package(&package, distro.as_ref()).findings
            });
            let id = advisory.id();
            // Another record may say more of the same flaw, so a fix is held against the findings
            // that this record decides.
            let is_its = |finding: &&Finding| match is_affected {
                true => finding.id == id || finding.aliases.iter().any(|alias| alias == id),
                false => finding.advisory == id,
            };
            let answer = findings.iter().find(is_its).map(|finding| finding.status);
            let is_right = is_affected == (answer == Some(Status::Affected))
                && answer != Some(Status::Undetermined);
            tally.put(answer, is_right, || {
                format!(
                    "{} {version}: {id} should be {is_affected}, is {answer:?}",
                    package.name
                )
            });
        };
        let stride = entry.versions().count() / LISTED + 1;
        for version in entry.versions().step_by(stride) {
            check(version, true);
        }
        if entry.custom_ranges().next().is_some() {
            continue;
        }
        for range in entry.ranges() {
            for event in range.events() {
                match event {
                    Event::Introduced(version) if version != "0" => check(version, true),
                    Event::LastAffected(version) => check(version, true),
                    Event::Fixed(version) => check(version, false),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn records_agree_with_themselves() {
    let Some(dir) = shared() else { return };
    let output = tempfile::tempdir().unwrap();
    build(&dir, output.path()).unwrap();
    let database = Database::open(output.path()).unwrap();
    let matcher = Matcher::new(&database);
    let stride = match std::env::var_os("SCANYARD_EVERY_PACKAGE") {
        Some(_) => 1,
        None => STRIDE,
    };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut unasked: BTreeMap<String, usize> = BTreeMap::new();
    for (ecosystem, name, entries) in database.keys().step_by(stride) {
        let family = ecosystem.family().to_owned();
        match package(&ecosystem, name) {
            Some(asked) => ask(&matcher, asked, entries, tallies.entry(family).or_default()),
            None => *unasked.entry(ecosystem.name().to_owned()).or_default() += 1,
        }
    }
    for (family, tally) in &tallies {
        let Tally {
            asked,
            wrong,
            undetermined,
            samples,
        } = tally;
        println!("{family}: {asked} asked, {wrong} differ, {undetermined} undetermined");
        for sample in samples {
            println!("  {sample}");
        }
    }
    println!("without a question: {unasked:?}");
    for (family, tally) in &tallies {
        let (wrong, undetermined) = explained(family);
        assert!(
            tally.wrong <= wrong && tally.undetermined <= undetermined,
            "{family}"
        );
        assert!(tally.asked > 0, "{family} was not asked about");
    }
    database.ensure_intact().unwrap();
}

/// How many answers of a family may differ, and how many be undetermined.
fn explained(family: &str) -> (usize, usize) {
    EXPLAINED
        .iter()
        .find(|(listed, ..)| *listed == family)
        .map_or((0, 0), |(_, wrong, undetermined)| (*wrong, *undetermined))
}

/// How many answers differ and how many are undetermined, by family.
///
/// Bitnami: BIT-superset-2020-1932 fixes and introduces at 0.34.1 and again at 0.35.1.
const EXPLAINED: [(&str, usize, usize); 1] = [("Bitnami", 2, 0)];
