//! rpm: its database in three formats, and the list that distroless images have instead.

mod bdb;
mod damage;
mod header;
mod manifest;
mod ndb;
mod package;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use scanyard_package::{CoverageKind, Limits};

use self::damage::{Damage, Order, Visit};
use self::header::Header;
use super::{Cataloger, Names};
use crate::layer::{DeclaredPackage, FileEvidence, Unknown};
use crate::path;

/// Where rpm keeps its database; the last is rpm-ostree's.
const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
/// The database in each format, the newest first.
const FILES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];
const WRITE_AHEAD_LOG: &str = "rpmdb.sqlite-wal";

/// The database.
pub struct Database;

impl Cataloger for Database {
    fn names(&self) -> Names {
        Names {
            files: &FILES,
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, file) = path::split_name(path);
        DIRECTORIES.contains(&directory) && FILES.contains(&file)
    }

    /// The headers hold every file's checksum: those of a desktop take hundreds of megabytes.
    fn most_bytes(&self, limits: &Limits) -> u64 {
        limits.database_bytes
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let mut reading = Reading::default();
        let outcome = read(content, &mut |header| reading.add(header));
        reading.finish(outcome)
    }
}

/// Visits every package header of a database, of whatever format.
fn read(database: &[u8], visit: Visit<'_>) -> Result<(), Damage> {
    if sqlite::is(database) {
        return sqlite::read(database, visit);
    }
    if ndb::is(database) {
        return ndb::read(database, visit);
    }
    match bdb::order(database) {
        Some(order) => bdb::read(database, order, visit),
        None => Err(Damage::Format),
    }
}

/// Packages of one database that are kept.
const MOST_PACKAGES: usize = 300_000;

/// What was read so far.
#[derive(Default)]
struct Reading {
    evidence: FileEvidence,
    /// How many entries could not be read, and what was wrong with the first.
    damaged: usize,
    first: Option<Damage>,
    paths: usize,
}

impl Reading {
    fn add(&mut self, header: Result<&[u8], Damage>) {
        if let Err(damage) = header.and_then(|header| self.add_header(header)) {
            self.damaged += 1;
            self.first.get_or_insert(damage);
        }
    }

    fn add_header(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        let header = Header::parse(bytes)?;
        let Some(declared) = package::read(&header)? else {
            return Ok(());
        };
        if self.evidence.packages.len() >= MOST_PACKAGES {
            return Err(Damage::Many);
        }
        // The package is there, whatever is wrong with the list of its files.
        let mut owned = Vec::new();
        let outcome = package::read_files(&header, &mut owned, package::MOST_PATHS - self.paths);
        self.paths += owned.len();
        self.evidence
            .packages
            .push(DeclaredPackage { owned, ..declared });
        outcome
    }

    fn finish(mut self, outcome: Result<(), Damage>) -> FileEvidence {
        let detail = match (outcome, self.first) {
            (Err(damage), _) => {
                format!("the rpm database cannot be read, or not to its end: {damage}")
            }
            (Ok(()), Some(damage)) => format!(
                "entries of the rpm database that cannot be read: {}, the first because {damage}",
                self.damaged
            ),
            (Ok(()), None) => return self.evidence,
        };
        self.evidence.unknowns.push(Unknown {
            kind: CoverageKind::UnreadableFile,
            detail,
        });
        self.evidence
    }
}

/// Changes that SQLite has not yet put into the database beside it.
pub struct WriteAheadLog;

impl Cataloger for WriteAheadLog {
    fn names(&self) -> Names {
        Names {
            files: &[WRITE_AHEAD_LOG],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, file) = path::split_name(path);
        DIRECTORIES.contains(&directory) && file == WRITE_AHEAD_LOG
    }

    fn most_bytes(&self, limits: &Limits) -> u64 {
        limits.database_bytes
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        if !holds_changes(content) {
            return FileEvidence::default();
        }
        let detail = "rpm was stopped before its last changes were in the database; \
            they are in this log, which was not read";
        FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
    }
}

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const LOG_PAGE_SIZE_AT: usize = 8;
const LOG_SALT_AT: usize = 16;
const FRAME_COMMIT_AT: usize = 4;
const FRAME_SALT_AT: usize = 8;

/// Whether a frame of the log ends a transaction of the log's own time: SQLite begins the log
/// anew without emptying it, and leaves old frames behind.
fn holds_changes(log: &[u8]) -> bool {
    let Ok(page_size) = Order::Big.size(log, LOG_PAGE_SIZE_AT) else {
        return false;
    };
    let (Some(salt), Some(frames)) = (log.get(LOG_SALT_AT..LOG_SALT_AT + 8), log.get(LOG_HEADER..))
    else {
        return false;
    };
    let length = page_size.saturating_add(FRAME_HEADER);
    let mut frames = frames.chunks_exact(length);
    frames.any(|frame| {
        let commit = Order::Big.u32(frame, FRAME_COMMIT_AT);
        frame.get(FRAME_SALT_AT..FRAME_SALT_AT + 8) == Some(salt) && commit != Ok(0)
    })
}

/// The list of a distroless image.
pub struct Manifest;

impl Cataloger for Manifest {
    fn names(&self) -> Names {
        Names {
            files: &["container-manifest-2"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path == "var/lib/rpmmanifest/container-manifest-2"
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let (packages, odd) = manifest::read(&String::from_utf8_lossy(content));
        let mut evidence = FileEvidence::of_packages(packages);
        if odd > 0 {
            let detail = format!("lines of the package list that cannot be read: {odd}");
            evidence.unknowns.push(Unknown {
                kind: CoverageKind::UnreadableFile,
                detail,
            });
        }
        evidence
    }
}

/// Databases that rpm has left behind, of those that stand in an image: the ones beside a newer
/// format. rpm changes the format in one direction, and only a rebuild that was not finished
/// leaves both. Databases in different directories are all believed: which one is in use is
/// written in macros that we do not read, and as a rule the others are links to it.
///
/// `packages` says how many packages a database names: one that names none hides none.
pub fn left_behind<'p>(databases: impl Iterator<Item = (&'p str, usize)>) -> BTreeSet<&'p str> {
    let mut standing: Vec<_> = databases
        .filter_map(|(path, packages)| {
            let (directory, file) = path::split_name(path);
            let age = FILES.iter().position(|known| *known == file)?;
            let is_database = DIRECTORIES.contains(&directory);
            is_database.then_some((directory, age, path, packages))
        })
        .collect();
    standing.sort_unstable();
    let mut current = None;
    let mut stale = BTreeSet::new();
    for (directory, _, path, packages) in standing {
        if current == Some(directory) {
            stale.insert(path);
        } else if packages > 0 {
            current = Some(directory);
        }
    }
    stale
}
