//! `scanyard scan`: reports and exit codes, as scripts rely on them.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Retrieve, Uri};
use serde_json::{Value, json};

use crate::sandbox::files_below;
use crate::world::{bare_sandbox, image, sandbox, source};

/// Reads the schemas that a schema refers to from its own directory.
struct Directory(PathBuf);

impl Retrieve for Directory {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(serde_json::from_slice(&fs::read(self.0.join(name))?)?)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn assert_follows(schema: &Path, document: &Value) {
    let Ok(text) = fs::read(schema) else {
        eprintln!("SKIPPED: no {}; run scripts/schemas", schema.display());
        return;
    };
    let mut schema_document: Value = serde_json::from_slice(&text).unwrap();
    // SARIF's pattern for a field that we do not write has a bracket too many for strict engines.
    for definition in ["run", "toolComponent"] {
        let place = format!("/definitions/{definition}/properties/language");
        if let Some(language) = schema_document.pointer_mut(&place) {
            *language = json!({});
        }
    }
    let validator = jsonschema::options()
        .with_retriever(Directory(schema.parent().unwrap().to_owned()))
        .build(&schema_document)
        .unwrap();
    assert!(!validator.is_valid(&json!({})), "the schema takes anything");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn the_json_report_follows_the_documented_schema_and_says_everything() {
    let sandbox = sandbox();
    let report = sandbox.report(&source(&sandbox));
    assert_follows(&root().join("docs/report-schema.json"), &report);
    let image = image();
    assert_eq!(report["source"], json!(source(&sandbox)));
    assert_eq!(report["image"]["digest"], json!(image.digest().to_string()));
    assert_eq!(
        report["image"]["config_digest"],
        json!(image.config_digest().to_string())
    );
    for (at, layer) in image.layers().iter().enumerate() {
        let told = &report["image"]["layers"][at];
        assert_eq!(told["digest"], json!(layer.digest().to_string()));
        assert_eq!(told["diff_id"], json!(layer.diff_id.to_string()));
    }
    assert_eq!(report["distro"]["id"], json!("debian"));
    assert_eq!(report["distro"]["version"], json!("12"));
    let finding = &report["findings"][0];
    assert_eq!(finding["id"], json!("CVE-2024-1002"));
    assert_eq!(finding["severity"], json!("critical"));
    assert_eq!(finding["cvss"]["score"], json!(9.8));
    assert_eq!(finding["status"], json!("affected"));
    assert_eq!(finding["fixed_versions"], json!(["1.2.3"]));
    assert_eq!(finding["package"], json!("pkg:npm/%40scope/left@1.2.0"));
    assert_eq!(
        finding["layer"],
        json!(image.layers()[1].digest().to_string())
    );
    assert_eq!(report["summary"]["critical"], json!(1));
}

#[test]
fn cyclonedx_and_sarif_keep_to_the_schemas_of_their_publishers() {
    let sandbox = sandbox();
    let schemas = root().join("target/schemas");
    for (format, schema) in [
        ("cyclonedx", "bom-1.6.SNAPSHOT.schema.json"),
        ("sarif", "sarif-2.1.0-rtm.5.json"),
    ] {
        let ended = sandbox.run(&format!("scan --format {format} {}", source(&sandbox)));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("CVE-2024-1002"), "{format}");
        assert_follows(&schemas.join(schema), &ended.json());
    }
}

#[test]
fn the_table_puts_what_is_missing_before_what_was_found() {
    let sandbox = bare_sandbox();
    let ended = sandbox.run(&format!("scan {}", source(&sandbox)));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let (gap, packages) = (
        ended.stdout.find("No advisory database"),
        ended.stdout.find("Packages"),
    );
    assert!(gap.unwrap() < packages.unwrap(), "{}", ended.stdout);
    assert!(ended.stdout.contains("scanyard db update"));
    let longest = ended.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest.unwrap() <= 100, "{}", ended.stdout);
}

#[test]
fn nothing_but_the_report_goes_to_standard_output() {
    let sandbox = sandbox();
    let source = source(&sandbox);
    let ended = sandbox.run(&format!(
        "scan --log debug --fail-on low --format json {source}"
    ));
    assert_eq!(ended.code, 2);
    assert!(ended.json()["findings"].is_array());
    assert!(ended.stderr.contains("gate failed"), "{}", ended.stderr);
}

#[test]
fn a_report_in_a_file_is_the_report_on_standard_output() {
    let sandbox = sandbox();
    let (source, file) = (source(&sandbox), sandbox.path("report.json"));
    let shown = sandbox.report(&source);
    let ended = sandbox.run(&format!(
        "scan --format json --output {} {source}",
        file.display()
    ));
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""));
    let written: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(written, shown);
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_earlier_one_alone() {
    let sandbox = sandbox();
    let file = sandbox.path("no/such/directory/report.json");
    let ended = sandbox.run(&format!(
        "scan --output {} {}",
        file.display(),
        source(&sandbox)
    ));
    ended.assert_refused(1, "cannot write");
    let kept = sandbox.path("kept.json");
    fs::write(&kept, "earlier").unwrap();
    let missing = sandbox.run(&format!("scan --output {} oci:/no/such", kept.display()));
    assert_eq!(missing.code, 1);
    assert_eq!(fs::read(&kept).unwrap(), b"earlier");
}

#[test]
fn a_gate_fails_at_its_severity_and_not_above() {
    let sandbox = sandbox();
    let findings = |severity| {
        let arguments = format!("scan --fail-on {severity} {}", source(&sandbox));
        sandbox.run(&arguments).code
    };
    for severity in ["low", "medium", "high", "critical"] {
        assert_eq!(findings(severity), 2, "{severity}");
    }
    let debian = sandbox.path("debian");
    fs::create_dir_all(debian.join("etc")).unwrap();
    fs::create_dir_all(debian.join("var/lib/dpkg")).unwrap();
    fs::write(debian.join("etc/os-release"), crate::world::DEBIAN).unwrap();
    fs::write(debian.join("var/lib/dpkg/status"), crate::world::STATUS).unwrap();
    let rootfs = format!("rootfs:{}", debian.display());
    assert_eq!(
        sandbox.run(&format!("scan --fail-on medium {rootfs}")).code,
        2
    );
    assert_eq!(
        sandbox.run(&format!("scan --fail-on high {rootfs}")).code,
        0
    );
}

#[test]
fn incomplete_coverage_counts_only_where_completeness_is_required() {
    let sandbox = bare_sandbox();
    let source = source(&sandbox);
    assert_eq!(sandbox.run(&format!("scan {source}")).code, 0);
    let ended = sandbox.run(&format!("scan --require-complete {source}"));
    assert_eq!(ended.code, 3);
    assert!(ended.stderr.contains("incomplete"), "{}", ended.stderr);
}

#[test]
fn a_database_file_in_the_default_place_is_used() {
    let sandbox = bare_sandbox();
    crate::advisories::write(&sandbox.path("records"));
    std::fs::create_dir_all(sandbox.path("data/scanyard")).unwrap();
    let (from, output) = (sandbox.path("records"), sandbox.path("data/scanyard/db"));
    let (from, output) = (from.display(), output.display());
    let built = sandbox.run(&format!("db build --from {from} --output {output}"));
    assert_eq!(built.code, 0, "{}", built.stderr);
    let ended = sandbox.run(&format!("scan --fail-on low {}", source(&sandbox)));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

#[test]
fn a_gate_without_advisories_is_refused_instead_of_passed() {
    let sandbox = bare_sandbox();
    let ended = sandbox.run(&format!("scan --fail-on low {}", source(&sandbox)));
    ended.assert_refused(1, "no advisory database");
}

#[test]
fn wrong_usage_ends_with_64() {
    let sandbox = bare_sandbox();
    for arguments in [
        "scan",
        "scan --format pdf x",
        "scan --fail-on unknown x",
        "scan --platform sun oci:/tmp",
        "scan UPPER:CASE",
        "scan http://example.com/image",
        "scan dir:/tmp",
        "scan oci:",
        "scan --no-such-option x",
        "no-such-command",
    ] {
        let ended = sandbox.run(arguments);
        assert_eq!(ended.code, 64, "{arguments}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments}");
        assert_ne!(ended.stderr, "", "{arguments}");
    }
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let sandbox = bare_sandbox();
    let source = source(&sandbox);
    sandbox.report(&format!("--no-cache {source}"));
    assert_eq!(files_below(&sandbox.path("cache")).len(), 0);
    sandbox.report(&source);
    assert_eq!(files_below(&sandbox.path("cache")).len(), 3);
}

#[test]
fn a_scan_from_the_cache_says_the_same() {
    let sandbox = sandbox();
    let source = source(&sandbox);
    let cold = sandbox.report(&source);
    assert_eq!(sandbox.report(&source), cold);
    assert_eq!(sandbox.report(&format!("--no-cache {source}")), cold);
    for file in files_below(&sandbox.path("cache")) {
        fs::write(file, "damaged, and longer than a digest of 32 bytes").unwrap();
    }
    assert_eq!(sandbox.report(&source), cold);
}

#[test]
fn processes_that_empty_a_cache_under_each_others_hands_say_the_same() {
    let sandbox = sandbox();
    let source = source(&sandbox);
    let alone = sandbox.report(&format!("--no-cache {source}"));
    std::thread::scope(|scope| {
        for size in [0, 1, 0, 1] {
            let (sandbox, source, alone) = (&sandbox, &source, &alone);
            scope.spawn(move || {
                for _ in 0..4 {
                    let report = sandbox.report(&format!("--cache-size {size} {source}"));
                    assert_eq!(&report, alone);
                }
            });
        }
    });
}

#[test]
fn the_cache_can_be_seen_and_emptied() {
    let sandbox = bare_sandbox();
    let source = source(&sandbox);
    sandbox.report(&source);
    let info = sandbox.run("cache info --json").json();
    assert_eq!(info["layers"], 3);
    let kept: u64 = files_below(&sandbox.path("cache"))
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(info["bytes"], kept);
    assert_eq!(
        sandbox.run("cache prune").stdout,
        "0 layers removed, 0.0 MiB\n"
    );
    assert!(
        sandbox
            .run("cache clear")
            .stdout
            .starts_with("3 layers removed")
    );
    assert_eq!(sandbox.run("cache info --json").json()["bytes"], 0);
}

#[test]
fn timings_are_told_beside_the_report() {
    let sandbox = bare_sandbox();
    let source = source(&sandbox);
    let ended = sandbox.run(&format!("scan --timings=json --format json {source}"));
    let timings: Value = serde_json::from_str(&ended.stderr).unwrap();
    let names: Vec<_> = timings["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    for stage in ["resolve", "decompress", "walk", "catalog", "fold", "report"] {
        assert!(names.contains(&stage), "{names:?}");
    }
    let table = sandbox.run(&format!("scan --timings {source}")).stderr;
    assert!(table.starts_with("stage "), "{table}");
}
