//! The version orders of every ecosystem, as documented total orders.
//!
//! This crate compares version strings and nothing else: it never reads a package, an advisory or
//! a file. A string that is not a version of its scheme is an error, never "older" or "newer".

mod apk;
mod bitnami;
mod deb;
mod go;
mod integers;
mod jvm;
mod maven;
mod natural;
mod nuget;
mod packagist;
mod pacman;
mod portage;
mod range;
mod rpm;
mod rubygems;
mod scheme;
mod semver;
mod version;

pub use range::{InvalidRange, VersionRange};
pub use scheme::{InvalidVersion, Scheme, UnknownScheme};
pub use version::{Version, compare};
