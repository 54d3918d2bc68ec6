//! Two records of one id: a distro's own feed knows statements, the OSV export scores and dates.

use std::collections::HashSet;

use chrono::DateTime;

use super::{Affected, Rating, Record};

impl Record {
    /// Adds what another record of the same id says of what this one does not speak of.
    ///
    /// Of a package that both speak of, this record's statement holds; the other's rating and
    /// urgency stay where this one has none.
    pub(crate) fn complete_with(&mut self, other: Record) {
        if self.modified == DateTime::UNIX_EPOCH {
            self.modified = other.modified;
        }
        self.published = self.published.or(other.published);
        if self.summary.is_empty() {
            self.summary = other.summary;
        }
        if self.rating == Rating::default() {
            self.rating = other.rating;
        }
        self.source = self.source.take().or(other.source);
        unite(&mut self.aliases, other.aliases);
        unite(&mut self.upstream, other.upstream);
        unite(&mut self.related, other.related);
        if other.withdrawn.is_none() {
            self.complete_entries(other.affected);
        }
    }

    fn complete_entries(&mut self, others: Vec<Affected>) {
        let known: HashSet<(String, String)> = self
            .affected
            .iter()
            .map(|entry| (entry.ecosystem.clone(), entry.name.clone()))
            .collect();
        for other in others {
            let key = (other.ecosystem.clone(), other.name.clone());
            if !known.contains(&key) {
                self.affected.push(other);
                continue;
            }
            let same = |entry: &&mut Affected| {
                entry.ecosystem == other.ecosystem && entry.name == other.name
            };
            for entry in self.affected.iter_mut().filter(same) {
                entry.urgency = entry.urgency.take().or_else(|| other.urgency.clone());
                entry.rating = entry.rating.take().or_else(|| other.rating.clone());
            }
        }
    }
}

fn unite(ids: &mut Vec<String>, others: Vec<String>) {
    for other in others {
        if !ids.contains(&other) {
            ids.push(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disposition::Disposition;
    use crate::record::{Event, EventKind, Range};

    fn record(feed: &str, affected: Vec<Affected>) -> Record {
        Record {
            id: "DEBIAN-CVE-2024-1".into(),
            modified: DateTime::UNIX_EPOCH,
            published: None,
            withdrawn: None,
            summary: String::new(),
            source: None,
            feed: feed.into(),
            aliases: Vec::new(),
            upstream: vec!["CVE-2024-1".into()],
            related: Vec::new(),
            rating: Rating::default(),
            affected,
        }
    }

    fn entry(ecosystem: &str, fixed: Option<&str>, disposition: Option<Disposition>) -> Affected {
        let fixed = fixed.map(|version| Event {
            kind: EventKind::Fixed,
            version: version.into(),
        });
        Affected {
            ecosystem: ecosystem.into(),
            name: "zlib".into(),
            ranges: vec![Range {
                semver: false,
                events: fixed.into_iter().collect(),
            }],
            disposition,
            ..Affected::default()
        }
    }

    #[test]
    fn the_feed_prevails_where_both_speak_and_the_rest_is_kept() {
        let mut own = record(
            "debian-tracker",
            vec![entry("Debian:12", None, Some(Disposition::NotAffected))],
        );
        let mut other = record(
            "",
            vec![
                entry("Debian:12", Some("1.3"), None),
                entry("Debian:9", Some("1.2"), None),
            ],
        );
        other.summary = "Overflow".into();
        other.affected[0].urgency = Some("low".into());
        own.complete_with(other);
        assert_eq!(own.summary, "Overflow");
        assert_eq!(own.affected.len(), 2);
        assert_eq!(own.affected[0].disposition, Some(Disposition::NotAffected));
        assert_eq!(own.affected[0].urgency.as_deref(), Some("low"));
        assert_eq!(own.affected[1].ecosystem, "Debian:9");
        assert_eq!(own.upstream, ["CVE-2024-1"]);
    }
}
