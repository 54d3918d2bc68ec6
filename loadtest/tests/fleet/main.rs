//! Fleets in both stores: what the short cuts say is what matching every image by itself says.

// What panics here is a test that failed.
#![allow(clippy::unwrap_used)]

mod direct;
mod equality;
mod real;
mod records;
mod service;
mod stores;
