//! The security databases of Wolfi and Chainguard, which also tell what never was affected.

use super::SourceError;
use super::collect::{Collector, write_unreadable};
use super::feed::{Content, Feed, Listing, only};
use super::feed_file::FeedFile;
use super::secdb::Secdb;
use crate::record::file::RecordWriter;

pub(super) const WOLFI: Feed = Feed {
    name: "wolfi",
    address: "https://packages.wolfi.dev/os",
    listing: Listing::Files(&["security.json"]),
    content: Content::Records(|files, writer| read(files, writer, "wolfi", "WOLFI", "Wolfi")),
};

pub(super) const CHAINGUARD: Feed = Feed {
    name: "chainguard",
    address: "https://packages.cgr.dev/chainguard",
    listing: Listing::Files(&["security.json"]),
    content: Content::Records(|files, writer| {
        read(files, writer, "chainguard", "CHAINGUARD", "Chainguard")
    }),
};

fn read(
    files: &[FeedFile],
    writer: &mut RecordWriter,
    feed: &'static str,
    prefix: &str,
    ecosystem: &str,
) -> Result<(), SourceError> {
    let json = only(files)?.read().map_err(SourceError::Read)?;
    let mut collector = Collector::new(feed);
    match serde_json::from_slice::<Secdb>(&json) {
        Ok(document) => document.collect(prefix, ecosystem, &mut collector),
        Err(error) => write_unreadable(feed, error, writer)?,
    }
    collector.write(writer)
}

#[cfg(test)]
mod tests {
    use crate::source::tests::check_records;

    #[test]
    fn a_rolling_distro_has_one_release() {
        let json = r#"{"apkurl": "", "archs": ["x86_64"], "reponame": "os", "urlprefix": "https://packages.wolfi.dev",
            "packages": [{"pkg": {"name": "coreutils", "secfixes": {"0": ["CVE-2016-2781", "GHSA-jq35-85cj-fj4p"]}}},
              {"pkg": {"name": "zlib", "secfixes": {"1.2.12-r3": ["CVE-2022-37434"]}}}]}"#;
        check_records(
            super::WOLFI.content,
            &[("security.json", json)],
            "
            WOLFI-CVE-2016-2781 upstream CVE-2016-2781
              Wolfi coreutils | not affected | repository os
            WOLFI-CVE-2022-37434 upstream CVE-2022-37434
              Wolfi zlib | 0 to 1.2.12-r3 | repository os
            WOLFI-GHSA-jq35-85cj-fj4p aliases GHSA-jq35-85cj-fj4p
              Wolfi coreutils | not affected | repository os
            ",
        );
    }
}
