//! What an update keeps of feeds: their files, what was read of them, and the files' states.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::http::Validators;
use super::store::Store;
use crate::enrichment::Enrichment;
use crate::record::file::{self, RecordWriter};
use crate::source::{FEEDS, Feed, SourceError};

impl Store {
    /// Where a feed's files are.
    pub(super) fn feed_directory(&self, feed: &str) -> PathBuf {
        self.feeds_directory().join(feed)
    }

    /// Where a file of a feed goes; its directory is made.
    pub(super) fn feed_file(&self, feed: &str, path: &str) -> io::Result<PathBuf> {
        let path = self.feed_directory(feed).join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        Ok(path)
    }

    /// Puts a file that was fetched in its place, with its server's time; says whether it differs
    /// from what was there. Servers that keep no state of their files send them every time.
    pub(super) fn keep_feed_file(
        &self,
        download: &Path,
        path: &Path,
        validators: &Validators,
    ) -> io::Result<bool> {
        if is_same_content(download, path)? {
            fs::remove_file(download)?;
            return Ok(false);
        }
        if let Some(time) = validators.last_modified() {
            File::options()
                .write(true)
                .open(download)?
                .set_modified(time)?;
        }
        fs::rename(download, path)?;
        Ok(true)
    }

    fn feed_records(&self, feed: &str) -> PathBuf {
        self.feeds_directory().join(format!("{feed}.records"))
    }

    fn states(&self, feed: &str) -> PathBuf {
        self.feeds_directory().join(format!("{feed}.states"))
    }

    /// What servers said of the files' states; what cannot be read is asked for anew.
    pub(super) fn validators(&self, feed: &str) -> BTreeMap<String, Validators> {
        let json = fs::read(self.states(feed)).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }

    pub(super) fn keep_validators(
        &self,
        feed: &str,
        validators: &BTreeMap<String, Validators>,
    ) -> io::Result<()> {
        fs::create_dir_all(self.feeds_directory())?;
        fs::write(self.states(feed), serde_json::to_vec(validators)?)
    }

    /// Drops the files of a feed that it does not list any more; says whether there was any.
    pub(super) fn keep_feed_files(
        &self,
        feed: &str,
        listed: &BTreeSet<String>,
    ) -> io::Result<bool> {
        let directory = self.feed_directory(feed);
        let mut dropped = false;
        for path in files_below(&directory, 8)? {
            let name = path.strip_prefix(&directory).unwrap_or(&path);
            if !listed.contains(&*name.to_string_lossy()) {
                fs::remove_file(path)?;
                dropped = true;
            }
        }
        Ok(dropped)
    }

    /// Whether what was read of a feed is there, and as this program reads it.
    pub(super) fn has_feed(&self, feed: &Feed) -> bool {
        file::has_magic(&self.feed_records(feed.name))
    }

    /// Replaces what was read of a feed.
    pub(super) fn replace_feed<E: From<io::Error>>(
        &self,
        feed: &Feed,
        write: impl FnOnce(&mut RecordWriter) -> Result<(), E>,
    ) -> Result<(), E> {
        self.replace_file(&self.feed_records(feed.name), write)
    }

    /// How many records were read of a feed.
    pub(super) fn count_feed(&self, feed: &Feed) -> io::Result<u64> {
        let mut records = 0;
        file::scan(&self.feed_records(feed.name), |_, frame| {
            records += u64::from(frame.record().is_some());
            Ok(())
        })?;
        Ok(records)
    }

    /// Reads a file of facts that was fetched, so that it replaces the old one only if it is one.
    pub(super) fn check_facts(&self, feed: &Feed, download: &Path) -> Result<(), SourceError> {
        let read = || {
            let aside = tempfile::tempdir_in(self.directory()).map_err(SourceError::Write)?;
            // The content tells how it is compressed, the ending what it is.
            fs::hard_link(download, aside.path().join("facts.json")).map_err(SourceError::Write)?;
            feed.read_facts(aside.path(), &mut Enrichment::default())
        };
        if feed.is_of_facts() { read() } else { Ok(()) }
    }

    /// Reads the feeds that give facts beside records. What cannot be read says nothing: it was
    /// reported when it was fetched.
    pub(super) fn enrichment(&self) -> Enrichment {
        let mut enrichment = Enrichment::default();
        for feed in &FEEDS {
            let directory = self.feed_directory(feed.name);
            if directory.is_dir() {
                let _ = feed.read_facts(&directory, &mut enrichment);
            }
        }
        enrichment
    }
}

fn is_same_content(left: &Path, right: &Path) -> io::Result<bool> {
    let Ok(right) = File::open(right) else {
        return Ok(false);
    };
    let left = File::open(left)?;
    if left.metadata()?.len() != right.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (BufReader::new(left), BufReader::new(right));
    loop {
        let (l, r) = (left.fill_buf()?, right.fill_buf()?);
        let length = l.len().min(r.len());
        if l.get(..length) != r.get(..length) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        left.consume(length);
        right.consume(length);
    }
}

fn files_below(directory: &Path, depth: usize) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            files.push(entry.path());
        } else if depth > 0 {
            files.extend(files_below(&entry.path(), depth - 1)?);
        }
    }
    Ok(files)
}
