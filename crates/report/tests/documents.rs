//! CycloneDX and SARIF against the schemas that their publishers check with.
//!
//! `scripts/schemas` fetches those; without them the tests that need one say that they are skipped.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod fixture;

use std::error::Error;
use std::path::{Path, PathBuf};

use jsonschema::{Retrieve, Uri};
use scanyard_report::{Format, RenderOptions, Report};
use serde_json::{Value, json};

fn document(report: &Report, format: Format) -> Value {
    let text = fixture::render(report, format, &RenderOptions::plain(fixture::now()));
    serde_json::from_str(&text).unwrap()
}

/// Reads the schemas that a schema refers to from the directory that it is in.
struct Directory(PathBuf);

impl Retrieve for Directory {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

fn check_schema(name: &str, format: Format) {
    let dir = std::env::var_os("SCANYARD_SCHEMAS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/schemas"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read(dir.join(name)) else {
        eprintln!(
            "SKIPPED: no {name} in {}; run scripts/schemas",
            dir.display()
        );
        return;
    };
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    // SARIF's pattern for a field that we do not write has a bracket too many for strict engines.
    for definition in ["run", "toolComponent"] {
        let place = format!("/definitions/{definition}/properties/language");
        if let Some(language) = schema.pointer_mut(&place) {
            *language = json!({});
        }
    }
    let validator = jsonschema::options()
        .with_retriever(Directory(dir))
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    assert!(!validator.is_valid(&json!({})), "{name} accepts anything");
    for report in [
        fixture::full(),
        fixture::clean(),
        fixture::partial(),
        fixture::rootfs(),
        fixture::hygiene(),
    ] {
        let document = document(&report, format);
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn cyclonedx_keeps_to_the_official_schema() {
    check_schema("bom-1.6.SNAPSHOT.schema.json", Format::Cyclonedx);
}

#[test]
fn sarif_keeps_to_the_official_schema() {
    check_schema("sarif-2.1.0-rtm.5.json", Format::Sarif);
}

#[test]
fn equal_reports_give_equal_documents_and_others_another_serial_number() {
    let serial = |report: &Report| document(report, Format::Cyclonedx)["serialNumber"].clone();
    assert_eq!(serial(&fixture::full()), serial(&fixture::full()));
    assert_ne!(serial(&fixture::full()), serial(&fixture::clean()));
    for format in Format::ALL {
        let options = RenderOptions::plain(fixture::now());
        let render = || fixture::render(&fixture::full(), format, &options);
        assert_eq!(render(), render(), "{}", format.name());
    }
}

#[test]
fn cyclonedx_lists_a_flaw_once_with_every_package_that_has_it() {
    let bom = document(&fixture::full(), Format::Cyclonedx);
    let flaws = bom["vulnerabilities"].as_array().unwrap();
    let flaw = |id: &str| flaws.iter().find(|flaw| flaw["id"] == id).unwrap();
    let openssl = flaw("CVE-2025-0001");
    assert_eq!(openssl["affects"].as_array().unwrap().len(), 2);
    assert_eq!(openssl["ratings"].as_array().unwrap().len(), 1);
    assert_eq!(openssl["ratings"][0]["method"], "CVSSv31");
    let versions = json!([
        {"version": "3.1.2-r0", "status": "affected"},
        {"version": "3.1.4-r1", "status": "unaffected"},
    ]);
    assert_eq!(openssl["affects"][0]["versions"], versions);
    let undetermined = &flaw("GHSA-67hx-6x53-jw92")["affects"][0]["versions"][0];
    assert_eq!(undetermined["status"], "unknown");
}

#[test]
fn every_reference_in_cyclonedx_names_a_component() {
    let bom = document(&fixture::full(), Format::Cyclonedx);
    let components = bom["components"].as_array().unwrap();
    let references: Vec<_> = components.iter().filter_map(|c| c.get("bom-ref")).collect();
    for flaw in bom["vulnerabilities"].as_array().unwrap() {
        for affected in flaw["affects"].as_array().unwrap() {
            assert!(references.contains(&&affected["ref"]), "{affected}");
        }
    }
}

#[test]
fn sarif_has_a_rule_for_each_flaw_and_says_what_is_undetermined() {
    let log = document(&fixture::full(), Format::Sarif);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 6);
    assert_eq!(rules[0]["properties"]["security-severity"], "9.8");
    for result in run["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap();
        assert_eq!(
            rules[usize::try_from(index).unwrap()]["id"],
            result["ruleId"]
        );
    }
    let open = |result: &&Value| result["kind"] == "open";
    let open: Vec<_> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(open)
        .collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["level"], "none");
    let notifications = &run["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notifications.as_array().unwrap().len(), 6);
}

#[test]
fn fingerprints_outlive_an_upgrade_and_tell_findings_apart() {
    let print = |version: &str, id: &str| {
        let finding = fixture::finding(id, scanyard_package::Severity::Low, &[]);
        let package = fixture::apk("zlib", version, "zlib");
        let report = fixture::report(vec![(package, vec![finding])], Vec::new());
        let log = document(&report, Format::Sarif);
        log["runs"][0]["results"][0]["partialFingerprints"]["scanyardFinding/v1"].clone()
    };
    assert!(print("1.0-r0", "CVE-1").is_string());
    assert_eq!(print("1.0-r0", "CVE-1"), print("1.1-r0", "CVE-1"));
    assert_ne!(print("1.0-r0", "CVE-1"), print("1.0-r0", "CVE-2"));
}

#[test]
fn sarif_has_a_rule_for_each_kind_of_secret_and_each_check_and_leaves_examples_out() {
    let log = document(&fixture::hygiene(), Format::Sarif);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|result| result["ruleId"].as_str().unwrap())
        .collect();
    let expected = [
        "secret/npm-token",
        "secret/github-token",
        "secret/aws-access-key-id",
        "check/runs-as-root",
        "check/setuid-files",
    ];
    let sorted = |mut ids: Vec<&str>| {
        ids.sort_unstable();
        ids.join(" ")
    };
    assert_eq!(sorted(told), sorted(expected.to_vec()));
    for result in results {
        let rule = &log["runs"][0]["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let token = results
        .iter()
        .find(|result| result["ruleId"] == "secret/github-token")
        .unwrap();
    assert_eq!(
        token["locations"][0]["physicalLocation"]["region"]["startLine"],
        3
    );
}

#[test]
fn cyclonedx_tells_licences_as_expressions() {
    let bom = document(&fixture::hygiene(), Format::Cyclonedx);
    let components = bom["components"].as_array().unwrap();
    let musl = components
        .iter()
        .find(|component| component["name"] == "musl")
        .unwrap();
    assert_eq!(musl["licenses"], json!([{"expression": "MIT"}]));
}
