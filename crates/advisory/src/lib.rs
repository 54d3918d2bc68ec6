//! Advisories: sources in, one compiled and verified file out, lookups in that file.
//!
//! Records in the OSV schema are read from the layout of the public bucket (files or HTTP), those
//! of publishers' own feeds as they publish them,
//! reduced to what matching and reports need, and compiled into a [`Database`]: read-only, mapped
//! into memory, the same bytes for the same records. This crate never compares versions and never
//! decides whether a package is affected.

mod build;
mod bytes;
mod compile;
mod database;
mod disposition;
mod enrichment;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod info;
mod osv;
mod record;
mod source;
mod update;

pub use build::{BuildError, BuildReport, UnreadableRecord, build};
pub use database::{
    Advisory, AdvisoryEntries, Cvss, DATABASE_FILE, Database, Entries, Entry, Event, Events,
    ExploitPrediction, Range, RangeKind, Ranges, Relation, ReleaseEnd, Strings, diff, lookup_hash,
};
pub use disposition::Disposition;
pub use error::DatabaseError;
pub use info::{EnrichmentInfo, Info, SourceInfo};
pub use update::{
    EcosystemOutcome, EcosystemUpdate, OSV, PUBLIC_SOURCE, UpdateError, UpdateOptions,
    UpdateProgress, UpdateReport, update,
};

/// The feeds beside the OSV export, by name, with the address where each is published.
pub fn feeds() -> impl Iterator<Item = (&'static str, &'static str)> {
    source::FEEDS.iter().map(|feed| (feed.name, feed.address))
}
