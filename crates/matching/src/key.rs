//! What a package's outcome depends on.

use scanyard_advisory::lookup_hash;
use scanyard_package::Ecosystem;

/// The version of the matching rules. To be raised whenever the same package and the same advisories
/// give another outcome, or are looked up under other keys: stored outcomes are then made anew.
pub const RULES: i64 = 2;

/// An ecosystem and a package name in it, under which advisories are looked up; hashed, so that it
/// can be stored and indexed. Two names of one hash are only matched more often than needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdvisoryKey(pub i64);

impl AdvisoryKey {
    /// The key of a name, which need not be normalised.
    pub fn of(ecosystem: &Ecosystem, name: &str) -> Self {
        let name = ecosystem.normalize_name(name);
        Self(lookup_hash(ecosystem, &name).cast_signed())
    }
}
