//! Small advisories, and databases built of them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part, and a fixture that fails is a failed test"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use scanyard_advisory::{BuildReport, Database, build};
use zip::write::SimpleFileOptions;

/// One record of every kind that needs care.
pub const RECORDS: [(&str, &str, &str); 6] = [
    (
        "npm",
        "GHSA-aaaa-bbbb-cccc",
        r#"{"id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-05-01T10:00:00.050Z",
          "published": "2024-04-30T00:00:00Z", "aliases": ["CVE-2024-0001"], "summary": "Bad parse",
          "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
          "affected": [{"package": {"ecosystem": "npm", "name": "@scope/left"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"},
              {"introduced": "2.0.0"}, {"last_affected": "2.1.0"}]}],
            "database_specific": {"source": "https://example.org/ghsa/aaaa.json"}}]}"#,
    ),
    (
        "npm",
        "MAL-2024-1",
        r#"{"id": "MAL-2024-1", "modified": "2024-05-03T00:00:00Z", "affected": [
          {"package": {"ecosystem": "npm", "name": "@scope/left"}, "versions": ["9.9.9", "9.9.10"]}]}"#,
    ),
    (
        "Debian",
        "DSA-1-1",
        r#"{"id": "DSA-1-1", "modified": "2024-05-02T00:00:00Z", "upstream": ["CVE-2024-0001"],
          "affected": [{"package": {"ecosystem": "Debian:12", "name": "left"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:1.2-3"}]}],
            "ecosystem_specific": {"urgency": "high**"}},
           {"package": {"ecosystem": "Debian:11", "name": "left"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}"#,
    ),
    (
        "AlmaLinux",
        "ALSA-2024:A001",
        r#"{"id": "ALSA-2024:A001", "modified": "2024-05-02T00:00:00Z", "related": ["CVE-2024-0001"],
          "summary": "Important: left security update",
          "affected": [{"package": {"ecosystem": "AlmaLinux:9", "name": "left-libs"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2-3.el9"}]}]}]}"#,
    ),
    (
        "PyPI",
        "PYSEC-2024-1",
        r#"{"id": "PYSEC-2024-1", "modified": "2024-05-01T00:00:00Z",
          "withdrawn": "2024-05-01T00:00:00Z", "affected": [
          {"package": {"ecosystem": "PyPI", "name": "Left_Pad"},
           "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}]}"#,
    ),
    ("GIT", "PYSEC-2024-1", ""),
];

/// The text of a record, whichever ecosystem's copy it is.
pub fn json_of(id: &str) -> &'static str {
    let mut records = RECORDS.iter();
    records
        .find(|record| record.1 == id && !record.2.is_empty())
        .unwrap()
        .2
}

/// Records as (ecosystem, id, JSON).
pub fn records() -> Vec<(String, String, String)> {
    let own = |text: &str| text.to_owned();
    RECORDS
        .map(|(ecosystem, id, _)| (own(ecosystem), own(id), own(json_of(id))))
        .to_vec()
}

/// Writes records in the layout of the bucket.
pub fn write_bucket(directory: &Path, records: &[(String, String, String)]) {
    for record in records {
        let ecosystem = directory.join(&record.0);
        if !ecosystem.exists() {
            fs::create_dir_all(&ecosystem).unwrap();
            let own: Vec<_> = records.iter().filter(|other| other.0 == record.0).collect();
            write_zip(&ecosystem.join("all.zip"), &own);
        }
    }
}

pub fn write_zip(path: &Path, records: &[&(String, String, String)]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (_, id, json) in records {
        zip.start_file(format!("{id}.json"), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(json.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

/// Where a test works, and what it built there.
pub struct Built {
    pub directory: tempfile::TempDir,
    pub file: PathBuf,
    pub report: BuildReport,
}

impl Built {
    pub fn of(records: &[(String, String, String)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let from = directory.path().join("from");
        write_bucket(&from, records);
        let file = directory.path().join("out.db");
        let report = build(&from, &file).unwrap();
        Self {
            directory,
            file,
            report,
        }
    }

    pub fn open(&self) -> Database {
        Database::open(&self.file).unwrap()
    }
}

/// A folder shared by the project's machines; `None`, said aloud, where it is not at hand.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not here", path.display());
    None
}
