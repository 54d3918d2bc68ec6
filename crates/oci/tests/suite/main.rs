//! Pulling, through the public interface only: from registries that fail on purpose, from a real
//! one, from layouts and archives.

mod access;
mod archives;
mod faults;
mod kinds;
mod layers;
mod real_registry;
mod support;
