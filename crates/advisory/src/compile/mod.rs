//! Compiles records into one read-only file, byte for byte the same for the same records.
//!
//! Memory holds an index of the records, the pools of different strings and lists, and a few words
//! an entry; records and encoded entries wait in files. The passes:
//!
//! 1. index the record files and keep, of several records of one id, the newest;
//! 2. in order of their ids, encode headers and entries into spools;
//! 3. write entries grouped by (ecosystem, name), then advisories, which point into the groups;
//! 4. write postings, hash tables and pools.

mod compiler;
mod encode;
mod index;
mod output;
mod pool;
mod sections;
mod spool;

use std::io;
use std::path::{Path, PathBuf};

use crate::build::UnreadableRecord;
use crate::enrichment::Enrichment;
use compiler::Compiler;
use index::Index;

/// Bits that say which optional parts an entry has.
pub(crate) mod entry_flags {
    pub(crate) const VERSIONS: u64 = 1;
    pub(crate) const RATING: u64 = 2;
    pub(crate) const URGENCY: u64 = 4;
    pub(crate) const ONLY_GIT: u64 = 8;
    pub(crate) const CUSTOM_RANGES: u64 = 16;
    pub(crate) const DISPOSITION: u64 = 32;
}

/// Bits that say which optional parts an advisory has.
pub(crate) mod advisory_flags {
    pub(crate) const PUBLISHED: u64 = 1;
    pub(crate) const WITHDRAWN: u64 = 2;
    pub(crate) const SOURCE: u64 = 4;
    pub(crate) const KNOWN_EXPLOITED: u64 = 8;
    pub(crate) const FEED: u64 = 16;
}

/// Why records were not compiled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error("no record could be read")]
    NothingReadable(Vec<UnreadableRecord>),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How many unreadable records are named in a report; all are counted.
const NAMED_UNREADABLE: usize = 20;

/// Compiles the records of these files into `output`, which is complete and on disk on return.
///
/// The result depends on the set of records only: not on their order, nor on the files they lie
/// in, nor on how often they occur.
pub(crate) fn compile(
    record_files: &[PathBuf],
    enrichment: &Enrichment,
    output: &Path,
) -> Result<Vec<UnreadableRecord>, CompileError> {
    let index = Index::of_files(record_files)?;
    let unreadable_count = index.unreadable.len() as u64;
    let unreadable: Vec<_> = index
        .unreadable
        .iter()
        .take(NAMED_UNREADABLE)
        .map(|(id, reason)| UnreadableRecord {
            id: id.clone(),
            reason: reason.clone(),
        })
        .collect();
    if index.records.is_empty() {
        return Err(CompileError::NothingReadable(unreadable));
    }
    let spools = output.parent().unwrap_or(Path::new("."));
    let mut compiler = Compiler::new(spools, enrichment, unreadable_count)?;
    index.visit(|record| compiler.add(&record))?;
    drop(index);
    compiler.write(output)?;
    Ok(unreadable)
}
