//! What a revision of the database says about itself.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use crate::bytes::{Put, Reader};
use crate::database::layout::FORMAT;

/// What a revision of the database says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Names the revision: a SHA-256 that covers every byte of the content.
    pub revision: Digest,
    /// When the newest record was modified; `None` in a database without records.
    pub date: Option<DateTime<Utc>>,
    /// Different records, withdrawn ones included.
    pub records: u64,
    /// Records that their publisher withdrew.
    pub withdrawn: u64,
    /// Records that could not be read and are therefore not here.
    pub unreadable: u64,
    /// Entries: affected packages over all records.
    pub entries: u64,
    /// Ecosystems by full name (`Debian:12`, `npm`) with the records that name them, in order.
    pub ecosystems: Vec<(String, u64)>,
    /// The databases that the records come from, in order.
    pub sources: Vec<SourceInfo>,
    /// The feeds that the records were read from, in order; `osv` for those in the OSV schema.
    pub feeds: Vec<SourceInfo>,
    /// The catalogue of known exploited vulnerabilities, where one was given.
    pub known_exploited: Option<EnrichmentInfo>,
    /// The exploit prediction scores, where they were given.
    pub epss: Option<EnrichmentInfo>,
    /// The ends of distros' releases, where they were given.
    pub lifecycles: Option<EnrichmentInfo>,
    /// The number of the file format.
    pub format: u32,
    /// The length of the file.
    pub bytes: u64,
}

/// One database or feed that records come from: `GHSA`, `PYSEC`, `DSA`, `alpine-secdb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// The prefix of its records' ids, or the feed's name.
    pub name: String,
    /// How many records are its.
    pub records: u64,
    /// When its newest record was modified; the epoch where none says.
    pub newest: DateTime<Utc>,
}

/// What a source of facts beside advisories gave: exploitation, ends of support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichmentInfo {
    /// How many facts.
    pub entries: u64,
    /// Its version or day as its publisher writes it; empty where it does not.
    pub version: String,
}

impl EnrichmentInfo {
    fn encode(info: Option<&Self>, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(info.is_some()));
        if let Some(info) = info {
            bytes.put_varint(info.entries);
            bytes.put_bytes(info.version.as_bytes());
        }
    }

    /// The outer `None` is damage, the inner one an absent source.
    fn decode(reader: &mut Reader<'_>) -> Option<Option<Self>> {
        if reader.byte()? == 0 {
            return Some(None);
        }
        Some(Some(Self {
            entries: reader.varint()?,
            version: reader.text()?.to_owned(),
        }))
    }
}

impl SourceInfo {
    fn encode(sources: &[Self], bytes: &mut Vec<u8>) {
        bytes.put_varint(sources.len() as u64);
        for source in sources {
            bytes.put_bytes(source.name.as_bytes());
            bytes.put_varint(source.records);
            bytes.put_time(source.newest);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Vec<Self>> {
        let mut sources = Vec::new();
        for _ in 0..reader.varint()? {
            sources.push(Self {
                name: reader.text()?.to_owned(),
                records: reader.varint()?,
                newest: reader.time()?,
            });
        }
        Some(sources)
    }
}

impl Info {
    /// The bytes in the file; what the header says is not repeated.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for count in [self.records, self.withdrawn, self.unreadable, self.entries] {
            bytes.put_varint(count);
        }
        bytes.put_varint(self.ecosystems.len() as u64);
        for (name, records) in &self.ecosystems {
            bytes.put_bytes(name.as_bytes());
            bytes.put_varint(*records);
        }
        SourceInfo::encode(&self.sources, &mut bytes);
        SourceInfo::encode(&self.feeds, &mut bytes);
        for facts in [&self.known_exploited, &self.epss, &self.lifecycles] {
            EnrichmentInfo::encode(facts.as_ref(), &mut bytes);
        }
        bytes
    }

    /// Reads what [`Info::encode`] wrote; revision and length are the header's.
    pub(crate) fn decode(bytes: &[u8], revision: Digest, length: u64) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut info = Self {
            revision,
            date: None,
            records: reader.varint()?,
            withdrawn: reader.varint()?,
            unreadable: reader.varint()?,
            entries: reader.varint()?,
            ecosystems: Vec::new(),
            sources: Vec::new(),
            feeds: Vec::new(),
            known_exploited: None,
            epss: None,
            lifecycles: None,
            format: FORMAT,
            bytes: length,
        };
        for _ in 0..reader.varint()? {
            let name = reader.text()?.to_owned();
            info.ecosystems.push((name, reader.varint()?));
        }
        info.sources = SourceInfo::decode(&mut reader)?;
        info.feeds = SourceInfo::decode(&mut reader)?;
        info.known_exploited = EnrichmentInfo::decode(&mut reader)?;
        info.epss = EnrichmentInfo::decode(&mut reader)?;
        info.lifecycles = EnrichmentInfo::decode(&mut reader)?;
        info.date = info
            .feeds
            .iter()
            .map(|source| source.newest)
            .max()
            .filter(|newest| *newest != DateTime::UNIX_EPOCH);
        Some(info)
    }
}
