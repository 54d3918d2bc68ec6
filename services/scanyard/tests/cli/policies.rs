//! Policies, waivers and VEX from files.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::world::{sandbox, source};

fn write(sandbox: &Sandbox, name: &str, document: &Value) -> String {
    let file = sandbox.path(name);
    fs::write(&file, document.to_string()).unwrap();
    file.display().to_string()
}

fn policy(action: &str, when: &str) -> Value {
    json!({"name": "p", "rules": [
        {"name": "decisive", "when": when, "action": action, "message": "update it"},
    ]})
}

#[test]
fn a_policy_decides_the_exit_code_and_says_which_rule_did() {
    let sandbox = sandbox();
    let source = source(&sandbox);
    for (action, when, code, told) in [
        ("fail", "finding.level >= LOW", 2, "decisive fails: "),
        ("warn", "finding.level >= LOW", 0, "decisive warns: "),
        ("fail", "finding.id == 'CVE-1999-1'", 0, "policy p: pass"),
        ("fail", "image.layers == 3", 2, "decisive fails: the image"),
        (
            "fail",
            "has(finding.score) && finding.score < 0.0",
            0,
            "policy p: pass",
        ),
        (
            "fail",
            "image.labels.nobody == 'a'",
            3,
            "nobody is not known here",
        ),
    ] {
        let file = write(&sandbox, "policy.json", &policy(action, when));
        let ended = sandbox.run(&format!("scan --policy {file} --format json {source}"));
        assert_eq!(ended.code, code, "{when}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{when}: {}", ended.stderr);
        assert_eq!(
            ended.json()["decision"]["policies"][0]["rules"][0]["rule"],
            "decisive"
        );
    }
}

#[test]
fn a_policy_that_does_not_compile_is_refused_with_its_place_before_anything_is_scanned() {
    let sandbox = sandbox();
    let file = sandbox.path("policy.yaml");
    fs::write(
        &file,
        "name: p\nrules:\n- name: r\n  when: finding.sevrity == 'high'\n  action: fail\n",
    )
    .unwrap();
    let ended = sandbox.run(&format!(
        "scan --policy {} nowhere.invalid/app",
        file.display()
    ));
    ended.assert_refused(1, "line 4, column");
    let ended = sandbox.run(&format!("policy test {}", file.display()));
    ended.assert_refused(1, "sevrity");
}

#[test]
fn a_policy_is_tried_out_on_a_report_of_before() {
    let sandbox = sandbox();
    let (source, report) = (source(&sandbox), sandbox.path("report.json"));
    let report = report.display();
    assert_eq!(
        sandbox
            .run(&format!("scan --format json --output {report} {source}"))
            .code,
        0
    );
    let file = write(
        &sandbox,
        "policy.json",
        &policy("fail", "finding.level >= LOW"),
    );
    let ended = sandbox.run(&format!("policy test {file} --report {report}"));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stdout.contains("update it"), "{}", ended.stdout);
    assert_eq!(sandbox.run(&format!("policy test {file}")).code, 0);
}

#[test]
fn waived_findings_and_those_that_vex_excludes_leave_report_and_gate() {
    let sandbox = sandbox();
    let source = source(&sandbox);
    let all = sandbox.report(&source);
    let findings = all["findings"].as_array().unwrap();
    let waivers: Vec<_> = findings
        .iter()
        .skip(1)
        .map(|finding| {
            json!({
                "id": format!("{} {}", finding["id"], finding["package"]), "reason": "a", "owner": "team",
                "vulnerability": finding["id"], "package": finding["package"], "expires": "2999-01-01",
            })
        })
        .collect();
    let waivers = write(&sandbox, "waivers.json", &json!({"waivers": waivers}));
    let first = &findings[0];
    let vex = write(
        &sandbox,
        "vex.json",
        &json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "v", "author": "vendor", "version": 1,
            "timestamp": "2026-01-01T00:00:00Z",
            "statements": [{
                "vulnerability": {"name": first["id"]}, "status": "not_affected",
                "justification": "component_not_present", "products": [{"@id": first["package"]}],
            }],
        }),
    );
    let scan = format!("scan --waivers {waivers} --vex {vex} --fail-on low");
    let ended = sandbox.run(&format!("{scan} --format json {source}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.json();
    assert_eq!(report["findings"], json!([]));
    assert_eq!(report["summary"]["suppressed"], findings.len());
    let shown = sandbox.run(&format!("{scan} --show-suppressed {source}"));
    assert!(
        shown
            .stdout
            .contains("not_affected (component_not_present) by vendor")
    );
    assert!(shown.stdout.contains("waived by team"));

    let exported = sandbox.run(&format!("waiver export {waivers} --author team"));
    let statements = exported.json()["statements"].as_array().unwrap().len();
    assert_eq!(statements, findings.len() - 1);
}
