//! Builds a database from files at hand.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::compile::{CompileError, compile};
use crate::database::{DATABASE_FILE, Database};
use crate::enrichment::Enrichment;
use crate::error::DatabaseError;
use crate::info::Info;
use crate::record::file::{RecordWriter, Stored};
use crate::source::{self, Origin, SourceError};

/// What a build read and made.
#[derive(Debug, Clone)]
pub struct BuildReport {
    /// What the new revision says about itself.
    pub info: Info,
    /// The file that was written.
    pub output: PathBuf,
    /// The first records that could not be read, with the reason; [`Info::unreadable`] counts all.
    pub unreadable: Vec<UnreadableRecord>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableRecord {
    /// The record's id, as its file is named.
    pub id: String,
    /// Why it could not be read.
    pub reason: String,
}

/// Why no database was built. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing is at that path.
    #[error("no advisories at {0}")]
    Missing(PathBuf),
    /// There is something, but not one record of it could be read.
    #[error("no advisory at {from} could be read{}", first_of(.unreadable))]
    NothingReadable {
        /// Where advisories were looked for.
        from: PathBuf,
        /// The first records, with the reason.
        unreadable: Vec<UnreadableRecord>,
    },
    /// The operating system could not read it.
    #[error("cannot read {path}")]
    Read {
        /// What was read.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The operating system could not write: the disk is full, or the directory not writable.
    #[error("cannot write {path}")]
    Write {
        /// What was written.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// What was written does not read back: the disk is failing.
    #[error("the database that was written does not read back")]
    ReadBack(#[source] DatabaseError),
}

impl BuildError {
    /// What to do about it, as a sentence for the person who sees the error.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::NothingReadable { .. } => {
                "name a directory in the layout of the OSV bucket, an all.zip of it, or a directory of OSV JSON files"
            }
            Self::Read { .. } => "check that the path is readable by this user",
            Self::Write { .. } => "check that the directory is writable and the disk is not full",
            Self::ReadBack(_) => "check the disk",
        }
    }
}

fn first_of(unreadable: &[UnreadableRecord]) -> String {
    match unreadable.first() {
        Some(first) => format!(": {}: {}", first.id, first.reason),
        None => String::new(),
    }
}

/// Compiles the advisories at `from` into the file or directory `output`, whose old content is
/// replaced only when the new is complete, on disk and verified.
///
/// `from` is a directory in the layout of the OSV bucket, one zip, or a directory of JSON files;
/// directories in it that have a feed's name ([`crate::feeds`]) hold that feed's files as its
/// publisher has them. Blocks for as long as it takes, on all cores.
pub fn build(from: &Path, output: &Path) -> Result<BuildReport, BuildError> {
    let origins = source::origins(from).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BuildError::Missing(from.into()),
        _ => read_error(from, source),
    })?;
    let output = database_path(output);
    let write = |source| write_error(&output, source);
    let workspace = workspace_beside(&output).map_err(write)?;
    let records = workspace.path().join("records");
    let mut writer = File::create(&records)
        .and_then(RecordWriter::new)
        .map_err(write)?;
    for origin in origins {
        read_origin(&origin, &mut writer).map_err(write)?;
    }
    let enrichment = read_feeds(from, &mut writer).map_err(write)?;
    writer.finish().map_err(write)?;
    install(&[records], &enrichment, workspace.path(), &output).map_err(|error| match error {
        InstallError::NothingReadable(unreadable) => BuildError::NothingReadable {
            from: from.into(),
            unreadable,
        },
        InstallError::Write(source) => write(source),
        InstallError::ReadBack(error) => BuildError::ReadBack(error),
    })
}

/// Why [`install`] left the old database in place.
pub(crate) enum InstallError {
    NothingReadable(Vec<UnreadableRecord>),
    Write(io::Error),
    ReadBack(DatabaseError),
}

/// Compiles record files in a workspace, verifies the result and moves it to its place.
pub(crate) fn install(
    records: &[PathBuf],
    enrichment: &Enrichment,
    workspace: &Path,
    output: &Path,
) -> Result<BuildReport, InstallError> {
    let compiled = workspace.join(DATABASE_FILE);
    let unreadable = compile(records, enrichment, &compiled).map_err(|error| match error {
        CompileError::NothingReadable(unreadable) => InstallError::NothingReadable(unreadable),
        CompileError::Io(source) => InstallError::Write(source),
    })?;
    let database = Database::open(&compiled).map_err(InstallError::ReadBack)?;
    database.verify().map_err(InstallError::ReadBack)?;
    replace(&compiled, output).map_err(InstallError::Write)?;
    Ok(BuildReport {
        info: database.info().clone(),
        output: output.into(),
        unreadable,
    })
}

/// Moves a complete file over another, so that whoever opens it sees one or the other.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    File::open(parent(to))?.sync_all()
}

/// A directory on the output's own file system, gone with everything in it when dropped.
pub(crate) fn workspace_beside(output: &Path) -> io::Result<tempfile::TempDir> {
    let parent = parent(output);
    fs::create_dir_all(parent)?;
    tempfile::Builder::new()
        .prefix(".advisories-")
        .tempdir_in(parent)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A directory, or a path that ends as one, holds the database under its usual name.
fn database_path(output: &Path) -> PathBuf {
    let ends_as_directory = output.as_os_str().as_encoded_bytes().ends_with(b"/");
    match ends_as_directory || output.is_dir() {
        true => output.join(DATABASE_FILE),
        false => output.into(),
    }
}

/// A zip that cannot be read costs its own records, which is reported like a record.
fn read_origin(origin: &Origin, writer: &mut RecordWriter) -> io::Result<()> {
    let (path, read) = match origin {
        Origin::Zip(path) => (path.as_path(), source::read_zip(path, writer)),
        Origin::Files(files) => (Path::new(""), source::read_files(files, writer)),
    };
    match read {
        Ok(()) => Ok(()),
        Err(SourceError::Write(error)) => Err(error),
        Err(reason) => append_unreadable(writer, short_name(path), reason.to_string()),
    }
}

/// Reads the directories of feeds. One that cannot be read costs what it would have said, which is
/// reported like a record.
fn read_feeds(from: &Path, writer: &mut RecordWriter) -> io::Result<Enrichment> {
    let mut enrichment = Enrichment::default();
    for feed in source::feeds_in(from) {
        match feed.read(&from.join(feed.name), writer, &mut enrichment) {
            Ok(()) => {}
            Err(SourceError::Write(error)) => return Err(error),
            Err(reason) => append_unreadable(writer, feed.name.to_owned(), reason.to_string())?,
        }
    }
    Ok(enrichment)
}

fn append_unreadable(writer: &mut RecordWriter, id: String, reason: String) -> io::Result<()> {
    let mut frame = Vec::new();
    Stored::Unreadable { id, reason }.put_frame(&mut frame);
    writer.append(&frame)
}

/// The last two parts of a path: `npm/all.zip`.
fn short_name(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).collect();
    parts.reverse();
    parts.into_iter().collect::<PathBuf>().display().to_string()
}

fn read_error(path: &Path, source: io::Error) -> BuildError {
    BuildError::Read {
        path: path.into(),
        source,
    }
}

fn write_error(path: &Path, source: io::Error) -> BuildError {
    BuildError::Write {
        path: path.into(),
        source,
    }
}
