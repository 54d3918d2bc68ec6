//! Compiles records into one read-only file, byte for byte the same for the same records.

/// Bits that say which optional parts an entry has.
pub(crate) mod entry_flags {
    pub(crate) const VERSIONS: u64 = 1;
    pub(crate) const RATING: u64 = 2;
    pub(crate) const URGENCY: u64 = 4;
    pub(crate) const ONLY_GIT: u64 = 8;
    pub(crate) const CUSTOM_RANGES: u64 = 16;
}

/// Bits that say which optional parts an advisory has.
pub(crate) mod advisory_flags {
    pub(crate) const PUBLISHED: u64 = 1;
    pub(crate) const WITHDRAWN: u64 = 2;
    pub(crate) const SOURCE: u64 = 4;
    pub(crate) const KNOWN_EXPLOITED: u64 = 8;
}
