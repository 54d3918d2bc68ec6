use chrono::{DateTime, Utc};
use scanyard_report::{IdleReason, Report, StatementSource};
use serde_json::{Value, json};

use super::Suppressions;
use crate::facts::ImageContext;
use crate::vex::{OpenVexOptions, VexDocument, VexIndex, openvex_of_waivers};
use crate::waiver::Waiver;

fn now() -> DateTime<Utc> {
    "2026-03-09T12:00:00Z".parse().unwrap()
}

fn report() -> Report {
    let finding = |id: &str, alias: &str, package: &str| {
        json!({
            "id": id, "aliases": [alias], "package": package, "severity": "high", "cvss": null,
            "status": "affected", "reason": "", "urgency": null, "fixed_versions": [], "advisory": id,
            "layer": null, "paths": [], "published": null, "modified": null,
        })
    };
    serde_json::from_value(json!({
        "schema_version": "1.3", "source": "a", "image": null, "distro": null, "advisories": null,
        "coverage": [], "packages": [],
        "findings": [
            finding("CVE-1", "GHSA-1", "pkg:npm/a@1"),
            finding("CVE-1", "GHSA-1", "pkg:npm/b@1"),
            finding("CVE-2", "GHSA-2", "pkg:npm/a@1"),
        ],
        "summary": {
            "critical": 0, "high": 3, "medium": 0, "low": 0, "negligible": 0, "unknown": 0,
            "undetermined": 0, "complete": true,
        },
    }))
    .unwrap()
}

fn waiver(id: &str, more: Value) -> Value {
    let mut waiver = json!({
        "id": id, "vulnerability": "CVE-1", "reason": "r", "owner": "o", "expires": "2026-12-31",
    });
    for (name, value) in more.as_object().unwrap() {
        waiver[name] = value.clone();
    }
    waiver
}

fn apply(waivers: Value, vex: Option<Value>) -> Report {
    let suppressions = Suppressions {
        waivers: Waiver::parse_file(&json!({"waivers": waivers}).to_string()).unwrap(),
        vex: VexIndex::new(vex.map(|vex| VexDocument::parse(vex.to_string().as_bytes()).unwrap())),
    };
    let context = ImageContext {
        repositories: vec!["registry.example.com/team/app".to_owned()],
        ..ImageContext::default()
    };
    let mut report = report();
    suppressions.apply(&mut report, &context, now());
    report
}

fn left(report: &Report) -> Vec<String> {
    let name = |finding: &scanyard_report::Finding| format!("{} {}", finding.id, finding.package);
    report.findings.iter().map(name).collect()
}

#[test]
fn a_waiver_takes_out_what_it_is_about_by_any_of_its_ids() {
    let report = apply(
        json!([waiver(
            "w",
            json!({"vulnerability": "ghsa-1", "package": "pkg:npm/a"})
        )]),
        None,
    );
    assert_eq!(left(&report), ["CVE-1 pkg:npm/b@1", "CVE-2 pkg:npm/a@1"]);
    assert_eq!((report.summary.high, report.summary.suppressed), (2, 1));
    let by = &report.suppressed[0].by;
    assert_eq!(
        (by.document.as_str(), by.author.as_deref()),
        ("w", Some("o"))
    );
    assert!(report.idle_waivers.is_empty());
}

#[test]
fn waivers_that_take_out_nothing_are_told_with_the_reason() {
    let report = apply(
        json!([
            waiver("over", json!({"expires": "2026-03-08"})),
            waiver("unused", json!({"vulnerability": "CVE-9"})),
            waiver(
                "elsewhere",
                json!({"scope": {"repositories": ["other/**"]}})
            ),
        ]),
        None,
    );
    assert_eq!(report.findings.len(), 3);
    let idle: Vec<_> = report
        .idle_waivers
        .iter()
        .map(|idle| (idle.id.as_str(), idle.reason))
        .collect();
    assert_eq!(
        idle,
        [
            ("over", IdleReason::Expired),
            ("unused", IdleReason::Unused)
        ]
    );
}

fn vex(status: &str) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "v", "author": "a", "version": 1,
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": [{"vulnerability": {"name": "CVE-1"}, "status": status, "products": ["pkg:npm/a"]}],
    })
}

#[test]
fn vex_that_a_package_is_affected_marks_the_finding_and_a_waiver_still_holds() {
    let report = apply(json!([]), Some(vex("under_investigation")));
    assert_eq!(report.findings.len(), 3);
    assert!(report.findings[0].vex.is_some() && report.findings[1].vex.is_none());
    let report = apply(json!([waiver("w", json!({}))]), Some(vex("affected")));
    assert_eq!(left(&report), ["CVE-2 pkg:npm/a@1"]);
    let report = apply(json!([waiver("w", json!({}))]), Some(vex("not_affected")));
    let sources: Vec<_> = report
        .suppressed
        .iter()
        .map(|suppressed| suppressed.by.source)
        .collect();
    assert_eq!(sources, [StatementSource::Vex, StatementSource::Waiver]);
}

#[test]
fn waivers_are_told_to_others_as_what_they_are() {
    let waivers = json!({"waivers": [
        waiver("package", json!({"package": "pkg:npm/a"})),
        waiver("image", json!({"scope": {"repositories": ["registry.example.com/team/app"]}})),
        waiver("pattern", json!({"package": "pkg:npm/*"})),
        waiver("over", json!({"package": "pkg:npm/a", "expires": "2026-01-01"})),
    ]});
    let waivers = Waiver::parse_file(&waivers.to_string()).unwrap();
    let options = OpenVexOptions {
        id: "https://example.com/vex/2".to_owned(),
        author: "team".to_owned(),
        now: now(),
    };
    let document = openvex_of_waivers(&waivers, &options);
    let statements = document["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0]["status"], "affected");
    assert_eq!(statements[0]["products"][0]["@id"], "pkg:npm/a");
    let image = "pkg:oci/app?repository_url=registry.example.com/team/app";
    assert_eq!(statements[1]["products"][0]["@id"], image);
    // It reads back, and says of the risk that it is there.
    let read = VexDocument::parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(read.statements.len(), 2);
    assert!(
        read.statements
            .iter()
            .all(|statement| !statement.status.suppresses())
    );
}
