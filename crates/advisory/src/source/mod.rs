//! Where advisories are read from: zips and JSON files in the OSV schema, and the feeds of
//! publishers in their own formats.

mod alpine;
mod amazon;
mod chainguard;
mod collect;
mod csaf;
mod debian;
mod directory;
mod endoflife;
mod epss;
mod feed;
mod feed_file;
mod ingest;
mod kev;
mod oracle;
mod redhat;
mod secdb;
mod suse;
mod ubuntu;
mod xml;
mod zip;

pub(crate) use directory::{Origin, origins};
pub(crate) use feed::{FEEDS, Feed, Listing, feeds_in};
pub(crate) use ingest::{MAX_DOCUMENT, stored};
pub(crate) use zip::read_zip;

use std::io;
use std::path::PathBuf;

use crate::record::file::RecordWriter;
use ingest::{Document, ingest};

/// Why a source as a whole could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("not a readable zip: {0}")]
    Zip(String),
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// It is in another format than its publisher's.
    #[error("not in its format: {0}")]
    Format(String),
    #[error("not a readable archive: {0}")]
    Archive(String),
    /// The records could not be kept: a full disk.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

/// Reads JSON files into a record file.
pub(crate) fn read_files(files: &[PathBuf], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let open = || |index: usize| Some(Document::of_file(files.get(index)?));
    ingest(files.len(), writer, open).map_err(SourceError::Write)
}

#[cfg(test)]
mod tests;
