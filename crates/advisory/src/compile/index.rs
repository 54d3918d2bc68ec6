//! Which records there are, and where: one place for each id.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::bytes::Reader;
use crate::database::layout::sha256;
use crate::record::Record;
use crate::record::file::{self, Frame};

/// Which records there are, in order of their ids, and what could not be read.
pub(super) struct Index {
    files: Vec<File>,
    pub(super) records: Vec<Located>,
    /// Reasons by id.
    pub(super) unreadable: BTreeMap<String, String>,
}

/// Where a record lies.
pub(super) struct Located {
    id: Box<str>,
    modified: DateTime<Utc>,
    is_of_feed: bool,
    /// Decides between different records of the same id and time, whatever order they came in.
    content: u64,
    place: u64,
    length: u32,
    file: u32,
}

impl Index {
    pub(super) fn of_files(paths: &[PathBuf]) -> io::Result<Self> {
        let mut index = Self {
            files: Vec::new(),
            records: Vec::new(),
            unreadable: BTreeMap::new(),
        };
        for (number, path) in paths.iter().enumerate() {
            index.files.push(File::open(path)?);
            file::scan(path, |place, frame| index.add(number as u32, place, frame))?;
        }
        index.keep_newest();
        Ok(index)
    }

    fn add(&mut self, file: u32, place: u64, frame: Frame<'_>) -> io::Result<()> {
        if let Some((id, reason)) = frame.unreadable() {
            let known = self
                .unreadable
                .entry(id.to_owned())
                .or_insert_with(|| reason.to_owned());
            if reason < known.as_str() {
                reason.clone_into(known);
            }
            return Ok(());
        }
        let mut reader = Reader(frame.record().unwrap_or_default());
        let (Some(id), Some(modified)) = (reader.text(), reader.time()) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a record without id or time",
            ));
        };
        let [a, b, c, d, e, f, g, h, ..] = *sha256(frame.0).as_bytes();
        self.records.push(Located {
            id: id.into(),
            modified,
            is_of_feed: frame.is_of_feed(),
            content: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            place,
            length: frame.0.len() as u32,
            file,
        });
        Ok(())
    }

    /// A record that lies in several ecosystems' directories counts once. After an incremental
    /// update the copies may differ in age. A feed's record and that of the OSV export are kept
    /// both, the feed's first.
    fn keep_newest(&mut self) {
        self.records.sort_unstable_by(|a, b| {
            let age = |record: &Located| {
                let of_feed = Reverse(record.is_of_feed);
                (of_feed, Reverse(record.modified), record.content)
            };
            a.id.cmp(&b.id).then_with(|| age(a).cmp(&age(b)))
        });
        self.records
            .dedup_by(|later, kept| later.id == kept.id && later.is_of_feed == kept.is_of_feed);
        let records = &self.records;
        self.unreadable.retain(|id, _| {
            records
                .binary_search_by(|record| (*record.id).cmp(id))
                .is_err()
        });
    }

    /// Reads the records in order of their ids, one for each id.
    pub(super) fn visit(&self, mut visit: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
        for same_id in self.records.chunk_by(|a, b| a.id == b.id) {
            let mut records = same_id.iter().map(|located| self.read(located));
            let Some(mut record) = records.next().transpose()? else {
                continue;
            };
            for other in records {
                record.complete_with(other?);
            }
            visit(record)?;
        }
        Ok(())
    }

    fn read(&self, located: &Located) -> io::Result<Record> {
        let mut frame = Vec::new();
        let file = &self.files[located.file as usize];
        file::read_frame(file, located.place, located.length as usize, &mut frame)?;
        Frame(&frame)
            .record()
            .and_then(Record::decode)
            .ok_or_else(|| {
                let text = format!("record {} is damaged", located.id);
                io::Error::new(io::ErrorKind::InvalidData, text)
            })
    }
}
