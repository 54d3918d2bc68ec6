//! Bitnami: SemVer, where a number after the dash is a revision of the release and follows it.

use std::cmp::Ordering;

use crate::natural::Number;
use crate::semver::{self, Identifier, SemverVersion};

/// A Bitnami version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitnamiVersion {
    version: SemverVersion,
    revision: Number,
}

pub fn parse(text: &str) -> Result<BitnamiVersion, &'static str> {
    let mut version = semver::parse(text)?;
    let mut revision = Number::default();
    if let [Identifier::Number(number)] = version.prerelease.as_slice() {
        revision = number.clone();
        version.prerelease.clear();
    }
    Ok(BitnamiVersion { version, revision })
}

impl Ord for BitnamiVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.version
            .cmp(&other.version)
            .then_with(|| self.revision.cmp(&other.revision))
    }
}

impl PartialOrd for BitnamiVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
