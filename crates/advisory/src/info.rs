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
    /// The catalogue of known exploited vulnerabilities, where one was given.
    pub known_exploited: Option<KnownExploitedInfo>,
    /// The number of the file format.
    pub format: u32,
    /// The length of the file.
    pub bytes: u64,
}

/// One database that records come from: `GHSA`, `PYSEC`, `DSA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// The prefix of its records' ids.
    pub name: String,
    /// How many records are its.
    pub records: u64,
    /// When its newest record was modified.
    pub newest: DateTime<Utc>,
}

/// The catalogue of known exploited vulnerabilities that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownExploitedInfo {
    /// Vulnerabilities in it.
    pub vulnerabilities: u64,
    /// Its version as its publisher writes it.
    pub version: String,
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
        bytes.put_varint(self.sources.len() as u64);
        for source in &self.sources {
            bytes.put_bytes(source.name.as_bytes());
            bytes.put_varint(source.records);
            bytes.put_time(source.newest);
        }
        if let Some(catalogue) = &self.known_exploited {
            bytes.put_varint(catalogue.vulnerabilities);
            bytes.put_bytes(catalogue.version.as_bytes());
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
            known_exploited: None,
            format: FORMAT,
            bytes: length,
        };
        for _ in 0..reader.varint()? {
            let name = reader.text()?.to_owned();
            info.ecosystems.push((name, reader.varint()?));
        }
        for _ in 0..reader.varint()? {
            info.sources.push(SourceInfo {
                name: reader.text()?.to_owned(),
                records: reader.varint()?,
                newest: reader.time()?,
            });
        }
        if !reader.is_empty() {
            info.known_exploited = Some(KnownExploitedInfo {
                vulnerabilities: reader.varint()?,
                version: reader.text()?.to_owned(),
            });
        }
        info.date = info.sources.iter().map(|source| source.newest).max();
        Some(info)
    }
}
