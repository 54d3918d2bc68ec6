//! Decisions in words.

use std::fmt::{self, Write};

use crate::decision::{DecidedFinding, PolicyDecision, RuleDecision};
use crate::policy::Action;

/// Findings that a sentence names; the rest it counts.
const EXAMPLES: usize = 5;

impl PolicyDecision {
    /// What was decided, a line for each rule that decided anything or could not; with `all`, for
    /// every rule.
    pub fn describe(&self, all: bool) -> String {
        let mut text = format!("policy {}: {}", self.policy, self.outcome.name());
        if !self.applies {
            text.push_str(", as it is not meant for this image");
        }
        for rule in self.rules.iter().filter(|_| self.applies) {
            // Writing to a string does not fail.
            let _ = rule.write(&mut text, all);
        }
        text
    }
}

impl RuleDecision {
    fn write(&self, text: &mut String, all: bool) -> fmt::Result {
        let told = self.decided() && (all || self.action != Action::Allow);
        if told {
            let verb = match self.action {
                Action::Fail => "fails",
                Action::Warn => "warns",
                Action::Allow => "allows",
            };
            write!(text, "\n  {} {verb}: {}", self.rule, self.subject())?;
            if let Some(message) = &self.message {
                write!(text, "\n    {message}")?;
            }
        } else if all && self.undetermined_count == 0 {
            write!(
                text,
                "\n  {} ({}) decides nothing",
                self.rule,
                self.action.name()
            )?;
        }
        if self.undetermined_count > 0 && (all || self.action == Action::Fail) {
            write!(
                text,
                "\n  {} ({}) could not be decided",
                self.rule,
                self.action.name()
            )?;
            let named = self
                .undetermined
                .iter()
                .filter_map(|undecided| undecided.finding.as_ref());
            let names = names(named, self.undetermined_count);
            if !names.is_empty() {
                write!(text, " for {}: {names}", count(self.undetermined_count))?;
            }
            if let Some(first) = self.undetermined.first() {
                write!(text, "\n    {}", first.reason)?;
            }
        }
        Ok(())
    }

    fn subject(&self) -> String {
        match self.about_findings {
            false => "the image".to_owned(),
            true => {
                let names = names(self.findings.iter(), self.findings.len());
                format!("{}: {names}", count(self.findings.len()))
            }
        }
    }
}

fn count(number: usize) -> String {
    let noun = if number == 1 { "finding" } else { "findings" };
    format!("{number} {noun}")
}

/// `CVE-1 in pkg:npm/a@1, CVE-2 in ... and 3 more`.
fn names<'a>(findings: impl Iterator<Item = &'a DecidedFinding>, number: usize) -> String {
    let name = |finding: &DecidedFinding| format!("{} in {}", finding.id, finding.package);
    let named: Vec<_> = findings.take(EXAMPLES).map(name).collect();
    let rest = number.saturating_sub(named.len());
    match (named.is_empty(), rest) {
        (true, _) => String::new(),
        (false, 0) => named.join(", "),
        (false, rest) => format!("{} and {rest} more", named.join(", ")),
    }
}
