//! A few advisories, in the layout of the OSV bucket.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;

/// Ecosystem, id, record.
pub const RECORDS: [(&str, &str, &str); 5] = [
    (
        "Debian",
        "DEBIAN-CVE-2024-1001",
        r#"{"id": "DEBIAN-CVE-2024-1001", "modified": "2024-05-01T00:00:00Z",
          "upstream": ["CVE-2024-1001"], "affected": [
          {"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": [{"type": "ECOSYSTEM",
            "events": [{"introduced": "0"}, {"fixed": "3.0.12-1"}]}],
            "ecosystem_specific": {"urgency": "medium"}}]}"#,
    ),
    (
        "npm",
        "GHSA-aaaa-bbbb-cccc",
        r#"{"id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-05-02T00:00:00Z",
          "aliases": ["CVE-2024-1002"],
          "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
          "affected": [{"package": {"ecosystem": "npm", "name": "@scope/left"}, "ranges": [
            {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}]}]}"#,
    ),
    (
        "PyPI",
        "PYSEC-2024-3",
        r#"{"id": "PYSEC-2024-3", "modified": "2024-05-03T00:00:00Z", "affected": [
          {"package": {"ecosystem": "PyPI", "name": "left-pad"}, "ranges": [{"type": "ECOSYSTEM",
            "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}]}"#,
    ),
    (
        "Go",
        "GO-2024-4",
        r#"{"id": "GO-2024-4", "modified": "2024-05-04T00:00:00Z", "affected": [
          {"package": {"ecosystem": "Go", "name": "stdlib"}, "ranges": [{"type": "SEMVER",
            "events": [{"introduced": "0"}, {"fixed": "1.21.4"}]}]}]}"#,
    ),
    (
        "Alpine",
        "ALPINE-CVE-2024-5",
        r#"{"id": "ALPINE-CVE-2024-5", "modified": "2024-05-05T00:00:00Z",
          "upstream": ["CVE-2024-5"], "affected": [
          {"package": {"ecosystem": "Alpine:v3.18", "name": "busybox"}, "ranges": [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.36.1-r3"}]}]}]}"#,
    ),
];

/// Writes the records as single files.
pub fn write(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    for (_, id, record) in RECORDS {
        fs::write(dir.join(format!("{id}.json")), record).unwrap();
    }
}

/// Writes the records as the bucket has them: an export and a list of changes each ecosystem.
pub fn write_bucket(dir: &Path) {
    for (ecosystem, id, record) in RECORDS {
        let own = dir.join(ecosystem);
        fs::create_dir_all(&own).unwrap();
        let export = zip_of(&format!("{id}.json"), record.as_bytes());
        fs::write(own.join("all.zip"), export).unwrap();
        let (_, after) = record.split_once(r#""modified": ""#).unwrap();
        let (modified, _) = after.split_once('"').unwrap();
        fs::write(own.join("modified_id.csv"), format!("{modified},{id}\n")).unwrap();
    }
    let ecosystems = RECORDS.map(|(ecosystem, ..)| ecosystem).join("\n");
    fs::write(dir.join("ecosystems.txt"), ecosystems).unwrap();
}

fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}
