//! What an update keeps in the directory so that the next one can be incremental.
//!
//! `sources/<ECOSYSTEM>.records` holds what was read of each ecosystem, `sources/kev.json` the
//! catalogue of known exploited vulnerabilities, `sources/url` where they came from. The marker
//! `sources/uncompiled` stands from the first change until the database is made of it, so that an
//! update that was killed in between is completed by the next.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::bytes::Reader;
use crate::compile::KnownExploited;
use crate::record::file::{self, Frame, RecordWriter};
use crate::source;

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
    pub(super) fn record_files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
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

    /// Drops the ecosystems that are not listed any more; says whether there was any.
    pub(super) fn retain(&self, listed: &[String]) -> io::Result<bool> {
        let listed: HashSet<_> = listed.iter().map(|name| self.records_path(name)).collect();
        let mut dropped = false;
        for path in self.record_files()? {
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
        let aside = self.directory.join("aside");
        let mut writer = RecordWriter::new(File::create(&aside)?)?;
        let written = write(&mut writer).and_then(|()| Ok(writer.finish()?));
        let replaced = written.and_then(|()| {
            self.mark_uncompiled()?;
            Ok(fs::rename(&aside, self.records_path(ecosystem))?)
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

    pub(super) fn known_exploited(&self) -> KnownExploited {
        let json = source::read_bounded(&self.directory.join("kev.json")).unwrap_or_default();
        KnownExploited::read(&json).unwrap_or_default()
    }

    pub(super) fn keep_known_exploited(&self, json: &[u8]) -> io::Result<()> {
        self.mark_uncompiled()?;
        let aside = self.directory.join("aside");
        fs::write(&aside, json)?;
        fs::rename(aside, self.directory.join("kev.json"))
    }
}
