//! Decides whether packages are affected by advisories: yes, no, or could not tell.
//!
//! The matcher reads a package, its distro and the advisory database. It never opens a layer.

mod finding;

pub use finding::{Cvss, Finding, Status};
