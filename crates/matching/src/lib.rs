//! Decides whether packages are affected by advisories: yes, no, or could not tell.
//!
//! The matcher reads a package, its distro and the advisory database. It never opens a layer, and
//! what it says about a package depends on the advisories that name that package only, so that
//! after an update only packages whose advisories changed have to be matched again.

mod builds;
mod coverage;
mod explain;
mod finding;
mod fix_state;
mod flavour;
mod group;
mod headers;
mod installed;
mod key;
mod matcher;
mod opinion;
mod range;
mod rating;
mod sort;
mod source;
mod subject;
mod verdict;

pub use coverage::image_coverage;
pub use explain::{
    ComparedAs, Comparison, Explanation, Outcome, RecordExplanation, Statement, explain,
};
pub use finding::{Cvss, Finding, Status};
pub use fix_state::FixState;
pub use key::{AdvisoryKey, RULES};
pub use matcher::{Matcher, PackageOutcome};
pub use verdict::Verdict;
