//! Credentials and checks as rules and results of their own.

use std::collections::HashMap;

use scanyard_package::Severity;

use super::document::{
    Fingerprints, Location, LogicalLocation, Message, Rule, RuleProperties, SarifResult,
};
use super::rule::lowest_score;
use super::{digest_of, level, physical};
use crate::{Check, Report, Secret};

/// A rule for each kind of secret, a result for each that is no example.
pub fn add_secrets<'a>(
    report: &'a Report,
    rules: &mut Vec<Rule<'a>>,
    results: &mut Vec<SarifResult<'a>>,
) {
    let mut indexes: HashMap<&str, usize> = HashMap::new();
    let secrets = report.secrets.iter().flatten();
    for secret in secrets.filter(|secret| secret.example.is_none()) {
        let index = *indexes.entry(&secret.rule).or_insert_with(|| {
            let id = format!("secret/{}", secret.rule);
            let help = "Change the credential where it is issued: whoever has the image has it. \
                        Then keep it out of the image, with a secret that is mounted.";
            rules.push(rule(
                id,
                secret.title.clone(),
                help.to_owned(),
                secret.severity,
            ));
            rules.len() - 1
        });
        results.push(secret_result(report, secret, index));
    }
}

/// A rule and a result for each check that is not passed.
pub fn add_checks<'a>(
    report: &'a Report,
    rules: &mut Vec<Rule<'a>>,
    results: &mut Vec<SarifResult<'a>>,
) {
    for check in report.checks.iter().flatten() {
        let id = format!("check/{}", check.id);
        rules.push(rule(
            id,
            check.title.clone(),
            check.remedy.clone(),
            check.severity,
        ));
        results.push(check_result(report, check, rules.len() - 1));
    }
}

fn rule(id: String, title: String, help: String, severity: Severity) -> Rule<'static> {
    Rule {
        id: id.into(),
        short_description: Message { text: title },
        help: Message { text: help },
        properties: RuleProperties {
            tags: ["security", "configuration"],
            security_severity: lowest_score(severity).map(|score| format!("{score:.1}")),
        },
    }
}

fn secret_result<'a>(report: &'a Report, secret: &'a Secret, rule_index: usize) -> SarifResult<'a> {
    let deleted = match secret.deleted {
        true => " An upper layer deletes the file, but the image still holds it.",
        false => "",
    };
    let layer = secret.layer.map(|layer| LogicalLocation {
        name: layer.short(),
        fully_qualified_name: layer.to_string(),
        kind: "layer",
    });
    let place = secret.place();
    SarifResult {
        rule_id: format!("secret/{}", secret.rule).into(),
        rule_index,
        kind: "fail",
        level: level(secret.severity),
        message: Message {
            text: format!("{} in {place}: {}.{deleted}", secret.title, secret.excerpt),
        },
        locations: vec![Location {
            physical_location: secret
                .path
                .as_deref()
                .map(|path| physical(path, secret.line)),
            logical_locations: layer.into_iter().chain([image(report)]).collect(),
        }],
        partial_fingerprints: Fingerprints {
            finding: digest_of([&secret.rule, &place, &secret.excerpt]),
        },
        suppressions: Vec::new(),
    }
}

fn check_result<'a>(report: &'a Report, check: &'a Check, rule_index: usize) -> SarifResult<'a> {
    SarifResult {
        rule_id: format!("check/{}", check.id).into(),
        rule_index,
        kind: "fail",
        level: level(check.severity),
        message: Message {
            text: format!("{}: {}.", check.title, check.evidence.join("; ")),
        },
        locations: vec![Location {
            physical_location: None,
            logical_locations: vec![image(report)],
        }],
        partial_fingerprints: Fingerprints {
            finding: digest_of(["check", &check.id]),
        },
        suppressions: Vec::new(),
    }
}

fn image(report: &Report) -> LogicalLocation<'static> {
    LogicalLocation {
        name: report.source.clone(),
        fully_qualified_name: report.source.clone(),
        kind: "image",
    }
}
