//! One advisory: what a publisher says about one flaw.

use chrono::{DateTime, Utc};
use scanyard_package::{Ecosystem, Severity};

use super::entry::{Entry, Group};
use super::image::Image;
use super::strings::Strings;
use crate::bytes::{Reader, Stamp};
use crate::compile::advisory_flags as flags;
use crate::record::severity_of_byte;

/// How an advisory names an id, closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// The id is the advisory's own.
    Id,
    /// The id is another name of the same flaw.
    Alias,
    /// The id is of a flaw from which this advisory follows.
    Upstream,
    /// The id is related in a way that the publisher does not tell.
    Related,
}

impl Relation {
    pub(super) fn of_bits(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::Id,
            1 => Self::Alias,
            2 => Self::Upstream,
            _ => Self::Related,
        }
    }
}

/// A CVSS base score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cvss<'a> {
    /// `2.0`, `3.0`, `3.1` or `4.0`; `3` where a bare score does not tell which of them.
    pub version: &'a str,
    /// The vector as published; empty where the publisher gives a bare score.
    pub vector: &'a str,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
}

/// How bad something is, with the scores that say so, as it lies in the file.
#[derive(Clone, Copy, Default)]
pub(super) struct Rating<'a> {
    severity: u8,
    best: u8,
    scores: Reader<'a>,
}

impl<'a> Rating<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self {
            severity: reader.byte()?,
            best: reader.byte()?,
            scores: Reader(reader.bytes()?),
        })
    }

    pub(super) fn severity(self) -> Severity {
        severity_of_byte(self.severity)
    }

    pub(super) fn scores(self, image: &'a Image) -> impl Iterator<Item = Cvss<'a>> {
        let mut rest = self.scores;
        std::iter::from_fn(move || {
            Some(Cvss {
                version: image.text(rest.varint()?),
                vector: image.text(rest.varint()?),
                score: f64::from(rest.byte()?) / 10.0,
            })
        })
    }

    pub(super) fn best(self, image: &'a Image) -> Option<Cvss<'a>> {
        self.scores(image).nth(usize::from(self.best))
    }
}

/// One advisory: what a publisher says about one flaw, or about one set of fixes.
#[derive(Clone)]
pub struct Advisory<'a> {
    image: &'a Image,
    flags: u64,
    id: u64,
    modified: Stamp,
    published: Option<Stamp>,
    withdrawn: Option<Stamp>,
    summary: &'a [u8],
    source: Option<(u64, &'a [u8])>,
    feed: Option<u64>,
    rating: Rating<'a>,
    aliases: &'a [u8],
    upstream: &'a [u8],
    related: &'a [u8],
    entries: Reader<'a>,
}

impl<'a> Advisory<'a> {
    pub(super) fn read(image: &'a Image, number: u64) -> Option<Self> {
        let place = image.word(image.layout.advisory_index, number)?;
        let mut reader = Reader(image.framed(image.layout.advisories, place)?);
        let id = reader.varint()?;
        let flags = reader.varint()?;
        let has = |flag: u64| flags & flag != 0;
        let modified = reader.stamp()?;
        let published = match has(flags::PUBLISHED) {
            true => Some(reader.stamp()?),
            false => None,
        };
        let withdrawn = match has(flags::WITHDRAWN) {
            true => Some(reader.stamp()?),
            false => None,
        };
        let source = match has(flags::SOURCE) {
            true => Some((reader.varint()?, reader.bytes()?)),
            false => None,
        };
        let feed = match has(flags::FEED) {
            true => Some(reader.varint()?),
            false => None,
        };
        Some(Self {
            image,
            flags,
            id,
            modified,
            published,
            withdrawn,
            source,
            feed,
            summary: reader.bytes()?,
            rating: Rating::read(&mut reader)?,
            aliases: reader.bytes()?,
            upstream: reader.bytes()?,
            related: reader.bytes()?,
            entries: reader,
        })
    }

    /// Stands for an advisory that an altered file no longer holds.
    pub(super) fn unreadable(image: &'a Image) -> Self {
        Self {
            image,
            flags: 0,
            id: u64::MAX,
            modified: Stamp::default(),
            published: None,
            withdrawn: None,
            summary: b"",
            source: None,
            feed: None,
            rating: Rating::default(),
            aliases: &[],
            upstream: &[],
            related: &[],
            entries: Reader::default(),
        }
    }

    /// Its own id: `GHSA-...`, `DSA-...`, `ALPINE-CVE-...`.
    pub fn id(&self) -> &'a str {
        self.image.text(self.id)
    }

    /// Other names of the same flaw.
    pub fn aliases(&self) -> Strings<'a> {
        Strings::new(self.image, self.aliases)
    }

    /// The flaws from which it follows: the CVEs of Debian's and Alpine's advisories.
    pub fn upstream(&self) -> Strings<'a> {
        Strings::new(self.image, self.upstream)
    }

    /// Ids that are related in a way not told; the CVEs of AlmaLinux's advisories.
    pub fn related(&self) -> Strings<'a> {
        Strings::new(self.image, self.related)
    }

    /// When the publisher first showed it.
    pub fn published(&self) -> Option<DateTime<Utc>> {
        self.published.map(time)
    }

    /// When it last changed, where its publisher says.
    pub fn modified(&self) -> Option<DateTime<Utc>> {
        Some(time(self.modified)).filter(|modified| *modified != DateTime::UNIX_EPOCH)
    }

    /// When the publisher took it back; such an advisory matches nothing.
    pub fn withdrawn(&self) -> Option<DateTime<Utc>> {
        self.withdrawn.map(time)
    }

    /// Whether the publisher took it back.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }

    /// The publisher's summary, cut at 300 characters; empty where there is none.
    pub fn summary(&self) -> &'a str {
        text(self.summary)
    }

    /// Where the publisher keeps the record it was made from.
    pub fn source(&self) -> Option<String> {
        self.source
            .map(|(folder, name)| self.image.text(folder).to_owned() + text(name))
    }

    /// The feed that it was read from; `None` for a record in the OSV schema.
    pub fn feed(&self) -> Option<&'a str> {
        self.feed.map(|place| self.image.text(place))
    }

    /// How bad the flaw is, by its best score or, failing that, by the publisher's word.
    pub fn severity(&self) -> Severity {
        self.rating.severity()
    }

    /// The score behind the severity.
    pub fn cvss(&self) -> Option<Cvss<'a>> {
        self.rating.best(self.image)
    }

    /// Every score that the publisher gives.
    pub fn scores(&self) -> impl Iterator<Item = Cvss<'a>> + use<'a> {
        self.rating.scores(self.image)
    }

    /// Whether one of its ids is in the catalogue of known exploited vulnerabilities.
    pub fn known_exploited(&self) -> bool {
        self.flags & flags::KNOWN_EXPLOITED != 0
    }

    /// The packages that it speaks of.
    pub fn entries(&self) -> AdvisoryEntries<'a> {
        AdvisoryEntries {
            image: self.image,
            rest: self.entries,
        }
    }
}

/// A database whose digests are right holds no time that is none and no text that is not UTF-8.
fn time(stamp: Stamp) -> DateTime<Utc> {
    stamp.time().unwrap_or(DateTime::UNIX_EPOCH)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The packages that an advisory speaks of.
pub struct AdvisoryEntries<'a> {
    image: &'a Image,
    rest: Reader<'a>,
}

impl<'a> Iterator for AdvisoryEntries<'a> {
    type Item = (Ecosystem, &'a str, Entry<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let group = Group::read(self.image, self.rest.varint()?)?;
        let entry = group.entry_at(self.image, self.rest.varint()?)?;
        let ecosystem = Ecosystem::new(self.image.text(group.ecosystem));
        Some((ecosystem, self.image.text(group.name), entry))
    }
}
