//! Advisories: sources in, one compiled and verified file out, lookups in that file.
//!
//! Records in the OSV schema are read from the layout of the public bucket (files or HTTP),
//! reduced to what matching and reports need, and compiled into a [`Database`]: read-only, mapped
//! into memory, the same bytes for the same records. This crate never compares versions and never
//! decides whether a package is affected.

mod build;
mod bytes;
mod compile;
mod database;
mod error;
mod info;
mod osv;
mod record;
mod source;
mod update;

pub use build::{BuildError, BuildReport, UnreadableRecord, build};
pub use database::{
    Advisory, AdvisoryEntries, Cvss, DATABASE_FILE, Database, Entries, Entry, Event, Events, Range,
    RangeKind, Ranges, Relation, Strings, diff,
};
pub use error::DatabaseError;
pub use info::{Info, KnownExploitedInfo, SourceInfo};
pub use update::{
    EcosystemOutcome, EcosystemUpdate, PUBLIC_SOURCE, UpdateError, UpdateOptions, UpdateProgress,
    UpdateReport, update,
};
