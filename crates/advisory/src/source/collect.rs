//! From what a feed says to frames of records.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use chrono::DateTime;

use super::SourceError;
use super::feed_file::FeedFile;
use super::ingest::read_document;
use crate::record::file::{RecordWriter, Stored};
use crate::record::{Affected, Event, EventKind, Range, Rating, Record};

/// Documents that wait for a reader.
const WAITING: usize = 32;
/// Characters that are kept of a summary.
const SUMMARY: usize = 300;

/// Records by id, for feeds that speak of packages and not of flaws.
pub(super) struct Collector {
    feed: &'static str,
    records: BTreeMap<String, Record>,
}

impl Collector {
    pub(super) fn new(feed: &'static str) -> Self {
        Self {
            feed,
            records: BTreeMap::new(),
        }
    }

    /// The record of this id, empty at first.
    pub(super) fn record(&mut self, id: &str) -> &mut Record {
        let feed = self.feed;
        self.records
            .entry(id.to_owned())
            .or_insert_with(|| empty_record(feed, id))
    }

    /// Writes what was collected.
    pub(super) fn write(self, writer: &mut RecordWriter) -> Result<(), SourceError> {
        for record in self.records.into_values() {
            write(&Stored::Record(record), writer)?;
        }
        Ok(())
    }
}

/// A record that says nothing yet.
pub(super) fn empty_record(feed: &str, id: &str) -> Record {
    Record {
        id: id.to_owned(),
        modified: DateTime::UNIX_EPOCH,
        published: None,
        withdrawn: None,
        summary: String::new(),
        source: None,
        feed: feed.to_owned(),
        aliases: Vec::new(),
        upstream: Vec::new(),
        related: Vec::new(),
        rating: Rating::default(),
        affected: Vec::new(),
    }
}

/// An entry about every version before this one, or about all where none is fixed.
pub(super) fn affected_before(ecosystem: &str, name: &str, fixed: Option<&str>) -> Affected {
    let event = |kind, version: &str| Event {
        kind,
        version: version.to_owned(),
    };
    let mut events = vec![event(EventKind::Introduced, "0")];
    events.extend(fixed.map(|version| event(EventKind::Fixed, version)));
    Affected {
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        ranges: vec![Range {
            semver: false,
            events,
        }],
        ..Affected::default()
    }
}

/// As much of a text as a summary keeps.
pub(super) fn summary(text: &str) -> String {
    text.trim().chars().take(SUMMARY).collect()
}

pub(super) fn write(stored: &Stored, writer: &mut RecordWriter) -> Result<(), SourceError> {
    let mut frame = Vec::new();
    stored.put_frame(&mut frame);
    writer.append(&frame).map_err(SourceError::Write)
}

/// Says that something could not be read.
pub(super) fn write_unreadable(
    id: &str,
    reason: impl ToString,
    writer: &mut RecordWriter,
) -> Result<(), SourceError> {
    let stored = Stored::Unreadable {
        id: id.to_owned(),
        reason: reason.to_string(),
    };
    write(&stored, writer)
}

/// Reads every JSON document of these files, those in archives too, on all cores, and writes what
/// `read` makes of each. `None` is a document that says nothing of what concerns us.
pub(super) fn each_document(
    files: &[FeedFile],
    writer: &mut RecordWriter,
    read: impl Fn(&[u8]) -> Result<Option<Record>, String> + Sync,
) -> Result<(), SourceError> {
    let (sender, receiver) = sync_channel(WAITING);
    let receiver = Mutex::new(receiver);
    let writing = Mutex::new((writer, Ok(())));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let sent = thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| read_documents(&receiver, &writing, &read));
        }
        let sent = files.iter().try_for_each(|file| send(file, &sender));
        drop(sender);
        sent
    });
    let (_, written) = writing.into_inner().unwrap_or_else(PoisonError::into_inner);
    written?;
    sent
}

type Shared<'a> = Mutex<(&'a mut RecordWriter, Result<(), SourceError>)>;
type Named = (String, Vec<u8>);

fn read_documents(
    receiver: &Mutex<Receiver<Named>>,
    writing: &Shared<'_>,
    read: impl Fn(&[u8]) -> Result<Option<Record>, String>,
) {
    let next = || {
        let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.recv()
    };
    while let Ok((id, json)) = next() {
        let stored = match read(&json) {
            Ok(Some(record)) => Stored::Record(record),
            Ok(None) => continue,
            Err(reason) => Stored::Unreadable { id, reason },
        };
        let mut shared = writing.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.1.is_ok() {
            shared.1 = write(&stored, shared.0);
        }
    }
}

/// Sends the documents of one file. Who reads them is there as long as we send.
fn send(file: &FeedFile, sender: &SyncSender<Named>) -> Result<(), SourceError> {
    if !file.is_archive() {
        if file.name.ends_with(".json") {
            let json = file.read().map_err(SourceError::Read)?;
            let _ = sender.send((stem(&file.name), json));
        }
        return Ok(());
    }
    let content = file.open().map_err(SourceError::Read)?;
    let mut archive = tar::Archive::new(content);
    let broken = |error: io::Error| SourceError::Archive(error.to_string());
    // Raw: long names and extended headers, which may be of any length, are passed over.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && name.ends_with(".json") {
            let json = read_document(entry).map_err(broken)?;
            let _ = sender.send((stem(&name), json));
        }
    }
    Ok(())
}

/// The file's own name without its ending.
fn stem(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.strip_suffix(".json").unwrap_or(file).to_owned()
}
