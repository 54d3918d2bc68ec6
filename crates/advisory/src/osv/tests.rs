//! Documents in, records out.

use scanyard_package::Severity;

use super::*;
use crate::record::EventKind;

fn record(json: &str) -> Record {
    read(json.as_bytes()).unwrap()
}

#[test]
fn what_is_not_known_is_passed_over() {
    let record = record(
        r#"{"id": "X-1", "modified": "2024-01-01T00:00:00.5Z", "news": [1], "aliases": null,
            "affected": [{"package": {"ecosystem": "npm", "name": "a", "purl": null},
              "ranges": [{"type": "SEMVER", "repo": null, "events": [
                {"introduced": "0"}, {"retracted": "1.0"}, {"fixed": "2.0"}]}],
              "ecosystem_specific": {"anything": {"goes": 1}}}]}"#,
    );
    let kinds: Vec<_> = record.affected[0].ranges[0]
        .events
        .iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, [EventKind::Introduced, EventKind::Fixed]);
    assert_eq!(record.modified.timestamp_subsec_millis(), 500);
}

#[test]
fn git_ranges_are_dropped_but_remembered_when_they_are_all() {
    let entry = |extra: &str| {
        record(&format!(
            r#"{{"id": "X-1", "modified": "2024-01-01T00:00:00Z", "affected": [
                {{"package": {{"ecosystem": "PyPI", "name": "Zope.Interface"}},
                  "ranges": [{{"type": "GIT", "events": [{{"introduced": "0"}}]}}]{extra}}}]}}"#
        ))
        .affected
        .remove(0)
    };
    let only = entry("");
    assert!(only.only_git && only.ranges.is_empty());
    assert_eq!(only.name, "zope-interface");
    assert!(!entry(r#", "versions": ["1.0"]"#).only_git);
}

#[test]
fn releases_under_long_support_are_one_ecosystem() {
    let record = record(
        r#"{"id": "UBUNTU-CVE-1", "modified": "2024-01-01T00:00:00Z",
            "severity": [{"type": "Ubuntu", "score": "medium"}],
            "affected": [{"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "curl"},
              "ecosystem_specific": {"ubuntu_priority": "medium",
                "binaries": [{"binary_name": "libcurl4", "binary_version": "1"}]}}]}"#,
    );
    assert_eq!(record.rating.severity, Severity::Medium);
    let entry = &record.affected[0];
    assert_eq!(entry.ecosystem, "Ubuntu:22.04");
    assert_eq!(entry.urgency.as_deref(), Some("medium"));
    assert_eq!(
        entry.specifics,
        [("binaries".into(), vec!["libcurl4".into()])]
    );
}

fn rated(fields: &str) -> Record {
    record(&format!(
        r#"{{"id": "ALSA-1", "modified": "2024-01-01T00:00:00Z", {fields}}}"#
    ))
}

#[test]
fn the_newest_standard_decides_the_severity() {
    let record = rated(
        r#""severity": [
            {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"},
            {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"},
            {"type": "CVSS_V3", "score": "no vector"}],
           "database_specific": {"severity": "LOW"}"#,
    );
    let scores: Vec<_> = record
        .rating
        .scores
        .iter()
        .map(|score| score.tenths)
        .collect();
    assert_eq!(scores, [100, 53]);
    assert_eq!(record.rating.best, Some(1));
    assert_eq!(record.rating.severity, Severity::Medium);
}

#[test]
fn without_vectors_bare_scores_and_words_decide() {
    let bare = rated(r#""database_specific": {"cvss_v2": 5.8, "cvss_v3": 9.8}"#);
    assert_eq!(bare.rating.severity, Severity::Critical);
    let word = rated(r#""database_specific": {"severity": "MODERATE"}"#);
    assert_eq!(word.rating.severity, Severity::Medium);
    let leading = rated(r#""summary": "Important: kernel security update""#);
    assert_eq!(leading.rating.severity, Severity::High);
    assert_eq!(
        rated(r#""summary": "perl: update""#).rating.severity,
        Severity::Unknown
    );
}

#[test]
fn a_rating_under_affected_becomes_the_records() {
    let affected = |vector: &str| {
        format!(
            r#"{{"package": {{"ecosystem": "Bitnami", "name": "a"}},
                "severity": [{{"type": "CVSS_V3", "score": "{vector}"}}]}}"#
        )
    };
    let high = affected("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let low = affected("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N");
    let record = rated(&format!(r#""affected": [{low}, {high}]"#));
    assert_eq!(record.rating.severity, Severity::Critical);
    let overrides: Vec<_> = record
        .affected
        .iter()
        .map(|entry| entry.rating.is_some())
        .collect();
    assert_eq!(overrides, [true, false]);
}

#[test]
fn what_is_no_record_says_why() {
    let reason = |json: &str| read(json.as_bytes()).unwrap_err().to_string();
    assert!(reason("{").contains("EOF"));
    assert!(reason(r#"{"id": "", "modified": "2024-01-01T00:00:00Z"}"#).contains("no id"));
    assert!(reason(r#"{"id": "X", "modified": "2024-1-1"}"#).contains("modified"));
}
