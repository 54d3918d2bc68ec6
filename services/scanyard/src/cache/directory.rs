//! What lies in a cache's directory, and what of it goes first.
//!
//! Any number of processes use the directory at once. An entry appears whole, by renaming, and what
//! is removed under a reader's hands is read to its end or not found: then its layer is read again.

use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A use is noted once in this time: noting each would cost a write a layer.
const NOTED_EVERY: Duration = Duration::from_secs(3600);

/// A file without a final name is what a process left that died while writing.
const UNFINISHED: &str = ".tmp";

/// What lies in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Entries, which are layers by cataloger set.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

struct Found {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_unfinished: bool,
}

/// Counts what is there.
///
/// # Errors
///
/// When the directory cannot be listed; one that is not there is empty.
pub fn contents(root: &Path) -> io::Result<Contents> {
    let mut contents = Contents::default();
    for found in list(root)? {
        contents.entries += 1;
        contents.bytes += found.bytes;
    }
    Ok(contents)
}

/// Removes what was not used for the longest time, until no more than so many bytes are left, and
/// what other processes left half-written. Says what was removed.
///
/// # Errors
///
/// When the directory cannot be listed, or something in it not be removed.
pub fn prune(root: &Path, most_bytes: u64) -> io::Result<Contents> {
    let mut found = list(root)?;
    found.sort_by_key(|found| found.used);
    let mut left: u64 = found.iter().map(|found| found.bytes).sum();
    let now = SystemTime::now();
    let mut removed = Contents::default();
    for entry in found {
        let age = now.duration_since(entry.used).unwrap_or_default();
        if left > most_bytes || (entry.is_unfinished && age > NOTED_EVERY) {
            remove(&entry.path)?;
            left -= entry.bytes;
            removed.entries += 1;
            removed.bytes += entry.bytes;
        }
    }
    Ok(removed)
}

/// Another process may have removed it.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Notes that an entry was used now. Best effort: the directory may be another user's.
pub fn note_use(file: &File) {
    let now = SystemTime::now();
    let used = file.metadata().and_then(|metadata| metadata.modified());
    let age = used.map(|used| now.duration_since(used).unwrap_or_default());
    if age.is_ok_and(|age| age > NOTED_EVERY) {
        let _ = file.set_modified(now);
    }
}

/// Entries of every cataloger set: `SET/XX/DIGEST`. Nothing else is touched, whatever somebody may
/// have put there.
fn list(root: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for set in listed(root)? {
        for group in listed(&set.path())? {
            for entry in listed(&group.path())? {
                found.extend(entry.metadata().ok().and_then(|m| entry_of(&entry, &m)));
            }
        }
    }
    Ok(found)
}

fn entry_of(entry: &DirEntry, metadata: &Metadata) -> Option<Found> {
    let name = entry.file_name();
    let name = name.to_str()?;
    let is_unfinished = name.starts_with(UNFINISHED);
    let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (metadata.is_file() && (is_unfinished || is_digest)).then(|| Found {
        path: entry.path(),
        bytes: metadata.len(),
        used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        is_unfinished,
    })
}

/// What a directory holds; nothing if it is none.
fn listed(dir: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Vec::new()),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn put(root: &Path, name: &str, bytes: usize, age: Duration) -> PathBuf {
        let dir = root.join("set").join(&name[..2]);
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(name);
        fs::write(&path, vec![0; bytes]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        path
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let [old, older, new] = [("a", 3), ("b", 9), ("c", 0)]
            .map(|(digit, hours)| put(dir.path(), &digit.repeat(64), 100, HOUR * hours));
        let removed = prune(dir.path(), 250).unwrap();
        assert_eq!(
            removed,
            Contents {
                entries: 1,
                bytes: 100
            }
        );
        assert!(old.exists() && !older.exists() && new.exists());
        // A use makes it new.
        note_use(&File::options().write(true).open(&old).unwrap());
        fs::write(&older, [0; 100]).unwrap();
        let age = |path: &Path| {
            path.metadata()
                .unwrap()
                .modified()
                .unwrap()
                .elapsed()
                .unwrap()
        };
        assert!(age(&old) < HOUR);
        assert_eq!(
            contents(dir.path()).unwrap(),
            Contents {
                entries: 3,
                bytes: 300
            }
        );
        assert_eq!(
            prune(dir.path(), 0).unwrap(),
            Contents {
                entries: 3,
                bytes: 300
            }
        );
    }

    #[test]
    fn what_a_process_left_half_written_goes_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let fresh = put(dir.path(), ".tmpA", 10, Duration::ZERO);
        let old = put(dir.path(), ".tmpB", 10, HOUR * 2);
        let foreign = put(dir.path(), "README", 10, HOUR * 2);
        prune(dir.path(), 1000).unwrap();
        assert!(fresh.exists() && !old.exists());
        prune(dir.path(), 0).unwrap();
        assert!(foreign.exists());
        assert_eq!(
            contents(&dir.path().join("none")).unwrap(),
            Contents::default()
        );
    }
}
