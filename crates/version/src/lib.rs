//! The version orders of every ecosystem, as documented total orders.
//!
//! This crate compares version strings and nothing else: it never reads a package, an advisory or
//! a file. A string that is not a version of its scheme is an error, never "older" or "newer".

mod scheme;

pub use scheme::{InvalidVersion, Scheme, UnknownScheme};
