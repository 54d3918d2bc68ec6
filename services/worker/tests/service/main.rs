//! Workers and a scheduler on the embedded store and queue, with a registry that fails on demand.

mod harness;

mod advisories;
mod failures;
mod sharing;
mod takeover;
