//! A snapshot for GitHub's dependency submission API: the packages by the file that names them.
//!
//! Format: <https://docs.github.com/rest/dependency-graph/dependency-submission>. It has no place for
//! findings: GitHub matches the packages itself. Commit, ref and job are of the run that submits it;
//! whoever renders it elsewhere adds them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;

use super::write_json;
use crate::{Commit, Package, RenderOptions, Report};

#[derive(Serialize)]
struct Snapshot<'a> {
    version: u32,
    #[serde(flatten)]
    commit: Option<CommitFields<'a>>,
    detector: Detector,
    metadata: BTreeMap<&'static str, String>,
    scanned: String,
    manifests: BTreeMap<String, Manifest<'a>>,
}

#[derive(Serialize)]
struct CommitFields<'a> {
    sha: &'a str,
    #[serde(rename = "ref")]
    reference: &'a str,
    job: Job<'a>,
}

#[derive(Serialize)]
struct Job<'a> {
    id: &'a str,
    correlator: &'a str,
}

#[derive(Serialize)]
struct Detector {
    name: &'static str,
    version: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Manifest<'a> {
    name: String,
    resolved: BTreeMap<&'a str, Resolved<'a>>,
}

#[derive(Serialize)]
struct Resolved<'a> {
    package_url: &'a str,
    relationship: &'a str,
    scope: &'a str,
}

pub fn render(report: &Report, out: &mut dyn Write, options: &RenderOptions) -> io::Result<()> {
    let mut manifests = BTreeMap::new();
    for package in &report.packages {
        let name = manifest_name(report, package);
        let manifest = manifests.entry(name.clone()).or_insert_with(|| Manifest {
            name,
            resolved: BTreeMap::new(),
        });
        manifest.resolved.insert(&package.purl, resolved(package));
    }
    let snapshot = Snapshot {
        version: 0,
        commit: options.commit.as_ref().map(commit),
        detector: Detector {
            name: "scanyard",
            version: env!("CARGO_PKG_VERSION"),
            url: "https://scanyard.example",
        },
        metadata: metadata(report),
        scanned: options.now.to_rfc3339_opts(SecondsFormat::Secs, true),
        manifests,
    };
    write_json(&snapshot, out)
}

fn commit(commit: &Commit) -> CommitFields<'_> {
    CommitFields {
        sha: &commit.sha,
        reference: &commit.reference,
        job: Job {
            id: &commit.job,
            correlator: &commit.correlator,
        },
    }
}

fn manifest_name(report: &Report, package: &Package) -> String {
    match package.paths.first() {
        Some(path) => format!("{} {path}", report.source),
        None => report.source.clone(),
    }
}

fn resolved(package: &Package) -> Resolved<'_> {
    Resolved {
        package_url: &package.purl,
        relationship: "direct",
        scope: "runtime",
    }
}

/// The API takes eight values at most; how much was not assessed must be among it.
fn metadata(report: &Report) -> BTreeMap<&'static str, String> {
    let digest = report.image.as_ref().map(|image| image.digest.to_string());
    let distro = report.distro.as_ref().map(|distro| distro.name.clone());
    let metadata = [
        ("image_digest", digest),
        ("distro", distro),
        ("complete", Some(report.summary.complete.to_string())),
        ("not_assessed", Some(report.coverage.len().to_string())),
    ];
    let known = metadata
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    known.collect()
}
