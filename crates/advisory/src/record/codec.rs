//! Records as bytes, each by itself: strings in place, so that records can be kept and moved.

use scanyard_package::Severity;

use super::{Affected, Event, EventKind, Range, Rating, Record, Score};
use super::{byte_of_severity, severity_of_byte};
use crate::bytes::{Put, Reader};
use crate::disposition::Disposition;

impl Record {
    /// Appends the record. Id and modified come first: an index needs nothing more.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_bytes(self.id.as_bytes());
        out.put_time(self.modified);
        self.encode_rest_of_header(out);
        out.put_varint(self.affected.len() as u64);
        for affected in &self.affected {
            affected.encode(out);
        }
    }

    /// Appends what belongs to the record as a whole, but for id and modified.
    pub(crate) fn encode_rest_of_header(&self, out: &mut Vec<u8>) {
        for time in [self.published, self.withdrawn] {
            put_option(out, time, Vec::put_time);
        }
        out.put_bytes(self.summary.as_bytes());
        put_option(out, self.source.as_deref(), put_text);
        out.put_bytes(self.feed.as_bytes());
        for list in [&self.aliases, &self.upstream, &self.related] {
            put_texts(out, list);
        }
        self.rating.encode(out);
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        Some(Self {
            id: reader.text()?.to_owned(),
            modified: reader.time()?,
            published: option(&mut reader, Reader::time)?,
            withdrawn: option(&mut reader, Reader::time)?,
            summary: reader.text()?.to_owned(),
            source: option(&mut reader, text)?,
            feed: text(&mut reader)?,
            aliases: list(&mut reader, text)?,
            upstream: list(&mut reader, text)?,
            related: list(&mut reader, text)?,
            rating: Rating::decode(&mut reader)?,
            affected: list(&mut reader, Affected::decode)?,
        })
    }
}

impl Rating {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(byte_of_severity(self.severity));
        put_option(out, self.best, |out, best| out.push(best));
        out.put_varint(self.scores.len() as u64);
        for score in &self.scores {
            out.put_bytes(score.version.as_bytes());
            out.put_bytes(score.vector.as_bytes());
            out.push(score.tenths);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let severity: Severity = severity_of_byte(reader.byte()?);
        Some(Self {
            severity,
            best: option(reader, Reader::byte)?,
            scores: list(reader, |reader| {
                Some(Score {
                    version: text(reader)?,
                    vector: text(reader)?,
                    tenths: reader.byte()?,
                })
            })?,
        })
    }
}

impl Affected {
    /// Appends everything but ecosystem and name.
    pub(crate) fn encode_content(&self, out: &mut Vec<u8>) {
        for ranges in [&self.ranges, &self.custom_ranges] {
            out.put_varint(ranges.len() as u64);
            ranges.iter().for_each(|range| range.encode(out));
        }
        put_texts(out, &self.versions);
        out.push(u8::from(self.only_git));
        put_option(out, self.urgency.as_deref(), put_text);
        out.push(self.disposition.map_or(0, Disposition::byte));
        put_option(out, self.rating.as_ref(), |out, rating| rating.encode(out));
        out.put_varint(self.specifics.len() as u64);
        for (name, values) in &self.specifics {
            out.put_bytes(name.as_bytes());
            put_texts(out, values);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.put_bytes(self.ecosystem.as_bytes());
        out.put_bytes(self.name.as_bytes());
        self.encode_content(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            ecosystem: text(reader)?,
            name: text(reader)?,
            ranges: list(reader, Range::decode)?,
            custom_ranges: list(reader, Range::decode)?,
            versions: list(reader, text)?,
            only_git: reader.byte()? != 0,
            urgency: option(reader, text)?,
            disposition: Disposition::of_byte(reader.byte()?),
            rating: option(reader, Rating::decode)?,
            specifics: list(reader, |reader| Some((text(reader)?, list(reader, text)?)))?,
        })
    }
}

impl Range {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.semver));
        out.put_varint(self.events.len() as u64);
        for event in &self.events {
            out.push(event.kind as u8);
            out.put_bytes(event.version.as_bytes());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            semver: reader.byte()? != 0,
            events: list(reader, |reader| {
                Some(Event {
                    kind: match reader.byte()? {
                        0 => EventKind::Introduced,
                        1 => EventKind::Fixed,
                        2 => EventKind::LastAffected,
                        3 => EventKind::Limit,
                        _ => return None,
                    },
                    version: text(reader)?,
                })
            })?,
        })
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_bytes(text.as_bytes());
}

fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    out.put_varint(texts.len() as u64);
    texts.iter().for_each(|text| put_text(out, text));
}

fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

fn text(reader: &mut Reader<'_>) -> Option<String> {
    reader.text().map(str::to_owned)
}

/// The outer `None` is damage, the inner one an absent value.
fn option<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match reader.byte()? {
        0 => Some(None),
        _ => read(reader).map(Some),
    }
}

/// The count is only a count: memory grows with what is really there.
fn list<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    (0..reader.varint()?).map(|_| read(reader)).collect()
}
