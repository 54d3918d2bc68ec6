//! A rule for each flaw, made of facts only: ids, scores, dates.

use std::collections::HashMap;

use scanyard_package::Severity;

use super::document::{Message, Rule, RuleProperties};
use crate::Finding;

/// The rules in the order in which findings first name them, and where each one stands.
///
/// Findings come worst first, so a rule tells of its worst finding.
pub fn rules<'a>(
    findings: impl Iterator<Item = &'a Finding>,
) -> (Vec<Rule<'a>>, HashMap<&'a str, usize>) {
    let mut rules = Vec::new();
    let mut indexes = HashMap::new();
    for finding in findings {
        indexes.entry(finding.id.as_str()).or_insert_with(|| {
            rules.push(rule(finding));
            rules.len() - 1
        });
    }
    (rules, indexes)
}

fn rule(finding: &Finding) -> Rule<'_> {
    Rule {
        id: finding.id.as_str().into(),
        short_description: Message {
            text: format!("{} ({})", finding.id, finding.severity),
        },
        help: Message {
            text: help(finding),
        },
        properties: RuleProperties {
            tags: ["security", "vulnerability"],
            security_severity: security_severity(finding),
        },
    }
}

fn help(finding: &Finding) -> String {
    let mut lines = vec![format!("Advisory: {}", finding.advisory)];
    if !finding.aliases.is_empty() {
        lines.push(format!("Aliases: {}", finding.aliases.join(", ")));
    }
    lines.push(format!("Severity: {}", finding.severity));
    if let Some(cvss) = &finding.cvss {
        lines.push(format!(
            "CVSS {}: {:.1} {} (by {})",
            cvss.version, cvss.score, cvss.vector, cvss.source
        ));
    }
    if finding.known_exploited {
        lines.push("Known to be exploited".to_owned());
    }
    if let Some(epss) = finding.epss {
        let percent = epss.score * 100.0;
        lines.push(format!("EPSS: {percent:.2} % in the next 30 days"));
    }
    for (label, time) in [
        ("Published", &finding.published),
        ("Modified", &finding.modified),
    ] {
        lines.extend(time.iter().map(|time| format!("{label}: {time}")));
    }
    lines.join("\n")
}

/// The number by which pages rank: the score where it says the same as the severity, else the
/// lower end of the severity's band, because a distro's own word outranks a general score.
fn security_severity(finding: &Finding) -> Option<String> {
    let score = finding.cvss.as_ref().map(|cvss| cvss.score);
    let agreeing = score.filter(|score| Severity::from_score(*score) == finding.severity);
    let floor = lowest_score(finding.severity)?;
    Some(format!("{:.1}", agreeing.unwrap_or(floor)))
}

/// The lower end of a severity's band.
pub fn lowest_score(severity: Severity) -> Option<f64> {
    match severity {
        Severity::Critical => Some(9.0),
        Severity::High => Some(7.0),
        Severity::Medium => Some(4.0),
        Severity::Low => Some(0.1),
        Severity::Negligible => Some(0.0),
        Severity::Unknown => None,
    }
}
