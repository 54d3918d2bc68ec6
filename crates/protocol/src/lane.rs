//! Two lanes, so that mass work never delays a pipeline that waits for its gate.

use std::fmt;
use std::str::FromStr;

/// Who waits for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits: a pipeline, a person.
    Interactive,
    /// Nobody in particular waits: bulk submissions, rescans.
    Bulk,
}

impl Lane {
    /// Every lane, the more urgent first.
    pub const ALL: [Lane; 2] = [Lane::Interactive, Lane::Bulk];

    /// The lane's name in API, SQL, subjects and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Lane::Interactive => "interactive",
            Lane::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown lane {0:?}; one of interactive, bulk")]
pub struct UnknownLane(pub String);

impl FromStr for Lane {
    type Err = UnknownLane;

    fn from_str(name: &str) -> Result<Self, UnknownLane> {
        Lane::ALL
            .into_iter()
            .find(|lane| lane.name() == name)
            .ok_or_else(|| UnknownLane(name.to_owned()))
    }
}
