//! Waivers: risks that somebody accepts for a while.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use scanyard_package::matches_name;
use serde::{Deserialize, Serialize};

use crate::purl::PurlPattern;
use crate::scope::Scope;

/// Largest file of waivers, in bytes.
pub const MAX_WAIVER_FILE: usize = 8 << 20;
/// Most waivers that hold at the same time.
pub const MAX_WAIVERS: usize = 10_000;
const MAX_TEXT: usize = 4096;
const MAX_WORD: usize = 512;

/// A finding that does not count for a while, because somebody answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its id.
    pub id: String,
    /// The vulnerability, by any of its ids.
    pub vulnerability: String,
    /// The packages; any without.
    pub package: Option<PackagePattern>,
    /// The images.
    pub scope: Scope,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    pub expires: DateTime<Utc>,
    /// Who made it, where somebody else keeps it.
    pub created_by: Option<String>,
}

/// A purl, of all versions unless it has one, or a pattern of purls without qualifiers, with stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackagePattern {
    /// A purl.
    Purl(PurlPattern),
    /// A pattern.
    Stars(String),
}

/// Why something is no waiver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .waiver.as_ref().map(|id| format!("waiver {id:?}: ")).unwrap_or_default())]
pub struct InvalidWaiver {
    /// Which.
    pub waiver: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// A waiver as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverDocument {
    /// Its id; made up where the store keeps it.
    #[serde(default)]
    pub id: Option<String>,
    /// The vulnerability, by any of its ids.
    pub vulnerability: String,
    /// The packages, as purl or pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The images.
    #[serde(default)]
    pub scope: Scope,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when: a day, whose end is meant, or a time of RFC 3339.
    pub expires: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl WaiverDocument {
    /// Checks everything that could be wrong with it. `id` names it where it does not say itself.
    pub fn read(self, id: Option<&str>) -> Result<Waiver, InvalidWaiver> {
        let id = self.id.or_else(|| id.map(str::to_owned));
        let wrong = |message: &str| InvalidWaiver {
            waiver: id.clone(),
            message: message.to_owned(),
        };
        let word = |text: &str| (1..=MAX_WORD).contains(&text.trim().len());
        if !word(&self.vulnerability) {
            return Err(wrong("`vulnerability` is the id of one"));
        }
        if self.reason.trim().is_empty() || self.reason.len() > MAX_TEXT {
            return Err(wrong(
                "`reason` says in at most 4096 bytes why the risk is accepted",
            ));
        }
        if !word(&self.owner) {
            return Err(wrong("`owner` says who answers for it"));
        }
        self.scope.check().map_err(wrong)?;
        let package = self
            .package
            .as_deref()
            .map(PackagePattern::parse)
            .transpose()
            .map_err(wrong)?;
        let expires = read_end(&self.expires)
            .ok_or_else(|| wrong("`expires` is a day such as 2026-12-31, or a time of RFC 3339"))?;
        let Some(id) = id.clone().filter(|id| word(id)) else {
            return Err(wrong("`id` names the waiver"));
        };
        Ok(Waiver {
            id,
            vulnerability: self.vulnerability,
            package,
            scope: self.scope,
            reason: self.reason,
            owner: self.owner,
            expires,
            created_by: self.created_by,
        })
    }
}

impl Waiver {
    /// Whether it is over.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires <= now
    }

    /// Reads a file of waivers: `waivers: [...]`, YAML or JSON.
    pub fn parse_file(text: &str) -> Result<Vec<Waiver>, InvalidWaiver> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            waivers: Vec<WaiverDocument>,
        }
        let wrong = |message: String| InvalidWaiver {
            waiver: None,
            message,
        };
        if text.len() > MAX_WAIVER_FILE {
            return Err(wrong(format!(
                "a file of waivers has at most {} MiB",
                MAX_WAIVER_FILE >> 20
            )));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_aliases: 100,
                max_anchors: 100,
                max_documents: 1,
                max_depth: 16,
                max_events: 1_000_000,
                max_nodes: 500_000,
            },
            with_snippet: false,
        };
        let file: File = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| wrong(error.to_string()))?;
        if file.waivers.len() > MAX_WAIVERS {
            return Err(wrong(format!("there are at most {MAX_WAIVERS} waivers")));
        }
        let mut ids = HashSet::new();
        let mut waivers = Vec::with_capacity(file.waivers.len());
        for (index, document) in file.waivers.into_iter().enumerate() {
            let waiver = document.read(Some(&format!("waiver-{}", index + 1)))?;
            if !ids.insert(waiver.id.clone()) {
                return Err(InvalidWaiver {
                    waiver: Some(waiver.id),
                    message: "another waiver has this id too".to_owned(),
                });
            }
            waivers.push(waiver);
        }
        Ok(waivers)
    }
}

impl PackagePattern {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "`package` is a purl, or a pattern of purls such as pkg:npm/@team/*";
        if text.len() > MAX_WORD || !text.starts_with("pkg:") {
            return Err(WRONG);
        }
        if text.contains('*') {
            return Ok(Self::Stars(text.to_owned()));
        }
        PurlPattern::parse(text).map(Self::Purl).ok_or(WRONG)
    }

    /// Whether a package is meant.
    pub fn matches(&self, purl: &str) -> bool {
        match self {
            Self::Purl(pattern) => {
                PurlPattern::parse(purl).is_some_and(|purl| pattern.covers(&purl))
            }
            Self::Stars(pattern) => {
                let bare = purl.split(['?', '#']).next().unwrap_or_default();
                let plain = bare.replace("%40", "@");
                [bare, &plain].into_iter().any(|purl| {
                    let unversioned = purl.rsplit_once('@').map_or(purl, |(name, _)| name);
                    matches_name(pattern, purl) || matches_name(pattern, unversioned)
                })
            }
        }
    }
}

/// The moment from which it holds no more.
fn read_end(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.succ_opt()?.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(waiver: &str) -> String {
        format!("waivers:\n- {}\n", waiver.replace('\n', "\n  "))
    }

    const GOOD: &str =
        "vulnerability: CVE-2024-1\nreason: not reachable\nowner: team-a\nexpires: 2026-12-31";

    #[test]
    fn a_day_holds_until_its_end() {
        let waivers = Waiver::parse_file(&file(GOOD)).unwrap();
        assert_eq!(waivers[0].id, "waiver-1");
        assert!(!waivers[0].has_expired("2026-12-31T23:59:59Z".parse().unwrap()));
        assert!(waivers[0].has_expired("2027-01-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_lacks_something_is_refused_by_name() {
        for (waiver, part) in [
            (GOOD.replace("not reachable", "''"), "`reason`"),
            (GOOD.replace("team-a", "''"), "`owner`"),
            (GOOD.replace("2026-12-31", "soon"), "`expires`"),
            (GOOD.replace("CVE-2024-1", "''"), "`vulnerability`"),
            (format!("{GOOD}\npackage: lodash"), "`package`"),
            (format!("{GOOD}\npackages: a"), "packages"),
            (GOOD.replace("owner: team-a\n", ""), "owner"),
        ] {
            let error = Waiver::parse_file(&file(&waiver)).unwrap_err().to_string();
            assert!(error.contains(part), "{waiver}: {error}");
        }
        let twice = format!(
            "waivers:\n- {{id: a, {0}}}\n- {{id: a, {0}}}\n",
            GOOD.replace('\n', ", ")
        );
        assert!(
            Waiver::parse_file(&twice)
                .unwrap_err()
                .to_string()
                .contains("another")
        );
    }

    #[test]
    fn packages_are_meant_by_purl_or_by_pattern() {
        let cases = [
            ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.19", "pkg:npm/lodash@4.17.20", false),
            ("pkg:npm/lodash", "pkg:npm/lodash-es@4.17.20", false),
            ("pkg:npm/lodash*", "pkg:npm/lodash-es@4.17.20", true),
            ("pkg:npm/@babel/*", "pkg:npm/%40babel/core@7.0.0", true),
            (
                "pkg:deb/debian/*",
                "pkg:deb/debian/openssl@3.0?arch=amd64",
                true,
            ),
            (
                "pkg:deb/debian/openssl",
                "pkg:deb/debian/openssl@3.0?arch=amd64",
                true,
            ),
            (
                "pkg:deb/debian/openssl?arch=arm64",
                "pkg:deb/debian/openssl@3.0?arch=amd64",
                false,
            ),
            ("pkg:deb/*", "pkg:deb/debian/openssl@3.0", false),
            ("pkg:deb/**", "pkg:deb/debian/openssl@3.0", true),
        ];
        for (pattern, purl, matches) in cases {
            let pattern = PackagePattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(purl), matches, "{pattern:?} {purl}");
        }
    }
}
