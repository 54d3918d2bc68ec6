//! Checks that an image does not pass, in its report.

use std::cmp::Reverse;

use scanyard_hygiene::FailedCheck;
use scanyard_package::Severity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::as_text;

/// A check that the image does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportCheck)]
pub struct Check {
    /// Its id.
    pub id: String,
    /// What is wrong, for people.
    pub title: String,
    /// How bad it is, as one word.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub severity: Severity,
    /// What speaks for it: paths, steps of the build, names of variables. Never a value.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

/// The checks, worst first.
pub fn checks(failed: impl Iterator<Item = FailedCheck>) -> Vec<Check> {
    let mut checks: Vec<_> = failed.map(check).collect();
    checks.sort_by(|a, b| (Reverse(a.severity), &a.id).cmp(&(Reverse(b.severity), &b.id)));
    checks
}

fn check(failed: FailedCheck) -> Check {
    let facts = scanyard_hygiene::check(&failed.id);
    Check {
        title: facts.map_or_else(|| failed.id.clone(), |facts| facts.title.to_owned()),
        severity: facts.map_or(Severity::Unknown, |facts| facts.severity),
        remedy: facts.map_or_else(String::new, |facts| facts.remedy.to_owned()),
        id: failed.id,
        evidence: failed.evidence,
    }
}
