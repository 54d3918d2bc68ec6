//! A policy: rules in order, and the images that they are for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::expression::Expression;
use crate::scope::Scope;

/// Rules that images are held against.
///
/// For each finding the rules about findings are asked in order, and the first that holds decides
/// it, so exceptions (`allow`) stand before what they are exceptions of. Rules about the image are
/// all asked and all count, until one that allows: what stands after it is not asked any more, not
/// about findings either. The strongest of what was decided is the outcome.
#[derive(Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The images that it is for.
    pub scope: Scope,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// Whether any rule asks about this variable, such as `secrets`.
    pub fn asks_about(&self, variable: &str) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.when.program().references().has_variable(variable))
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which is no other rule's.
    pub name: String,
    /// When it holds.
    pub when: Expression,
    /// What follows then.
    pub action: Action,
    /// What to tell people.
    pub message: Option<String>,
}

/// What follows when a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The image is to be stopped.
    Fail,
    /// Somebody should know.
    Warn,
    /// It is an exception from the rules that come after.
    Allow,
}

impl Action {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Fail => "fail",
            Action::Warn => "warn",
            Action::Allow => "allow",
        }
    }
}
