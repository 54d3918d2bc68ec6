//! Documents in, record frames out, on all cores.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::osv;
use crate::record::file::{RecordWriter, Stored};

/// No advisory is longer: the longest known have a few megabytes.
pub(crate) const MAX_DOCUMENT: u64 = 64 << 20;
/// Documents that a worker takes at a time.
const BATCH: usize = 64;
/// Bytes of frames that a worker holds before it writes them.
const FLUSH: usize = 1 << 20;

/// A document, or why there is none.
pub(super) struct Document {
    pub(super) id: String,
    pub(super) json: Result<Vec<u8>, String>,
}

impl Document {
    pub(super) fn of_file(path: &Path) -> Self {
        let id = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let json = File::open(path)
            .and_then(read_document)
            .map_err(|error| error.to_string());
        Self { id, json }
    }
}

/// Reads a document, but never more than [`MAX_DOCUMENT`].
pub(super) fn read_document(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    reader.take(MAX_DOCUMENT + 1).read_to_end(&mut json)?;
    match json.len() as u64 > MAX_DOCUMENT {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "longer than any advisory",
        )),
        false => Ok(json),
    }
}

/// What is stored for a document.
pub(crate) fn stored(id: &str, json: &[u8]) -> Stored {
    match osv::read(json) {
        Ok(record) => Stored::Record(record),
        Err(reason) => Stored::Unreadable {
            id: id.to_owned(),
            reason: reason.to_string(),
        },
    }
}

/// Reads `count` documents by their number and appends what they say, in any order. Each worker
/// reads through its own result of `open`; a document of `None` is passed over.
pub(super) fn ingest<R>(
    count: usize,
    writer: &mut RecordWriter,
    open: impl Fn() -> R + Sync,
) -> io::Result<()>
where
    R: FnMut(usize) -> Option<Document>,
{
    let next = AtomicUsize::new(0);
    let writer = Mutex::new((writer, Ok(())));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores.min(count.div_ceil(BATCH)) {
            scope.spawn(|| work(count, &next, &writer, open()));
        }
    });
    match writer.into_inner() {
        Ok((_, outcome)) => outcome,
        Err(_) => Err(io::Error::other("a reader of advisories panicked")),
    }
}

type Shared<'a> = Mutex<(&'a mut RecordWriter, io::Result<()>)>;

fn work(
    count: usize,
    next: &AtomicUsize,
    writer: &Shared<'_>,
    mut read: impl FnMut(usize) -> Option<Document>,
) {
    let mut frames = Vec::with_capacity(FLUSH + FLUSH / 4);
    loop {
        let start = next.fetch_add(BATCH, Ordering::Relaxed);
        for document in (start..count.min(start.saturating_add(BATCH))).filter_map(&mut read) {
            let stored = match document.json {
                Ok(json) => stored(&document.id, &json),
                Err(reason) => Stored::Unreadable {
                    id: document.id,
                    reason,
                },
            };
            stored.put_frame(&mut frames);
        }
        let done = start >= count;
        if done || frames.len() >= FLUSH {
            let written = append(writer, &mut frames);
            if done || !written {
                return;
            }
        }
    }
}

/// Whether writing still succeeds.
fn append(writer: &Shared<'_>, frames: &mut Vec<u8>) -> bool {
    let Ok(mut shared) = writer.lock() else {
        return false;
    };
    if shared.1.is_ok() {
        shared.1 = shared.0.append(frames);
    }
    frames.clear();
    shared.1.is_ok()
}
