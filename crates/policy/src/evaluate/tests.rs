use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use scanyard_report::Report;
use serde_json::{Value, json};

use super::{EVALUATION_TIME, EvaluationStopped, decide_within};
use crate::decision::Decision;
use crate::facts::{Facts, ImageContext};
use crate::policy::Policy;

fn now() -> DateTime<Utc> {
    "2026-03-09T12:00:00Z".parse().unwrap()
}

fn finding(id: &str, severity: &str, more: Value) -> Value {
    let mut finding = json!({
        "id": id, "aliases": [], "package": "pkg:npm/a@1", "severity": severity, "cvss": null,
        "status": "affected", "reason": "", "urgency": null, "fixed_versions": [], "advisory": id,
        "layer": null, "paths": ["app/a"], "published": "2026-03-01T00:00:00Z", "modified": null,
    });
    let fields = finding.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        fields.insert(name.clone(), value.clone());
    }
    finding
}

fn report(findings: Vec<Value>) -> Report {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let layer =
        |letter| json!({"digest": digest(letter), "diff_id": null, "size": 10, "media_type": "a"});
    serde_json::from_value(json!({
        "schema_version": "1.3", "source": "registry.example.com/prod/app:1.4",
        "image": {
            "digest": digest("a"), "config_digest": digest("b"), "platform": "linux/amd64",
            "labels": {"team": "x"}, "layers": [layer("c"), layer("d")],
        },
        "distro": {"id": "debian", "version": "12", "name": "Debian"},
        "advisories": null, "coverage": [],
        "packages": [{
            "purl": "pkg:npm/a@1", "ecosystem": "npm", "name": "a", "version": "1",
            "source_name": null, "source_version": null, "arch": null, "layer": digest("d"),
            "paths": [], "licence": "MIT OR (GPL-2.0-only WITH Classpath-exception-2.0)",
        }],
        "findings": findings,
        "summary": {
            "critical": 0, "high": 0, "medium": 0, "low": 0, "negligible": 0, "unknown": 0,
            "undetermined": 0, "complete": true,
        },
    }))
    .unwrap()
}

fn context() -> ImageContext {
    ImageContext {
        repositories: vec!["registry.example.com/prod/app".to_owned()],
        tags: vec!["1.4".to_owned()],
        base_layers: Some(1),
    }
}

fn policy(rules: &[(&str, &str)]) -> Arc<Policy> {
    let rules: Vec<_> = rules
        .iter()
        .enumerate()
        .map(|(number, (action, when))| json!({"name": format!("r{number}"), "when": when, "action": action}))
        .collect();
    let document = json!({"name": "a", "rules": rules}).to_string();
    Arc::new(Policy::parse(&document).unwrap_or_else(|error| panic!("{error}")))
}

fn decide(rules: &[(&str, &str)], report: &Report) -> Decision {
    let facts = Facts::of(report, &context(), now());
    decide_within(vec![policy(rules)], facts, EVALUATION_TIME, ()).unwrap()
}

/// `fail r0[CVE-1] r1[image]`, with what is undetermined after a question mark.
fn told(rules: &[(&str, &str)], findings: Vec<Value>) -> String {
    let decision = decide(rules, &report(findings));
    let mut text = decision.outcome.name().to_owned();
    for rule in &decision.policies[0].rules {
        let mut names: Vec<_> = rule
            .findings
            .iter()
            .map(|finding| finding.id.clone())
            .collect();
        names.extend(rule.holds.then(|| "image".to_owned()));
        names.extend(rule.undetermined.iter().map(|undecided| {
            let name = undecided
                .finding
                .as_ref()
                .map_or("image", |finding| &finding.id);
            format!("?{name}")
        }));
        if !names.is_empty() {
            text.push_str(&format!(" {}[{}]", rule.rule, names.join(" ")));
        }
    }
    text
}

fn two() -> Vec<Value> {
    vec![
        finding("CVE-1", "critical", json!({})),
        finding("CVE-2", "low", json!({})),
    ]
}

#[test]
fn the_first_rule_that_holds_decides_a_finding() {
    let severe = ("fail", "finding.level >= HIGH");
    assert_eq!(told(&[severe], two()), "fail r0[CVE-1]");
    let exception = ("allow", "finding.id == 'CVE-1'");
    assert_eq!(told(&[exception, severe], two()), "pass r0[CVE-1]");
    assert_eq!(told(&[severe, exception], two()), "fail r0[CVE-1]");
    let any = ("warn", "finding.severity != ''");
    assert_eq!(told(&[severe, any], two()), "fail r0[CVE-1] r1[CVE-2]");
    assert_eq!(told(&[any, severe], two()), "warn r0[CVE-1 CVE-2]");
}

#[test]
fn every_rule_about_the_image_counts_until_one_allows_it() {
    let stale = ("warn", "image.packages == 1");
    let team = ("fail", "image.labels.team == 'x'");
    let excused = (
        "allow",
        "image.repository.startsWith('registry.example.com/prod')",
    );
    let severe = ("fail", "finding.level >= HIGH");
    assert_eq!(told(&[stale, team], two()), "fail r0[image] r1[image]");
    assert_eq!(
        told(&[stale, excused, team, severe], two()),
        "warn r0[image] r1[image]"
    );
    assert_eq!(told(&[severe, excused], two()), "fail r0[CVE-1] r1[image]");
}

#[test]
fn what_is_not_known_is_undetermined_and_neither_yes_nor_no() {
    let scored = ("fail", "finding.score >= 9.0");
    assert_eq!(told(&[scored], two()), "undetermined r0[?CVE-1 ?CVE-2]");
    let guarded = ("fail", "has(finding.score) && finding.score >= 9.0");
    assert_eq!(told(&[guarded], two()), "pass");
    assert_eq!(
        told(&[("fail", "secrets.size() > 0")], vec![]),
        "undetermined r0[?image]"
    );
    assert_eq!(
        told(&[("warn", "secrets.size() > 0")], vec![]),
        "pass r0[?image]"
    );
    assert_eq!(
        told(&[("fail", "image.user == ''")], vec![]),
        "undetermined r0[?image]"
    );
    assert_eq!(
        told(&[("fail", "image.size + 'a' == ''")], vec![]),
        "undetermined r0[?image]"
    );
    assert_eq!(
        told(&[("fail", "image.size")], vec![]),
        "undetermined r0[?image]"
    );
    // What is known to be bad stays bad.
    let bad = ("fail", "finding.level >= HIGH");
    assert_eq!(
        told(&[scored, bad], two()),
        "fail r0[?CVE-1 ?CVE-2] r1[CVE-1]"
    );
}

#[test]
fn a_finding_that_may_not_be_there_stops_nobody_and_lets_nobody_through() {
    let maybe = vec![finding(
        "CVE-1",
        "critical",
        json!({"status": "undetermined"}),
    )];
    let severe = ("fail", "finding.level >= HIGH");
    assert_eq!(told(&[severe], maybe.clone()), "undetermined r0[?CVE-1]");
    let sure = (
        "fail",
        "finding.status == 'affected' && finding.level >= HIGH",
    );
    assert_eq!(told(&[sure], maybe), "pass");
}

#[test]
fn rules_ask_about_everything_that_is_known() {
    let rich = || {
        vec![finding(
            "CVE-1",
            "high",
            json!({
                "aliases": ["GHSA-1"], "fixed_versions": ["2"], "known_exploited": true,
                "epss": {"score": 0.5, "percentile": 0.9}, "layer": format!("sha256:{}", "c".repeat(64)),
                "cvss": {"score": 9.8, "vector": "", "version": "3.1", "source": ""},
            }),
        )]
    };
    for when in [
        "finding.fixable && finding.fixed_version == '2' && finding.fix_state == 'not_fixed'",
        "finding.known_exploited && finding.epss > 0.4 && finding.epss_percentile >= 0.9",
        "finding.score > 9.0 && finding.score < 10.0 && finding.score > 9",
        "finding.age_days == 8",
        "'GHSA-1' in finding.aliases",
        "finding.package.name == 'a' && finding.package.ecosystem == 'npm'",
        "'GPL-2.0-only' in finding.package.licences && finding.package.licence.contains('MIT')",
        "finding.package.purl.matches('^pkg:npm/[a-z]@') && finding.path.startsWith('app/')",
        "finding.layer.index == 0 && finding.layer.from_base",
        "finding.severity in ['high', 'critical'] && finding.level < CRITICAL",
        "finding.id != '' && coverage.complete && coverage.entries.size() == 0",
        "finding.id != '' && distro.id == 'debian' && !distro.end_of_life",
        "finding.id != '' && image.size == 20 && image.layers == 2 && image.tag == '1.4'",
        "finding.id != '' && has(image.labels.team) && !has(image.labels.other) && !has(image.age_days)",
        "finding.id != '' && summary.critical == 0 && image.tags.exists(t, t == '1.4')",
    ] {
        assert_eq!(told(&[("fail", when)], rich()), "fail r0[CVE-1]", "{when}");
    }
}

#[test]
fn a_policy_says_nothing_about_images_that_it_is_not_for() {
    let document = json!({
        "name": "a", "scope": {"repositories": ["registry.example.com/dev/**"]},
        "rules": [{"name": "r", "when": "true", "action": "fail"}],
    });
    let policy = Arc::new(Policy::parse(&document.to_string()).unwrap());
    let facts = Facts::of(&report(two()), &context(), now());
    let decision = decide_within(vec![policy], facts, EVALUATION_TIME, ()).unwrap();
    assert!(!decision.policies[0].applies);
    assert_eq!(decision.outcome.name(), "pass");
}

#[test]
fn rules_that_take_too_long_are_stopped() {
    let findings = (0..50)
        .map(|number| finding(&format!("CVE-{number}"), "high", json!({})))
        .collect();
    let facts = Facts::of(&report(findings), &context(), now());
    let slow = policy(&[("warn", "finding.id == 'x'")]);
    let stopped = decide_within(vec![slow], facts, Duration::ZERO, ());
    assert_eq!(stopped, Err(EvaluationStopped::TookTooLong(Duration::ZERO)));
}

#[test]
fn the_costliest_expressions_that_are_taken_end() {
    // As many entries as a rule may see, each with each.
    let entry = |number: usize| json!({"kind": "end_of_life", "subject": format!("{number}"), "detail": "a"});
    let mut report = report(vec![]);
    let entries: Vec<_> = (0..500).map(entry).collect();
    report.coverage = serde_json::from_value(json!(entries)).unwrap();
    let when = "coverage.entries.all(a, coverage.entries.all(b, a.subject != b.detail))";
    let facts = Facts::of(&report, &context(), now());
    let patience = Duration::from_secs(600);
    let decision = decide_within(vec![policy(&[("warn", when)])], facts, patience, ()).unwrap();
    assert!(decision.policies[0].rules[0].holds);
    report.coverage.extend(report.coverage.clone());
    assert_eq!(
        decide(&[("fail", when)], &report).outcome.name(),
        "undetermined"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn the_order_of_findings_changes_nothing(
        severities in proptest::collection::vec(0_usize..6, 0..12),
        seed in proptest::collection::vec(0_usize..100, 12),
    ) {
        let words = ["critical", "high", "medium", "low", "negligible", "unknown"];
        let findings: Vec<_> = severities
            .iter()
            .enumerate()
            .map(|(number, severity)| {
                let status = if seed[number] % 3 == 0 { "undetermined" } else { "affected" };
                finding(&format!("CVE-{}", number % 7), words[*severity], json!({"status": status}))
            })
            .collect();
        let mut shuffled = findings.clone();
        for (from, to) in seed.iter().enumerate() {
            if from < shuffled.len() {
                let to = to % shuffled.len();
                shuffled.swap(from, to);
            }
        }
        let rules = [
            ("allow", "finding.id == 'CVE-3'"),
            ("fail", "finding.level >= HIGH"),
            ("warn", "finding.score > 1.0"),
            ("warn", "finding.level >= LOW"),
        ];
        prop_assert_eq!(decide(&rules, &report(findings)), decide(&rules, &report(shuffled)));
    }
}
