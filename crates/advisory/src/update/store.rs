//! What an update keeps in the directory so that the next one can be incremental.
//!
//! `sources/<ECOSYSTEM>.records` holds what was read of each ecosystem, `sources/url` where they
//! came from, `sources/feeds/` each feed's files in a directory of its name, beside them
//! `<FEED>.records` and what servers said of the files' states. The marker
//! `sources/uncompiled` stands from the first change until the database is made of it, so that an
//! update that was killed in between is completed by the next.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::bytes::Reader;
use crate::record::file::{self, Frame, RecordWriter};

/// The records of the last update, by ecosystem.
#[derive(Clone)]
pub(super) struct Store {
    directory: PathBuf,
}

impl Store {
    /// Opens the store; what came from another source is dropped.
    pub(super) fn open(database_directory: &Path, url: &str) -> io::Result<Self> {
        let directory = database_directory.join("sources");
        let store = Self { directory };
        let url_file = store.directory.join("url");
        if fs::read_to_string(&url_file).is_ok_and(|known| known == url) {
            return Ok(store);
        }
        match fs::remove_dir_all(&store.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&store.directory)?,
        }
        fs::write(url_file, url)?;
        Ok(store)
    }

    pub(super) fn mark_uncompiled(&self) -> io::Result<()> {
        File::create(self.marker())?.sync_all()
    }

    pub(super) fn mark_compiled(&self) -> io::Result<()> {
        fs::remove_file(self.marker())
    }

    pub(super) fn is_compiled(&self) -> bool {
        !self.marker().exists()
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn feeds_directory(&self) -> PathBuf {
        self.directory.join("feeds")
    }

    fn marker(&self) -> PathBuf {
        self.directory.join("uncompiled")
    }

    /// A path for a file that is still being fetched.
    pub(super) fn download_path(&self) -> PathBuf {
        self.directory.join("download")
    }

    fn records_path(&self, ecosystem: &str) -> PathBuf {
        self.directory.join(format!("{ecosystem}.records"))
    }

    /// Every ecosystem's record file, in order.
    fn ecosystem_files(&self) -> io::Result<Vec<PathBuf>> {
        record_files_in(&self.directory)
    }

    /// Every record file, of ecosystems and feeds, in order.
    pub(super) fn record_files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = self.ecosystem_files()?;
        files.extend(record_files_in(&self.feeds_directory())?);
        Ok(files)
    }

    /// Drops the ecosystems that are not listed any more; says whether there was any.
    pub(super) fn retain(&self, listed: &[String]) -> io::Result<bool> {
        let listed: HashSet<_> = listed.iter().map(|name| self.records_path(name)).collect();
        let mut dropped = false;
        for path in self.ecosystem_files()? {
            if !listed.contains(&path) {
                self.mark_uncompiled()?;
                fs::remove_file(path)?;
                dropped = true;
            }
        }
        Ok(dropped)
    }

    /// When each record that is kept of an ecosystem was modified; `None` if nothing usable is
    /// kept. What could not be read has no time and is fetched again.
    pub(super) fn known(&self, ecosystem: &str) -> Option<HashMap<String, DateTime<Utc>>> {
        let mut known = HashMap::new();
        let visit = |_, frame: Frame<'_>| {
            let mut reader = Reader(frame.record().unwrap_or_default());
            let id = frame.id().unwrap_or_default().to_owned();
            let modified = reader.text().and_then(|_| reader.time());
            known.insert(id, modified.unwrap_or(DateTime::<Utc>::MIN_UTC));
            Ok(())
        };
        file::scan(&self.records_path(ecosystem), visit).ok()?;
        Some(known)
    }

    /// Replaces what is kept of an ecosystem by what `write` writes.
    pub(super) fn replace<E: From<io::Error>>(
        &self,
        ecosystem: &str,
        write: impl FnOnce(&mut RecordWriter) -> Result<(), E>,
    ) -> Result<(), E> {
        self.replace_file(&self.records_path(ecosystem), write)
    }

    /// Replaces a record file by what `write` writes.
    pub(super) fn replace_file<E: From<io::Error>>(
        &self,
        path: &Path,
        write: impl FnOnce(&mut RecordWriter) -> Result<(), E>,
    ) -> Result<(), E> {
        let aside = self.directory.join("aside");
        let mut writer = RecordWriter::new(File::create(&aside)?)?;
        let written = write(&mut writer).and_then(|()| Ok(writer.finish()?));
        let replaced = written.and_then(|()| {
            self.mark_uncompiled()?;
            Ok(fs::rename(&aside, path)?)
        });
        if replaced.is_err() {
            // The error at hand says more than a failure to clean up.
            let _ = fs::remove_file(&aside);
        }
        replaced
    }

    /// Replaces or drops single records of an ecosystem.
    pub(super) fn change(
        &self,
        ecosystem: &str,
        frames: &[u8],
        gone: &HashSet<String>,
    ) -> io::Result<()> {
        self.replace(ecosystem, |writer| {
            file::scan(&self.records_path(ecosystem), |_, frame| {
                match frame.id().is_some_and(|id| gone.contains(id)) {
                    true => Ok(()),
                    false => writer.append_frame(frame),
                }
            })?;
            writer.append(frames)
        })
    }
}

fn record_files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "records")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
