//! Reads a zip of JSON documents, such as an ecosystem's `all.zip`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use zip::ZipArchive;

use super::SourceError;
use super::ingest::{Document, ingest, read_document};
use crate::record::file::RecordWriter;

/// Reads every JSON document of a zip into a record file.
///
/// Names and sizes in a zip are claims: nothing is written under an entry's name, and no more is
/// read of an entry than a document may have, whatever size it states.
pub(crate) fn read_zip(path: &Path, writer: &mut RecordWriter) -> Result<(), SourceError> {
    let file = SharedFile::open(path).map_err(SourceError::Read)?;
    let archive = ZipArchive::new(file).map_err(|error| SourceError::Zip(error.to_string()))?;
    let open = || {
        let mut archive = archive.clone();
        move |index| document(&mut archive, index)
    };
    ingest(archive.len(), writer, open).map_err(SourceError::Write)
}

fn document(archive: &mut ZipArchive<SharedFile>, index: usize) -> Option<Document> {
    let entry = match archive.by_index(index) {
        Ok(entry) => entry,
        Err(error) => {
            return Some(Document {
                id: format!("entry {index} of a zip"),
                json: Err(error.to_string()),
            });
        }
    };
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let id = name.rsplit('/').next()?.strip_suffix(".json")?.to_owned();
    let json = read_document(entry).map_err(|error| error.to_string());
    Some(Document { id, json })
}

/// A file with a position of its own for each clone, so that workers read side by side.
#[derive(Clone)]
struct SharedFile {
    file: Arc<File>,
    position: u64,
    length: u64,
}

impl SharedFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file: Arc::new(file),
            position: 0,
            length,
        })
    }
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
