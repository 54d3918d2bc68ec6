//! Workers and a scheduler on the embedded store and queue, with a registry that fails on demand.

// What panics here is a test that failed.
#![allow(clippy::unwrap_used)]

mod harness;

mod advisories;
mod bulk;
mod failures;
mod sharing;
mod takeover;
