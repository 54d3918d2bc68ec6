//! A compiled revision: open, look up, verify.

mod advisory;
mod diff;
mod entry;
mod exploitation;
mod image;
pub(crate) mod layout;
mod lifecycle;
mod strings;
pub(crate) mod table;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use scanyard_package::Ecosystem;

pub use advisory::{Advisory, AdvisoryEntries, Cvss, Relation};
pub use diff::diff;
pub use entry::{Entries, Entry, Event, Events, Range, RangeKind, Ranges};
pub use exploitation::ExploitPrediction;
pub use lifecycle::ReleaseEnd;
pub use strings::Strings;

use crate::bytes::Reader;
use crate::error::DatabaseError;
use crate::info::Info;
use image::Image;
use lifecycle::ReleaseEnds;

/// The name of the database's file in a database directory.
pub const DATABASE_FILE: &str = "advisories.db";

/// The hash of what advisories are looked up by: the same on every machine. `name` is normalised as
/// its ecosystem does ([`Ecosystem::normalize_name`]).
pub fn lookup_hash(ecosystem: &Ecosystem, name: &str) -> u64 {
    table::hash([ecosystem.name(), name])
}

/// A compiled revision of the advisories, mapped into memory.
///
/// Cheap to clone; clones share the mapping. Opening checks the header and the table of block
/// digests; every block is checked when it is first touched. A lookup that touches an altered
/// block ends early, so a caller that reports what it found must call
/// [`Database::ensure_intact`] first.
#[derive(Clone)]
pub struct Database {
    image: Arc<Image>,
    info: Arc<Info>,
    release_ends: Arc<ReleaseEnds>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("revision", &self.info.revision)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database file, or the one named [`DATABASE_FILE`] in a directory.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let image = if path.is_dir() {
            Image::open(&path.join(DATABASE_FILE))?
        } else {
            Image::open(path)?
        };
        let info = image
            .slice(image.layout.info, 0, image.layout.info.length)
            .and_then(|bytes| Info::decode(bytes, image.revision, image.layout.file_length))
            .ok_or_else(|| image.altered_error("what it says about itself"))?;
        let lifecycles = image.layout.lifecycles;
        let release_ends = image
            .slice(lifecycles, 0, lifecycles.length)
            .and_then(lifecycle::read)
            .ok_or_else(|| image.altered_error("the ends of releases"))?;
        Ok(Self {
            image: Arc::new(image),
            info: Arc::new(info),
            release_ends: Arc::new(release_ends),
        })
    }

    /// What the revision says about itself.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What advisories say about the package of this name, normalised as its ecosystem does
    /// ([`Ecosystem::normalize_name`]); of withdrawn advisories too.
    pub fn entries(&self, ecosystem: &Ecosystem, name: &str) -> Entries<'_> {
        let layout = &self.image.layout;
        let hash = lookup_hash(ecosystem, name);
        table::candidates(&self.image, layout.keys, hash)
            .find_map(|place| {
                let group = entry::Group::read(&self.image, place)?;
                let found = self.image.text(group.ecosystem) == ecosystem.name()
                    && self.image.text(group.name) == name;
                found.then(|| group.entries(&self.image))
            })
            .unwrap_or_default()
    }

    /// The advisories of this id, and those that name it as an alias or as their upstream, in
    /// order of their ids; withdrawn ones too.
    pub fn advisories(&self, id: &str) -> Vec<Advisory<'_>> {
        self.mentions(id)
            .into_iter()
            .filter(|(relation, _)| *relation != Relation::Related)
            .map(|(_, advisory)| advisory)
            .collect()
    }

    /// The advisories that name this id in any way, with the closest way of each. AlmaLinux lists
    /// the flaws that an advisory fixes as related.
    pub fn mentions(&self, id: &str) -> Vec<(Relation, Advisory<'_>)> {
        let layout = &self.image.layout;
        table::candidates(&self.image, layout.ids, table::hash([id, ""]))
            .find_map(|place| {
                let mut posting = Reader(self.image.framed(layout.postings, place)?);
                if self.image.text(posting.varint()?) != id {
                    return None;
                }
                let mut found = Vec::new();
                while let Some(mention) = posting.varint() {
                    let advisory = Advisory::read(&self.image, mention >> 2);
                    found.extend(advisory.map(|advisory| (Relation::of_bits(mention), advisory)));
                }
                Some(found)
            })
            .unwrap_or_default()
    }

    /// Every advisory, in order of their ids.
    pub fn all_advisories(&self) -> impl Iterator<Item = Advisory<'_>> {
        // What a file says of itself is no bound.
        let held = self.image.layout.advisory_index.length / 8;
        (0..self.info.records.min(held)).filter_map(|number| Advisory::read(&self.image, number))
    }

    /// Every (ecosystem, name) with its entries, in order.
    pub fn keys(&self) -> impl Iterator<Item = (Ecosystem, &str, Entries<'_>)> {
        entry::groups(&self.image).map(|(_, group)| {
            (
                Ecosystem::new(self.image.text(group.ecosystem)),
                self.image.text(group.name),
                group.entries(&self.image),
            )
        })
    }

    /// Whether any advisory speaks of this release (`Debian:12`), or of any release of this
    /// family if that is all that is asked for (`Debian`).
    pub fn has_ecosystem(&self, ecosystem: &Ecosystem) -> bool {
        let asked = ecosystem.name();
        self.info.ecosystems.iter().any(|(name, _)| {
            name == asked
                || (asked == ecosystem.family()
                    && name
                        .strip_prefix(asked)
                        .is_some_and(|rest| rest.starts_with(':')))
        })
    }

    /// Fails if anything read so far through this database was altered after it was written.
    ///
    /// To be called before what was looked up is reported: altered content reads as absent.
    pub fn ensure_intact(&self) -> Result<(), DatabaseError> {
        self.image.ensure_intact()
    }

    /// Writes the whole file to another place, at once or not at all. The mapping is what is
    /// written, so the file that was opened may be gone.
    pub fn copy_to(&self, path: &Path) -> std::io::Result<()> {
        self.image.copy_to(path)
    }

    /// Reads the whole file and fails if any byte of it was altered.
    pub fn verify(&self) -> Result<(), DatabaseError> {
        self.image.verify()
    }
}
