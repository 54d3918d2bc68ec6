//! The encoding of advisories and entries in the file: strings by their place in the pool.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{advisory_flags, entry_flags};
use crate::bytes::Put;
use crate::compile::pool::Pool;
use crate::disposition::Disposition;
use crate::enrichment::{Epss, Lifecycles};
use crate::record::{Affected, Range, Rating, Record, byte_of_severity};

/// Stands where no score decided.
const NO_SCORE: u8 = u8::MAX;

/// The pools that encoded parts refer to.
#[derive(Default)]
pub(super) struct Pools {
    pub(super) strings: Pool,
    pub(super) lists: Pool,
}

impl Pools {
    pub(super) fn string(&mut self, text: &str) -> u64 {
        self.strings.place(text.as_bytes())
    }

    fn strings(&mut self, texts: &[String]) -> Vec<u8> {
        let mut places = Vec::new();
        for text in texts {
            places.put_varint(self.string(text));
        }
        places
    }

    fn list(&mut self, texts: &[String]) -> u64 {
        let places = self.strings(texts);
        self.lists.place(&places)
    }

    /// An advisory without its entries, which come last and are not known yet.
    pub(super) fn advisory(&mut self, record: &Record, known_exploited: bool) -> Vec<u8> {
        use advisory_flags::{FEED, KNOWN_EXPLOITED, PUBLISHED, SOURCE, WITHDRAWN};
        let mut out = Vec::with_capacity(256);
        out.put_varint(self.string(&record.id));
        out.put_varint(
            flag(PUBLISHED, record.published.is_some())
                | flag(WITHDRAWN, record.withdrawn.is_some())
                | flag(SOURCE, record.source.is_some())
                | flag(KNOWN_EXPLOITED, known_exploited)
                | flag(FEED, !record.feed.is_empty()),
        );
        out.put_time(record.modified);
        for time in [record.published, record.withdrawn].into_iter().flatten() {
            out.put_time(time);
        }
        if let Some(source) = &record.source {
            // Thousands of records lie in one folder: its name is stored once.
            let (folder, name) = source.split_at(source.rfind('/').map_or(0, |slash| slash + 1));
            out.put_varint(self.string(folder));
            out.put_bytes(name.as_bytes());
        }
        if !record.feed.is_empty() {
            out.put_varint(self.string(&record.feed));
        }
        out.put_bytes(record.summary.as_bytes());
        self.rating(&record.rating, &mut out);
        for list in [&record.aliases, &record.upstream, &record.related] {
            out.put_bytes(&self.strings(list));
        }
        out
    }

    pub(super) fn entry(&mut self, advisory: u64, entry: &Affected) -> Vec<u8> {
        use entry_flags::{CUSTOM_RANGES, DISPOSITION, ONLY_GIT, RATING, URGENCY, VERSIONS};
        let mut out = Vec::with_capacity(64);
        out.put_varint(advisory);
        out.put_varint(
            flag(VERSIONS, !entry.versions.is_empty())
                | flag(RATING, entry.rating.is_some())
                | flag(URGENCY, entry.urgency.is_some())
                | flag(ONLY_GIT, entry.only_git)
                | flag(CUSTOM_RANGES, !entry.custom_ranges.is_empty())
                | flag(DISPOSITION, entry.disposition.is_some()),
        );
        if !entry.versions.is_empty() {
            out.put_varint(self.list(&entry.versions));
        }
        if let Some(rating) = &entry.rating {
            self.rating(rating, &mut out);
        }
        if let Some(urgency) = &entry.urgency {
            out.put_varint(self.string(urgency));
        }
        out.extend(entry.disposition.map(Disposition::byte));
        out.put_bytes(&self.ranges(&entry.ranges));
        if !entry.custom_ranges.is_empty() {
            out.put_bytes(&self.ranges(&entry.custom_ranges));
        }
        for (name, values) in &entry.specifics {
            out.put_varint(self.string(name));
            out.put_varint(self.list(values));
        }
        out
    }

    fn ranges(&mut self, ranges: &[Range]) -> Vec<u8> {
        let mut out = Vec::new();
        for range in ranges {
            let mut bytes = vec![u8::from(range.semver)];
            for event in &range.events {
                bytes.put_varint(self.string(&event.version) << 2 | event.kind as u64);
            }
            out.put_bytes(&bytes);
        }
        out
    }

    fn rating(&mut self, rating: &Rating, out: &mut Vec<u8>) {
        out.push(byte_of_severity(rating.severity));
        out.push(rating.best.unwrap_or(NO_SCORE));
        let mut scores = Vec::new();
        for score in &rating.scores {
            scores.put_varint(self.string(&score.version));
            scores.put_varint(self.string(&score.vector));
            scores.push(score.tenths);
        }
        out.put_bytes(&scores);
    }
}

/// The scores in order of the CVEs, sixteen bytes each.
pub(super) fn epss_rows(epss: &Epss) -> Vec<u8> {
    let mut out = Vec::with_capacity(epss.rows.len() * 16);
    for (key, (score, percentile)) in &epss.rows {
        out.extend_from_slice(&key.to_le_bytes());
        out.extend_from_slice(&score.to_le_bytes());
        out.extend_from_slice(&percentile.to_le_bytes());
    }
    out
}

/// The ends of releases, strings in place: they are few.
pub(super) fn lifecycles(lifecycles: &Lifecycles) -> Vec<u8> {
    let mut out = Vec::new();
    for end in &lifecycles.releases {
        out.put_bytes(end.product.as_bytes());
        out.put_bytes(end.release.as_bytes());
        out.put_time(midnight(end.end));
        out.push(u8::from(end.extended_end.is_some()));
        if let Some(extended) = end.extended_end {
            out.put_time(midnight(extended));
        }
    }
    out
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

fn flag(bit: u64, set: bool) -> u64 {
    if set { bit } else { 0 }
}
