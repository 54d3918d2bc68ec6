//! The store port: what is true about scans, images, layers, package sets and matches.
//!
//! Two adapters: SQLite for one machine, Postgres for a cluster. A role never asks which of them it
//! talks to. Every tenant-owned row carries its tenant; layers, package sets and matches are
//! content-addressed and shared.

mod bulk_share;
mod change_words;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod garbage_conditions;
mod garbage_forecast;
mod jobs;
mod notice_making;
mod notices;
mod port;
mod postgres;
mod questions;
mod settings;
mod sqlite;
mod stored_counts;
mod stored_document;
mod stored_finding;
mod stored_hook;
mod stored_inventory;
mod stored_notification;
mod stored_package;
mod stored_registry;
mod stored_rejections;
mod stored_tags;
mod words;

pub use error::StoreError;
pub use notices::ScanNotice;
pub use port::*;
pub use postgres::{PostgresSettings, PostgresStore};
pub use scanyard_package::matches_name;
pub use settings::StoreSettings;
pub use sqlite::SqliteStore;
