//! The store port: what is true about scans, images, layers, package sets and matches.
//!
//! Two adapters: SQLite for one machine, Postgres for a cluster. A role never asks which of them it
//! talks to. Every tenant-owned row carries its tenant; layers, package sets and matches are
//! content-addressed and shared.

mod error;
mod port;

pub use error::StoreError;
pub use port::*;
