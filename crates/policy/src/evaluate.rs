//! Asks the rules of policies about one image.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cel::{Context, ExecutionError, Value};

use crate::decision::{DecidedFinding, Decision, PolicyDecision, RuleDecision};
use crate::facts::{Facts, FindingFacts, MAX_LIST};
use crate::outcome::Outcome;
use crate::policy::{Action, Policy, Rule};

/// How long the rules of all policies may take for one image, unless told.
pub const EVALUATION_TIME: Duration = Duration::from_secs(10);
/// Room for whoever walks through an expression.
const STACK: usize = 16 << 20;

/// Policies took longer than they may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationStopped {
    /// They took longer than they may.
    #[error(
        "the policies took longer than {} seconds for this image and were stopped; expressions over \
         lists in lists take longest",
        .0.as_secs()
    )]
    TookTooLong(Duration),
    /// The thread that asked them ended without an answer.
    #[error("the policies could not be evaluated")]
    Lost,
}

/// Asks policies about an image, on a thread of its own, and stops waiting after a while.
///
/// Nothing can stop an expression that runs, so whatever is `held` until it has ended bounds how many
/// can run at the same time.
pub fn decide_within<H: Send + 'static>(
    policies: Vec<Arc<Policy>>,
    facts: Facts,
    limit: Duration,
    held: H,
) -> Result<Decision, EvaluationStopped> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let evaluate = move || {
        let _held = held;
        // Nobody waits any more where this fails.
        let _ = sender.send(decide(&policies, &facts, Instant::now() + limit));
    };
    thread::Builder::new()
        .name("policies".to_owned())
        .stack_size(STACK)
        .spawn(evaluate)
        .map_err(|_| EvaluationStopped::Lost)?;
    match receiver.recv_timeout(limit) {
        Ok(Some(decision)) => Ok(decision),
        Ok(None) | Err(RecvTimeoutError::Timeout) => Err(EvaluationStopped::TookTooLong(limit)),
        Err(RecvTimeoutError::Disconnected) => Err(EvaluationStopped::Lost),
    }
}

/// `None` when it was still at it at the deadline.
fn decide(policies: &[Arc<Policy>], facts: &Facts, deadline: Instant) -> Option<Decision> {
    let mut context = Context::default();
    for (name, value) in &facts.variables {
        context.add_variable_from_value(*name, value.clone());
    }
    let decided: Option<Vec<_>> = policies
        .iter()
        .map(|policy| {
            let evaluation = Evaluation {
                policy,
                facts,
                context: &context,
                deadline,
            };
            evaluation.run()
        })
        .collect();
    let policies = decided?;
    Some(Decision {
        outcome: policies
            .iter()
            .map(|policy| policy.outcome)
            .max()
            .unwrap_or(Outcome::Pass),
        policies,
        complete: facts.complete,
        gaps: facts.gaps,
    })
}

struct Evaluation<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    context: &'a Context<'a, 'a>,
    deadline: Instant,
}

enum Answer {
    Holds,
    HoldsNot,
    Undetermined(String),
}

impl Evaluation<'_> {
    fn run(&self) -> Option<PolicyDecision> {
        let mut decision = PolicyDecision {
            policy: self.policy.name.clone(),
            outcome: Outcome::Pass,
            applies: self
                .policy
                .scope
                .covers(&self.facts.repositories, &self.facts.labels),
            rules: self.policy.rules.iter().map(unasked).collect(),
        };
        if !decision.applies {
            return Some(decision);
        }
        let asked = self.ask_about_image(&mut decision.rules)?;
        for finding in &self.facts.findings {
            self.ask_about_finding(finding, asked, &mut decision.rules)?;
        }
        decision.outcome = decision
            .rules
            .iter()
            .map(outcome_of)
            .max()
            .unwrap_or(Outcome::Pass);
        Some(decision)
    }

    /// Asks the rules about the image; how many rules there are up to one that allows it.
    fn ask_about_image(&self, decisions: &mut [RuleDecision]) -> Option<usize> {
        let rules = self.policy.rules.iter().zip(decisions).enumerate();
        for (index, (rule, decision)) in
            rules.filter(|(_, (rule, _))| !rule.when.is_about_findings())
        {
            match self.ask(rule, self.context)? {
                Answer::HoldsNot => {}
                Answer::Undetermined(reason) => decision.add_undetermined(None, reason),
                Answer::Holds => {
                    decision.holds = true;
                    if rule.action == Action::Allow {
                        return Some(index);
                    }
                }
            }
        }
        Some(self.policy.rules.len())
    }

    /// Asks the first `asked` rules about a finding, until one holds.
    fn ask_about_finding(
        &self,
        finding: &FindingFacts,
        asked: usize,
        decisions: &mut [RuleDecision],
    ) -> Option<()> {
        let mut context = self.context.new_inner_scope();
        context.add_variable_from_value("finding", finding.value.clone());
        let name = || DecidedFinding {
            id: finding.id.clone(),
            package: finding.package.clone(),
        };
        let rules = self.policy.rules.iter().zip(decisions).take(asked);
        for (rule, decision) in rules.filter(|(rule, _)| rule.when.is_about_findings()) {
            match self.ask(rule, &context)? {
                Answer::HoldsNot => {}
                Answer::Undetermined(reason) => decision.add_undetermined(Some(name()), reason),
                // Nobody is stopped for what may not even be there, nor let through silently.
                Answer::Holds if rule.action == Action::Fail && !finding.is_affected => {
                    let reason = "whether the package is affected could not be determined";
                    decision.add_undetermined(Some(name()), reason.to_owned());
                    break;
                }
                Answer::Holds => {
                    decision.findings.push(name());
                    break;
                }
            }
        }
        Some(())
    }

    fn ask(&self, rule: &Rule, context: &Context<'_, '_>) -> Option<Answer> {
        if Instant::now() >= self.deadline {
            return None;
        }
        Some(match rule.when.program().execute(context) {
            Ok(Value::Bool(true)) => Answer::Holds,
            Ok(Value::Bool(false)) => Answer::HoldsNot,
            Ok(other) => Answer::Undetermined(format!(
                "it gives {}, and not true or false",
                other.type_of()
            )),
            Err(error) => Answer::Undetermined(explain(&error)),
        })
    }
}

fn unasked(rule: &Rule) -> RuleDecision {
    RuleDecision {
        rule: rule.name.clone(),
        action: rule.action,
        message: rule.message.clone(),
        about_findings: rule.when.is_about_findings(),
        holds: false,
        findings: Vec::new(),
        undetermined: Vec::new(),
        undetermined_count: 0,
    }
}

fn outcome_of(rule: &RuleDecision) -> Outcome {
    match rule.action {
        Action::Fail if rule.decided() => Outcome::Fail,
        Action::Fail if rule.undetermined_count > 0 => Outcome::Undetermined,
        Action::Warn if rule.decided() => Outcome::Warn,
        Action::Fail | Action::Warn | Action::Allow => Outcome::Pass,
    }
}

/// Why an expression has no answer, in our words: the library's repeat whole values.
fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) if matches!(name.as_str(), "entries" | "paths") => {
            format!("{name} is not there, because it has more than {MAX_LIST} entries")
        }
        ExecutionError::NoSuchKey(name) => {
            format!("{name} is not known here; has(...) asks whether it is")
        }
        ExecutionError::UndeclaredReference(name) => match name.as_str() {
            "secrets" | "checks" => format!("{name} were not looked for, or are too many"),
            name => format!("{name} is not known"),
        },
        ExecutionError::NoSuchOverload(error) => {
            format!("{} does not fit what it is given", error.function())
        }
        ExecutionError::FunctionError { function, message } => {
            format!(
                "{function} fails: {}",
                message.chars().take(200).collect::<String>()
            )
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero".to_owned()
        }
        ExecutionError::IndexOutOfBounds(_) => {
            "it asks for an entry beyond a list's end".to_owned()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        _ => "its values do not fit together".to_owned(),
    }
}

#[cfg(test)]
mod tests;
