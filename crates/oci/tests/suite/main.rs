//! Pulling, through the public interface only: from registries that fail on purpose, from a real
//! one, from layouts and archives.

// What fails here fails a test, and the panic says where.
#![allow(clippy::unwrap_used)]

mod access;
mod archives;
mod faults;
mod kinds;
mod layers;
mod listing;
mod real_registry;
mod support;
