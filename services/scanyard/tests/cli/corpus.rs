//! Real archives and layouts, beside what others state about them.
//!
//! The corpus lies beside the repository and is no part of it. Where it is absent this test says so
//! and passes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::Sandbox;

fn corpus() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/images");
    if !dir.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", dir.display());
        return None;
    }
    Some(dir)
}

fn named(packages: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = packages.as_array().into_iter().flatten();
    packages
        .map(|package| (text(&package["name"]), text(&package["version"])))
        .collect()
}

/// What differs from the statement.
fn judge(sandbox: &Sandbox, dir: &Path, expected: &Value) -> Vec<String> {
    let layout = dir.join("layout");
    let source = match ["image.tar", "image.tar.gz"].map(|name| dir.join(name)) {
        _ if layout.is_dir() => format!("oci:{}", layout.display()),
        [plain, _] if plain.is_file() => format!("docker-archive:{}", plain.display()),
        [_, packed] => format!("docker-archive:{}", packed.display()),
    };
    let ended = sandbox.run(&format!("scan --format json {source}"));
    let is_valid = expected["valid"].as_bool().unwrap_or(true);
    if (ended.code == 0) != is_valid {
        return vec![format!(
            "{source}: ended with {}: {}",
            ended.code, ended.stderr
        )];
    }
    if !is_valid {
        return Vec::new();
    }
    let report = ended.json();
    let mut differences = Vec::new();
    let mut compare = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(format!("{source}: {what} {ours}, not {theirs}"));
        }
    };
    compare(
        "packages",
        format!("{:?}", named(&report["packages"])),
        format!("{:?}", named(&expected["packages"])),
    );
    if expected["os"].is_object() {
        compare(
            "distro",
            report["distro"]["id"].to_string(),
            expected["os"]["id"].to_string(),
        );
        let version = &report["distro"]["version"];
        compare(
            "version",
            version.to_string(),
            expected["os"]["version"].to_string(),
        );
        let layers = report["image"]["layers"].as_array().into_iter().flatten();
        let diff_ids: Value = layers.map(|layer| layer["diff_id"].clone()).collect();
        compare(
            "diff ids",
            diff_ids.to_string(),
            expected["diff_ids"].to_string(),
        );
        let config = report["image"]["config_digest"].to_string();
        compare("image id", config, expected["image_id"].to_string());
    }
    differences
}

#[test]
fn real_archives_and_layouts_read_as_stated() {
    let Some(corpus) = corpus() else { return };
    let sandbox = Sandbox::new();
    let (mut cases, mut deviations) = (0, Vec::new());
    for entry in std::fs::read_dir(corpus).unwrap() {
        let dir = entry.unwrap().path();
        // Single layers are the catalogers' own cases.
        if dir.join("layer.tar").is_file() {
            continue;
        }
        let expected = std::fs::read(dir.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        deviations.extend(judge(&sandbox, &dir, &expected));
        cases += 1;
    }
    eprintln!("images: {cases} cases, {} deviations", deviations.len());
    assert!(deviations.is_empty(), "{deviations:#?}");
}
