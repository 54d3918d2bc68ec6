//! A cluster of real processes on a real Postgres and a real NATS, and a registry that counts.

#![allow(clippy::unwrap_used)]

mod cluster;
#[path = "../traces/collector.rs"]
mod collector;
mod faults;
mod images;
mod lanes;
mod sharing;
mod traces;
