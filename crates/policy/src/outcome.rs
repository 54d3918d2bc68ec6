//! What a gate ends with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is said about an image in the end. Ordered: of several, the last one counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing stands against it.
    Pass,
    /// Something does that is no reason to stop it.
    Warn,
    /// Whether something stands against it could not be decided.
    Undetermined,
    /// It is to be stopped.
    Fail,
}

impl Outcome {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Undetermined => "undetermined",
            Outcome::Fail => "fail",
        }
    }
}
