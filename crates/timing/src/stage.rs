//! What a thread can be doing.

use std::fmt;

/// A part of the work of a scan, in the order in which they come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// From a source's name to manifest and config.
    Resolve,
    /// Looking up and keeping inventories of layers.
    Cache,
    /// Waiting for bytes of a blob from the registry or the disk.
    Fetch,
    /// Computing blob digest and diff ID.
    Hash,
    /// Decompressing.
    Decompress,
    /// Of the two threads of a layer, one waiting for the other.
    Wait,
    /// Walking the headers of the tar, and passing over what nobody reads.
    Walk,
    /// Collecting a file that a cataloger wants whole.
    Capture,
    /// A cataloger at work, by its name.
    Catalog(&'static str),
    /// Laying the layers over each other.
    Fold,
    /// Opening the advisory database.
    Open,
    /// Matching packages.
    Match,
    /// Applying waivers and VEX, and deciding by policies.
    Policy,
    /// Writing the report.
    Report,
}

impl Stage {
    /// What the stage is called; catalogers share one name.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Resolve => "resolve",
            Stage::Cache => "cache",
            Stage::Fetch => "fetch",
            Stage::Hash => "hash",
            Stage::Decompress => "decompress",
            Stage::Wait => "wait",
            Stage::Walk => "walk",
            Stage::Capture => "capture",
            Stage::Catalog(_) => "catalog",
            Stage::Fold => "fold",
            Stage::Open => "open",
            Stage::Match => "match",
            Stage::Policy => "policy",
            Stage::Report => "report",
        }
    }

    /// Which cataloger it is.
    pub fn cataloger(self) -> Option<&'static str> {
        match self {
            Stage::Catalog(cataloger) => Some(cataloger),
            _ => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cataloger() {
            Some(cataloger) => f.pad(&format!("{} {cataloger}", self.name())),
            None => f.pad(self.name()),
        }
    }
}
