//! Alpine's security database: main and community of every release, edge included.
//!
//! The OSV export of it has main only, no edge, and guesses where a flaw was introduced.

use super::SourceError;
use super::collect::{Collector, write_unreadable};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use super::secdb::Secdb;
use crate::record::file::RecordWriter;

pub(super) const FEED: Feed = Feed {
    name: "alpine",
    address: "https://secdb.alpinelinux.org",
    listing: Listing::Directories(&["main.json", "community.json"]),
    content: Content::Records(read),
};

fn read(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let mut collector = Collector::new(FEED.name);
    for file in files.iter().filter(|file| file.name.ends_with(".json")) {
        let json = file.read().map_err(SourceError::Read)?;
        match serde_json::from_slice::<Secdb>(&json) {
            Ok(document) => {
                let release = document
                    .distroversion
                    .clone()
                    .or_else(|| Some(file.name.split_once('/')?.0.to_owned()));
                let ecosystem = format!("Alpine:{}", release.unwrap_or_default());
                document.collect("ALPINE", &ecosystem, &mut collector);
            }
            Err(error) => write_unreadable(&file.name, error, writer)?,
        }
    }
    collector.write(writer)
}

#[cfg(test)]
mod tests {
    use crate::source::tests::check_records;

    #[test]
    fn fixes_of_all_releases_come_together() {
        let main = r#"{"apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
            "archs": ["x86_64"], "reponame": "main", "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
            "distroversion": "v3.18", "packages": [
              {"pkg": {"name": "busybox", "secfixes": {
                "1.36.1-r1": ["CVE-2023-42363", "CVE-2023-42364 (awk)"], "0": ["CVE-2021-42377"]}}},
              {"pkg": {"name": "xen", "secfixes": {"4.11.1-r0": ["CVE-2018-19967 XSA-282", "XSA-1"], "4.0-r0": null}}}]}"#;
        let community = r#"{"reponame": "community", "distroversion": "edge", "packages": [
              {"pkg": {"name": "busybox", "secfixes": {"1.37.0-r2": ["CVE-2023-42363"]}}}]}"#;
        check_records(
            super::FEED.content,
            &[
                ("v3.18/main.json", main),
                ("edge/community.json", community),
                ("v3.1/main.json", "[]"),
            ],
            "
            ALPINE-CVE-2018-19967 upstream CVE-2018-19967 aliases XSA-282
              Alpine:v3.18 xen | 0 to 4.11.1-r0 | repository main
            ALPINE-CVE-2021-42377 upstream CVE-2021-42377
              Alpine:v3.18 busybox | not affected | repository main
            ALPINE-CVE-2023-42363 upstream CVE-2023-42363
              Alpine:edge busybox | 0 to 1.37.0-r2 | repository community
              Alpine:v3.18 busybox | 0 to 1.36.1-r1 | repository main
            ALPINE-CVE-2023-42364 upstream CVE-2023-42364
              Alpine:v3.18 busybox | 0 to 1.36.1-r1 | repository main
            ALPINE-XSA-1 aliases XSA-1
              Alpine:v3.18 xen | 0 to 4.11.1-r0 | repository main
            unreadable v3.1/main.json
            ",
        );
    }
}
