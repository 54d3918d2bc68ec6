//! Where advisories are read from: zips and JSON files.

mod directory;
mod ingest;
mod zip;

pub(crate) use directory::{Origin, known_exploited_file, origins};
pub(crate) use ingest::{MAX_DOCUMENT, stored};
pub(crate) use zip::read_zip;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::file::RecordWriter;
use ingest::{Document, ingest};

/// Why a source as a whole could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("not a readable zip: {0}")]
    Zip(String),
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// The records could not be kept: a full disk.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

/// Reads JSON files into a record file.
pub(crate) fn read_files(files: &[PathBuf], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let open = || |index: usize| Some(Document::of_file(files.get(index)?));
    ingest(files.len(), writer, open).map_err(SourceError::Write)
}

/// Reads a file, but never more than an advisory document may have.
pub(crate) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    File::open(path).and_then(ingest::read_document)
}
