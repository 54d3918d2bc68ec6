//! The gate by severity and completeness.

use std::fmt;

use scanyard_package::Severity;
use scanyard_report::{Finding, Report};

use crate::outcome::Outcome;

/// Findings that a verdict names; the rest it counts.
const EXAMPLES: usize = 5;

/// What an image must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gate {
    /// Fail on affected findings of this severity or worse.
    pub fail_on: Option<Severity>,
    /// Fail on any secret that is no example.
    pub fail_on_secrets: bool,
    /// Fail on checks of this severity or worse that are not passed.
    pub fail_on_checks: Option<Severity>,
    /// Do not pass an image of which anything could not be assessed.
    pub require_complete: bool,
}

/// What a gate says about one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that the gate asks about stands against the image.
    Passed,
    /// Findings reach the gate's severity. It outranks incompleteness: what is known to be bad
    /// stays bad, whatever else a complete scan would find.
    Failed {
        /// The gate's severity.
        fail_on: Severity,
        /// The worst severity found.
        worst: Severity,
        /// Findings at the gate's severity or worse.
        count: usize,
        /// Ids of the worst of them.
        examples: Vec<String>,
    },
    /// Secrets are in the image.
    Secrets {
        /// How many.
        count: usize,
        /// Where the worst of them are.
        places: Vec<String>,
    },
    /// Checks are not passed.
    Checks {
        /// The gate's severity.
        fail_on: Severity,
        /// Ids of those at the gate's severity or worse.
        ids: Vec<String>,
    },
    /// The gate asks about something that the report does not say.
    NotLookedFor {
        /// What.
        what: &'static str,
    },
    /// The image could not be assessed completely.
    Incomplete {
        /// Coverage entries and undetermined findings.
        gaps: usize,
    },
}

impl Gate {
    /// Judges an image by its report.
    ///
    /// Undetermined findings do not reach any severity, because nobody says that they affect the
    /// image; they make it incomplete instead.
    pub fn evaluate(&self, report: &Report) -> Verdict {
        if let Some(failed) = self
            .fail_on
            .and_then(|severity| judge_severity(report, severity))
        {
            return failed;
        }
        let hygiene = self
            .judge_secrets(report)
            .into_iter()
            .chain(self.judge_checks(report));
        // What is known to be bad comes before what is not known.
        if let Some(verdict) = hygiene.min_by_key(|verdict| !verdict.is_failure()) {
            return verdict;
        }
        if self.require_complete && !report.summary.complete {
            let gaps = report.coverage.len() + report.summary.undetermined;
            return Verdict::Incomplete { gaps };
        }
        Verdict::Passed
    }

    fn judge_secrets(&self, report: &Report) -> Option<Verdict> {
        if !self.fail_on_secrets {
            return None;
        }
        let Some(secrets) = &report.secrets else {
            return Some(Verdict::NotLookedFor { what: "secrets" });
        };
        let real = || secrets.iter().filter(|secret| secret.example.is_none());
        let count = real().count();
        let places = real()
            .take(EXAMPLES)
            .map(scanyard_report::Secret::place)
            .collect();
        (count > 0).then_some(Verdict::Secrets { count, places })
    }

    fn judge_checks(&self, report: &Report) -> Option<Verdict> {
        let fail_on = self.fail_on_checks?;
        let Some(checks) = &report.checks else {
            return Some(Verdict::NotLookedFor { what: "checks" });
        };
        let reaching = checks.iter().filter(|check| check.severity >= fail_on);
        let ids: Vec<_> = reaching.map(|check| check.id.clone()).collect();
        (!ids.is_empty()).then_some(Verdict::Checks { fail_on, ids })
    }
}

impl Verdict {
    /// What it comes to.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Verdict::Passed => Outcome::Pass,
            Verdict::Failed { .. } | Verdict::Secrets { .. } | Verdict::Checks { .. } => {
                Outcome::Fail
            }
            Verdict::NotLookedFor { .. } | Verdict::Incomplete { .. } => Outcome::Undetermined,
        }
    }

    /// Whether something known stands against the image.
    pub fn is_failure(&self) -> bool {
        self.outcome() == Outcome::Fail
    }
}

fn judge_severity(report: &Report, fail_on: Severity) -> Option<Verdict> {
    let reaching = || {
        report
            .findings
            .iter()
            .filter(move |finding| finding.is_affected() && finding.severity >= fail_on)
    };
    let worst = reaching().map(|finding| finding.severity).max()?;
    Some(Verdict::Failed {
        fail_on,
        worst,
        count: reaching().count(),
        examples: examples(reaching()),
    })
}

/// Findings come worst first, and a flaw in several packages is named once.
fn examples<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let mut examples = Vec::<String>::new();
    for finding in findings {
        if examples.len() == EXAMPLES {
            break;
        }
        if !examples.contains(&finding.id) {
            examples.push(finding.id.clone());
        }
    }
    examples
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Passed => f.write_str("gate passed"),
            Verdict::Failed {
                fail_on,
                worst,
                count,
                examples,
            } => {
                let noun = if *count == 1 { "finding" } else { "findings" };
                write!(
                    f,
                    "gate failed: {count} {noun} of severity {fail_on} or worse, the worst {worst}: {}",
                    examples.join(", ")
                )
            }
            Verdict::Secrets { count, places } => {
                let noun = if *count == 1 { "secret" } else { "secrets" };
                write!(f, "gate failed: {count} {noun}: {}", places.join(", "))
            }
            Verdict::Checks { fail_on, ids } => {
                let (number, noun) = (ids.len(), if ids.len() == 1 { "check" } else { "checks" });
                write!(
                    f,
                    "gate failed: {number} {noun} of severity {fail_on} or worse not passed: {}",
                    ids.join(", ")
                )
            }
            Verdict::NotLookedFor { what } => {
                write!(
                    f,
                    "incomplete: the gate asks about {what}, which were not looked for"
                )
            }
            Verdict::Incomplete { gaps } => {
                let noun = if *gaps == 1 { "gap" } else { "gaps" };
                write!(
                    f,
                    "incomplete: {gaps} {noun} in what could be assessed, and the gate requires none"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report with findings `(id, severity, status)` and one coverage entry, or none.
    fn report(findings: &[(&str, &str, &str)], gap: bool) -> Report {
        let undetermined = findings
            .iter()
            .filter(|(_, _, s)| *s == "undetermined")
            .count();
        let findings: Vec<_> = findings
            .iter()
            .map(|(id, severity, status)| {
                serde_json::json!({
                    "id": id, "aliases": [], "package": "pkg:npm/a@1", "severity": severity,
                    "cvss": null, "status": status, "reason": "", "urgency": null,
                    "fixed_versions": [], "advisory": id, "layer": null, "paths": [],
                    "published": null, "modified": null,
                })
            })
            .collect();
        let coverage = serde_json::json!([{"kind": "end_of_life", "subject": "a", "detail": "b"}]);
        serde_json::from_value(serde_json::json!({
            "schema_version": "1.0", "source": "a", "image": null, "distro": null,
            "advisories": null, "packages": [], "findings": findings,
            "coverage": if gap { coverage } else { serde_json::json!([]) },
            "summary": {
                "critical": 0, "high": 0, "medium": 0, "low": 0, "negligible": 0, "unknown": 0,
                "undetermined": undetermined, "complete": !gap && undetermined == 0,
            },
        }))
        .unwrap()
    }

    fn gate(fail_on: Option<Severity>, require_complete: bool) -> Gate {
        Gate {
            fail_on,
            require_complete,
            ..Gate::default()
        }
    }

    #[test]
    fn a_secret_that_is_no_example_fails_the_gate_that_asks_for_it() {
        let gate = Gate {
            fail_on_secrets: true,
            ..Gate::default()
        };
        let mut report = report(&[], false);
        let unknown = Verdict::NotLookedFor { what: "secrets" };
        assert_eq!(gate.evaluate(&report), unknown);
        let secret = |example: Option<&str>| {
            serde_json::from_value(serde_json::json!({
                "rule": "a", "title": "a", "severity": "high", "path": "app/.env", "config": null,
                "line": 3, "excerpt": "****", "layer": null, "deleted": false, "example": example,
            }))
            .unwrap()
        };
        report.secrets = Some(vec![secret(Some("test"))]);
        assert_eq!(gate.evaluate(&report), Verdict::Passed);
        report.secrets = Some(vec![secret(None), secret(Some("test"))]);
        assert_eq!(
            gate.evaluate(&report).to_string(),
            "gate failed: 1 secret: app/.env:3"
        );
    }

    #[test]
    fn a_check_fails_the_gate_from_its_severity_on_and_outranks_what_is_not_known() {
        let mut gate = Gate {
            fail_on_secrets: true,
            fail_on_checks: Some(Severity::Medium),
            ..Gate::default()
        };
        let mut report = report(&[], false);
        report.checks = serde_json::from_value(serde_json::json!([{
            "id": "runs-as-root", "title": "", "severity": "medium", "evidence": [], "remedy": "",
        }]))
        .unwrap();
        let verdict = gate.evaluate(&report);
        assert_eq!(
            verdict.to_string(),
            "gate failed: 1 check of severity medium or worse not passed: runs-as-root"
        );
        gate.fail_on_checks = Some(Severity::High);
        assert!(!gate.evaluate(&report).is_failure());
    }

    #[test]
    fn a_gate_that_asks_for_nothing_passes_everything() {
        let report = report(&[("CVE-1", "critical", "affected")], true);
        assert_eq!(Gate::default().evaluate(&report), Verdict::Passed);
    }

    #[test]
    fn a_finding_at_the_severity_fails_and_one_below_does_not() {
        let report = report(&[("CVE-1", "high", "affected")], false);
        let verdict = gate(Some(Severity::High), false).evaluate(&report);
        assert_eq!(
            verdict.to_string(),
            "gate failed: 1 finding of severity high or worse, the worst high: CVE-1"
        );
        let verdict = gate(Some(Severity::Critical), true).evaluate(&report);
        assert_eq!(verdict, Verdict::Passed);
    }

    #[test]
    fn a_failed_gate_outranks_incompleteness() {
        let report = report(&[("CVE-1", "critical", "affected")], true);
        let verdict = gate(Some(Severity::Low), true).evaluate(&report);
        assert!(matches!(verdict, Verdict::Failed { count: 1, .. }));
    }

    #[test]
    fn undetermined_findings_are_gaps_and_reach_no_severity() {
        let report = report(&[("CVE-1", "critical", "undetermined")], false);
        let lenient = gate(Some(Severity::Low), false).evaluate(&report);
        assert_eq!(lenient, Verdict::Passed);
        let strict = gate(Some(Severity::Low), true).evaluate(&report);
        assert_eq!(strict, Verdict::Incomplete { gaps: 1 });
    }

    #[test]
    fn a_sentence_names_each_flaw_once_and_a_few_of_them() {
        let ids = ["a", "a", "b", "c", "d", "e", "f"];
        let findings = ids.map(|id| (id, "high", "affected"));
        let verdict = gate(Some(Severity::Medium), false).evaluate(&report(&findings, false));
        assert_eq!(
            verdict.to_string(),
            "gate failed: 7 findings of severity medium or worse, the worst high: a, b, c, d, e"
        );
    }
}
