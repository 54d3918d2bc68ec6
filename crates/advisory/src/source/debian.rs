//! Debian's security tracker: the state of every CVE in every release, with what was decided.
//!
//! The OSV export of it leaves out sid, what was never affected, and why something stays unfixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::SourceError;
use super::collect::{Collector, affected_before, summary, write_unreadable};
use super::feed::{Content, Feed, Listing, only};
use super::feed_file::FeedFile;
use crate::disposition::Disposition;
use crate::record::Affected;
use crate::record::file::RecordWriter;

pub(super) const FEED: Feed = Feed {
    name: "debian",
    address: "https://security-tracker.debian.org/tracker/data",
    listing: Listing::Files(&["json"]),
    content: Content::Records(read),
};

/// Releases by their code names, which is how the tracker writes them. One that is not here keeps
/// its code name.
const RELEASES: [(&str, &str); 10] = [
    ("squeeze", "6.0"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    description: Option<String>,
    /// An issue without releases has an empty list in place of a map.
    #[serde(default, deserialize_with = "map_or_nothing")]
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    status: String,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    nodsa_reason: Option<String>,
}

fn map_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Release>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(BTreeMap<String, Release>),
        Nothing([(); 0]),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Map(releases) => releases,
        Either::Nothing([]) => BTreeMap::new(),
    })
}

fn read(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let json = only(files)?.read().map_err(SourceError::Read)?;
    let packages: BTreeMap<String, &RawValue> =
        serde_json::from_slice(&json).map_err(|error| SourceError::Format(error.to_string()))?;
    let mut collector = Collector::new(FEED.name);
    for (package, issues) in packages {
        match serde_json::from_str::<BTreeMap<String, Issue>>(issues.get()) {
            Ok(issues) => {
                for (id, issue) in issues {
                    collect(&package, &id, issue, &mut collector);
                }
            }
            Err(error) => write_unreadable(&package, error, writer)?,
        }
    }
    collector.write(writer)
}

fn collect(package: &str, id: &str, issue: Issue, collector: &mut Collector) {
    let record = collector.record(&format!("DEBIAN-{id}"));
    if id.starts_with("CVE-") && record.upstream.is_empty() {
        record.upstream.push(id.to_owned());
    }
    if let (true, Some(description)) = (record.summary.is_empty(), &issue.description) {
        record.summary = summary(description);
    }
    let entries = issue.releases.into_iter();
    record
        .affected
        .extend(entries.map(|(release, state)| entry(package, &release, state)));
}

fn entry(package: &str, release: &str, state: Release) -> Affected {
    let number = RELEASES.iter().find(|(name, _)| *name == release);
    let ecosystem = format!("Debian:{}", number.map_or(release, |(_, number)| number));
    let fixed = state
        .fixed_version
        .as_deref()
        .filter(|_| state.status == "resolved");
    let disposition = match (state.status.as_str(), fixed) {
        ("resolved", Some("0")) => Some(Disposition::NotAffected),
        ("undetermined", _) => Some(Disposition::UnderInvestigation),
        ("open", _) => undecided(&state),
        _ => None,
    };
    let ranges = match disposition {
        Some(Disposition::NotAffected | Disposition::UnderInvestigation) => Vec::new(),
        _ => affected_before(&ecosystem, package, fixed).ranges,
    };
    Affected {
        ecosystem,
        name: package.to_owned(),
        ranges,
        urgency: state.urgency,
        disposition,
        ..Affected::default()
    }
}

/// Why something open gets no security update, where that was decided.
fn undecided(state: &Release) -> Option<Disposition> {
    if state.urgency.as_deref() == Some("end-of-life") {
        return Some(Disposition::EndOfLife);
    }
    match state.nodsa_reason.as_deref() {
        Some("ignored") => Some(Disposition::WillNotFix),
        Some("postponed") => Some(Disposition::FixDeferred),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::source::tests::check_records;

    #[test]
    fn every_state_of_the_tracker_has_its_meaning() {
        let json = r#"{"zlib": {"CVE-2022-37434": {"scope": "remote", "debianbug": 1016710, "description": "zlib overflow",
              "releases": {
                "bullseye": {"status": "resolved", "repositories": {"bullseye": "1:1.2.11.dfsg-2+deb11u2"},
                  "fixed_version": "1:1.2.11.dfsg-2+deb11u2", "urgency": "not yet assigned"},
                "buster": {"status": "open", "repositories": {"buster": "1:1.2.11.dfsg-1"}, "urgency": "end-of-life"},
                "sid": {"status": "resolved", "fixed_version": "0", "urgency": "unimportant"}}},
            "CVE-2023-6992": {"releases": {
                "bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "ignored"},
                "trixie": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "postponed"},
                "forky": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": ""},
                "sid": {"status": "undetermined", "urgency": "not yet assigned"}}}},
          "chromium-browser": {"CVE-2022-0358": {"releases": []}, "TEMP-0000-1": {"releases": {
                "newest": {"status": "open"}}}},
          "broken": {"CVE-1": 7}}"#;
        check_records(
            super::FEED.content,
            &[("json", json)],
            "
            DEBIAN-CVE-2022-0358 upstream CVE-2022-0358
            DEBIAN-CVE-2022-37434 upstream CVE-2022-37434 summary zlib overflow
              Debian:11 zlib | 0 to 1:1.2.11.dfsg-2+deb11u2 | urgency not yet assigned
              Debian:10 zlib | 0 on | urgency end-of-life | end of life
              Debian:sid zlib | urgency unimportant | not affected
            DEBIAN-CVE-2023-6992 upstream CVE-2023-6992
              Debian:12 zlib | 0 on | urgency low | will not fix
              Debian:14 zlib | 0 on | urgency low
              Debian:sid zlib | urgency not yet assigned | under investigation
              Debian:13 zlib | 0 on | urgency low | fix deferred
            DEBIAN-TEMP-0000-1
              Debian:newest chromium-browser | 0 on
            unreadable broken
            ",
        );
    }
}
