//! What is known of flaws and releases beside advisories: exploitation and ends of support.

mod epss;
mod known_exploited;
mod lifecycle;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub(crate) use epss::{Epss, cve_key};
pub(crate) use known_exploited::KnownExploited;
pub(crate) use lifecycle::Lifecycles;

/// Everything that is compiled beside the records. Empty where no source was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Enrichment {
    pub(crate) known_exploited: KnownExploited,
    pub(crate) epss: Epss,
    pub(crate) lifecycles: Lifecycles,
    /// When the files of each feed were last changed by their publisher: many feeds date nothing.
    pub(crate) dates: BTreeMap<&'static str, DateTime<Utc>>,
}
