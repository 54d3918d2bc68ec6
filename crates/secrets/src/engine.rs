//! Every rule's literals as one automaton.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::Regex;

use crate::rule::Rule;
use crate::rules::RULES;

/// The rules, ready to be looked for.
pub struct Engine {
    /// `None` only if the literals do not make an automaton, which a test rules out.
    pub keywords: Option<AhoCorasick>,
    /// The rule of each literal.
    owners: Vec<usize>,
    /// Built when a literal of the rule is first met: most runs meet few.
    expressions: Vec<OnceLock<Option<Regex>>>,
}

pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut literals: Vec<&str> = Vec::new();
    let mut owners = Vec::new();
    for (position, rule) in RULES.iter().enumerate() {
        literals.extend(rule.keywords);
        owners.resize(literals.len(), position);
    }
    let keywords = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(literals);
    Engine {
        keywords: keywords.ok(),
        owners,
        expressions: RULES.iter().map(|_| OnceLock::new()).collect(),
    }
});

impl Engine {
    /// The rule that has this literal, with its position and its expression.
    pub fn owner(&self, literal: usize) -> Option<(usize, &'static Rule)> {
        let position = *self.owners.get(literal)?;
        Some((position, RULES.get(position)?))
    }

    /// The expression of a rule.
    pub fn expression(&self, position: usize) -> Option<&Regex> {
        let cell = self.expressions.get(position)?;
        cell.get_or_init(|| RULES.get(position).and_then(Rule::regex))
            .as_ref()
    }
}
