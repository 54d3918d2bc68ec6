//! Which images something is meant for.

use std::collections::BTreeMap;

use scanyard_package::matches_name;
use serde::{Deserialize, Serialize};

/// The images that a policy or a waiver is meant for: all of them unless told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Patterns of repositories, of which one has to describe one of the image's; any without.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Labels that the image has to have.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Most patterns and labels.
const MAX_ENTRIES: usize = 100;
/// Longest pattern or label.
const MAX_LENGTH: usize = 512;

impl Scope {
    /// Whether an image in these repositories with these labels is meant.
    pub fn covers(&self, repositories: &[String], labels: &BTreeMap<String, String>) -> bool {
        let reached = |pattern: &String| {
            repositories
                .iter()
                .any(|repository| matches_name(pattern, repository))
        };
        let has = |(name, value): (&String, &String)| labels.get(name) == Some(value);
        (self.repositories.is_empty() || self.repositories.iter().any(reached))
            && self.labels.iter().all(has)
    }

    /// Says what is too much about it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.repositories.len() > MAX_ENTRIES || self.labels.len() > MAX_ENTRIES {
            return Err("a scope has at most 100 repositories and 100 labels");
        }
        let labels = self.labels.iter().flat_map(|(name, value)| [name, value]);
        if self
            .repositories
            .iter()
            .chain(labels)
            .any(|text| text.len() > MAX_LENGTH)
        {
            return Err("patterns and labels of a scope have at most 512 bytes");
        }
        Ok(())
    }
}
