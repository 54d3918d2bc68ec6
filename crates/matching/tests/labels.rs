//! Matches that people labelled true or false, held against what matching says.
//!
//! The labels name an image, a package, a version and a vulnerability, but neither the package's
//! kind nor its source, and the images are not here. A label is asked about where the advisories
//! at hand name its vulnerability in a package of that name; its release, for a distro's package,
//! is told by its version. What differs is counted by the reasons in [`explained`].

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use scanyard_advisory::{Database, build};
use scanyard_matching::{Matcher, Status};
use scanyard_package::{Distro, Ecosystem, Package, PackageKind};
use serde_json::Value;

fn shared() -> Option<PathBuf> {
    let dir = std::env::var_os("SCANYARD_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if dir.join("osv").is_dir() && dir.join("corpus/labels/labels.jsonl").is_file() {
        return Some(dir);
    }
    eprintln!("SKIPPED: no shared labels at {}", dir.display());
    None
}

/// A match as somebody labelled it.
struct Label {
    package: String,
    version: String,
    ids: BTreeSet<String>,
    is_true: bool,
}

fn read_labels(text: &str) -> Vec<Label> {
    let labels = text.lines().filter_map(|line| {
        let label: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| label[name].as_str().unwrap_or_default().to_owned();
        let is_true = match label["label"].as_str()? {
            "TP" => true,
            "FP" => false,
            _ => return None,
        };
        Some(Label {
            package: field("package"),
            version: field("version"),
            ids: [field("vulnerability"), field("effective_cve")].into(),
            is_true,
        })
    });
    labels.collect()
}

/// The release that a version names: `el8` in rpms, `deb11` in Debian's updates.
fn distro_of(version: &str) -> Option<(PackageKind, Distro)> {
    let number_after = |mark: &str| {
        let (_, rest) = version.rsplit_once(mark)?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    };
    let rpm = number_after(".el").map(|major| (PackageKind::Rpm, Distro::new("almalinux", major)));
    rpm.or_else(|| {
        number_after("deb").map(|major| (PackageKind::Deb, Distro::new("debian", major)))
    })
}

/// The kinds of package that a label may be about, by what advisories say of its vulnerability.
fn candidates(database: &Database, label: &Label) -> Vec<(Package, Option<Distro>)> {
    let of_distro = distro_of(&label.version);
    let kinds: Vec<(PackageKind, Option<Distro>)> = match of_distro {
        Some((kind, distro)) => vec![(kind, Some(distro))],
        None => {
            let kinds = PackageKind::ALL.into_iter().filter(|kind| {
                // A name says nothing of software from outside package managers: `gitlab` is a gem.
                !kind.is_os() && *kind != PackageKind::Bitnami
            });
            kinds.map(|kind| (kind, None)).collect()
        }
    };
    let is_told = |ecosystem: &Ecosystem| {
        let name = ecosystem.normalize_name(&label.package);
        let named = label.ids.iter().flat_map(|id| database.mentions(id));
        named
            .flat_map(|(_, advisory)| advisory.entries())
            .any(|(of, named, _)| of == *ecosystem && named == name)
    };
    kinds
        .into_iter()
        .map(|(kind, distro)| (Package::new(kind, &label.package, &label.version), distro))
        .filter(|(package, distro)| {
            Ecosystem::of_package(package, distro.as_ref()).is_some_and(|found| is_told(&found))
        })
        .collect()
}

#[derive(Default)]
struct Tally {
    agree: [usize; 2],
    differ: [usize; 2],
    samples: Vec<String>,
}

#[test]
fn labels_of_others_agree() {
    let Some(dir) = shared() else { return };
    let output = tempfile::tempdir().unwrap();
    build(&dir.join("osv"), output.path()).unwrap();
    let database = Database::open(output.path()).unwrap();
    let matcher = Matcher::new(&database);
    let text = std::fs::read_to_string(dir.join("corpus/labels/labels.jsonl")).unwrap();
    let labels = read_labels(&text);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for label in &labels {
        for (package, distro) in candidates(&database, label) {
            let findings = matcher.match_package(&package, distro.as_ref()).findings;
            let is_found = findings.iter().any(|finding| {
                let mut names = finding
                    .aliases
                    .iter()
                    .chain([&finding.id, &finding.advisory]);
                finding.status == Status::Affected && names.any(|name| label.ids.contains(name))
            });
            let tally = tallies.entry(package.kind.purl_type()).or_default();
            let truth = usize::from(label.is_true);
            if is_found == label.is_true {
                tally.agree[truth] += 1;
            } else {
                tally.differ[truth] += 1;
                let ids = &label.ids;
                let sample = format!("{is_found} for {} {} {ids:?}", label.package, label.version);
                tally.samples.push(sample);
            }
        }
    }
    println!("{} labels", labels.len());
    for (kind, tally) in &mut tallies {
        println!(
            "{kind}: true {} of {}, false {} of {}",
            tally.agree[1],
            tally.agree[1] + tally.differ[1],
            tally.agree[0],
            tally.agree[0] + tally.differ[0],
        );
        tally.samples.sort();
        tally.samples.dedup();
        tally
            .samples
            .iter()
            .take(12)
            .for_each(|sample| println!("  {sample}"));
    }
    for (kind, tally) in &tallies {
        let (missed, extra) = explained(kind);
        assert!(
            tally.differ[1] <= missed && tally.differ[0] <= extra,
            "{kind}"
        );
    }
}

/// How many labels of a kind may differ: true ones that are not found, false ones that are.
fn explained(kind: &str) -> (usize, usize) {
    EXPLAINED
        .iter()
        .find(|(listed, ..)| *listed == kind)
        .map_or((0, 0), |(_, missed, extra)| (*missed, *extra))
}

/// How many labels of each kind differ, and why.
///
/// gem, golang, pypi: false ones are found because the label is about where the package lies: in
/// files that the distro's package manager owns (Ruby's default gems, the distro's Python
/// packages), or as a library of a program that is not the product. The images, which would tell,
/// are not here. Two true ones of Go are about versions that the module's own ranges exclude.
///
/// rpm: the labelled images are Red Hat's, the advisories AlmaLinux's. AlmaLinux fixed 23 of the
/// flaws in a module only, or in an update that repairs an earlier one; the 7 false ones are
/// flaws that Red Hat's pages call not affected and AlmaLinux's errata fix.
const EXPLAINED: [(&str, usize, usize); 4] = [
    ("gem", 0, 5),
    ("golang", 2, 12),
    ("pypi", 0, 37),
    ("rpm", 23, 7),
];
