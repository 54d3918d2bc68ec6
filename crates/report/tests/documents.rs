//! Documents against the schemas that their publishers check with.
//!
//! `scripts/schemas` fetches those of CycloneDX, SPDX and SARIF; without them the tests that need one say
//! that they are skipped. GitLab's and GitHub's are in no package: `tests/schemas` has what their
//! references ask of the parts that we write. JUnit has no one schema; its test asks what readers do.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod fixture;

use std::error::Error;
use std::path::{Path, PathBuf};

use jsonschema::{Retrieve, Uri};
use scanyard_report::{Commit, Format, RenderOptions, Report};
use serde_json::{Value, json};

fn document(report: &Report, format: Format) -> Value {
    let options = RenderOptions {
        commit: Some(Commit {
            sha: "9".repeat(40),
            reference: "refs/heads/main".to_owned(),
            job: "7".to_owned(),
            correlator: "images_scan".to_owned(),
        }),
        ..RenderOptions::plain(fixture::now())
    };
    let text = fixture::render(report, format, &options);
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
    check_against(name, &schema, Directory(dir), format);
}

fn check_against(name: &str, schema: &Value, directory: Directory, format: Format) {
    let validator = jsonschema::options()
        .with_retriever(directory)
        .should_validate_formats(true)
        .build(schema)
        .unwrap();
    assert!(!validator.is_valid(&json!({})), "{name} accepts anything");
    for report in [
        fixture::full(),
        fixture::clean(),
        fixture::partial(),
        fixture::rootfs(),
        fixture::hygiene(),
        fixture::suppressed(),
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
fn cyclonedx_1_7_keeps_to_the_official_schema() {
    check_schema("bom-1.7.SNAPSHOT.schema.json", Format::Cyclonedx17);
}

#[test]
fn spdx_keeps_to_the_official_schema() {
    check_schema("spdx-2.3.schema.json", Format::Spdx);
}

#[test]
fn gitlabs_report_keeps_to_what_it_asks_for() {
    check_own(include_str!("schemas/gitlab.json"), Format::Gitlab);
}

#[test]
fn githubs_snapshot_keeps_to_what_it_asks_for() {
    check_own(include_str!("schemas/github.json"), Format::Github);
}

fn check_own(schema: &str, format: Format) {
    let schema = serde_json::from_str(schema).unwrap();
    check_against(format.name(), &schema, Directory(PathBuf::new()), format);
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

#[test]
fn spdx_relates_only_elements_that_it_has_and_names_each_package_by_its_purl() {
    let report = fixture::full();
    let spdx = document(&report, Format::Spdx);
    let packages = spdx["packages"].as_array().unwrap();
    let ids: Vec<_> = packages.iter().map(|package| &package["SPDXID"]).collect();
    for relationship in spdx["relationships"].as_array().unwrap() {
        assert!(ids.contains(&&relationship["relatedSpdxElement"]));
    }
    let text = spdx.to_string();
    for package in &report.packages {
        assert!(
            text.contains(&format!("{:?}", package.purl)),
            "{}",
            package.purl
        );
    }
}

#[test]
fn spdx_describes_licences_that_are_on_no_list_once() {
    let mut report = fixture::hygiene();
    for package in &mut report.packages {
        package.licence = Some("MIT AND (LicenseRef-own OR LicenseRef-other)".to_owned());
    }
    let spdx = document(&report, Format::Spdx);
    let infos = spdx["hasExtractedLicensingInfos"].as_array().unwrap();
    let ids: Vec<_> = infos.iter().map(|info| &info["licenseId"]).collect();
    assert_eq!(ids, ["LicenseRef-other", "LicenseRef-own"]);
}

#[test]
fn what_is_suppressed_is_told_with_who_says_so() {
    let report = fixture::suppressed();
    let sarif = document(&report, Format::Sarif);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let suppressed = results.iter().filter(|r| r.get("suppressions").is_some());
    assert_eq!(suppressed.count(), 1);
    let bom = document(&report, Format::Cyclonedx);
    let flaws = bom["vulnerabilities"].as_array().unwrap();
    assert!(flaws.iter().any(|flaw| flaw.get("analysis").is_some()));
}
