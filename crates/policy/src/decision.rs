//! What policies say about one image, and which rule decided on what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::Outcome;
use crate::policy::Action;

/// What all policies together say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// The strongest of what they say.
    pub outcome: Outcome,
    /// Each of them.
    pub policies: Vec<PolicyDecision>,
    /// Whether the image was assessed completely. It changes no outcome by itself: a rule can ask.
    pub complete: bool,
    /// How much could not be assessed.
    pub gaps: usize,
}

/// What one policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDecision {
    /// Its name.
    pub policy: String,
    /// What it says.
    pub outcome: Outcome,
    /// Whether it is meant for this image.
    pub applies: bool,
    /// Its rules, in order.
    pub rules: Vec<RuleDecision>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleDecision {
    /// Its name.
    pub rule: String,
    /// What follows when it holds.
    pub action: Action,
    /// What to tell people.
    pub message: Option<String>,
    /// Whether it is asked for each finding.
    pub about_findings: bool,
    /// Whether it holds for the image; false for one about findings.
    pub holds: bool,
    /// The findings that it decided, by id and package.
    pub findings: Vec<DecidedFinding>,
    /// Where it could not be decided, and why; at most a hundred.
    pub undetermined: Vec<Undecided>,
    /// In how many places it could not be decided.
    pub undetermined_count: usize,
}

/// A finding that a rule decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct DecidedFinding {
    /// The vulnerability.
    pub id: String,
    /// The package's purl.
    pub package: String,
}

/// Where a rule could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Undecided {
    /// The finding; `None` where it is about the image.
    pub finding: Option<DecidedFinding>,
    /// Why.
    pub reason: String,
}

/// Reasons that are kept for a rule; the rest are counted.
pub(crate) const MAX_UNDETERMINED: usize = 100;

impl RuleDecision {
    /// Whether it decided anything.
    pub fn decided(&self) -> bool {
        self.holds || !self.findings.is_empty()
    }

    pub(crate) fn add_undetermined(&mut self, finding: Option<DecidedFinding>, reason: String) {
        self.undetermined_count += 1;
        if self.undetermined.len() < MAX_UNDETERMINED {
            self.undetermined.push(Undecided { finding, reason });
        }
    }
}
