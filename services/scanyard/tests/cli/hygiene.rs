//! Secrets, checks and licences, beside packages.

use scanyard_testkit::{Image, Layer};

use crate::sandbox::Sandbox;
use crate::service::{Served, submit};
use crate::world::{DEBIAN, STATUS};

/// Never issued; broken up so that this file holds no token.
const KEY: &str = concat!("AKIA", "Q3EGRZTVCX2LNW5D");

/// An image with a key in a file, one in a file that its second layer deletes, and one in a label.
fn layout(sandbox: &Sandbox) -> String {
    let settings = format!("# settings\nkey = {KEY}\n");
    let base = Layer::plain(&[
        ("etc/os-release", DEBIAN),
        ("var/lib/dpkg/status", STATUS),
        ("app/settings.ini", &settings),
        ("root/old", KEY),
        ("usr/share/doc/a/example", KEY),
    ]);
    let image = Image::new(vec![base, Layer::plain(&[("root/.wh.old", "")])]).label("key", KEY);
    image.write_oci_layout(&sandbox.path("layout"), "app");
    format!("oci:{}", sandbox.path("layout").display())
}

#[test]
fn secrets_are_found_where_they_are_and_where_they_were_and_no_value_is_told() {
    let sandbox = Sandbox::new();
    let source = layout(&sandbox);
    let report = sandbox.report(&format!("--secrets {source}"));
    let secrets = report["secrets"].as_array().unwrap();
    let places: Vec<_> = secrets
        .iter()
        .map(|secret| {
            let place = secret["path"]
                .as_str()
                .or(secret["config"].as_str())
                .unwrap();
            (
                place,
                secret["line"].as_u64().unwrap(),
                secret["deleted"].as_bool().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("label key", 1, false),
        ("app/settings.ini", 2, false),
        ("root/old", 1, true),
        ("usr/share/doc/a/example", 1, false),
    ];
    assert_eq!(places, expected);
    assert_eq!(secrets[3]["example"], "documentation");
    for format in [
        "table",
        "json",
        "sarif",
        "cyclonedx",
        "spdx",
        "gitlab",
        "github",
        "junit",
        "markdown",
        "html",
        "csv",
        "ndjson",
    ] {
        let ended = sandbox.run(&format!("scan --secrets --format {format} {source}"));
        assert!(
            !ended.stdout.contains(KEY) && !ended.stderr.contains(KEY),
            "{format}"
        );
    }
    let without = sandbox.report(&source);
    assert!(without["secrets"].is_null() && without["checks"].is_null());
}

#[test]
fn checks_and_gates_say_what_is_wrong_with_the_image() {
    let sandbox = Sandbox::new();
    let source = layout(&sandbox);
    let report = sandbox.report(&format!("--checks {source}"));
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["id"] == "runs-as-root"));
    let failed = sandbox.run(&format!("scan --fail-on-secrets {source}"));
    assert_eq!(failed.code, 2);
    assert!(
        failed.stderr.contains("gate failed: 3 secrets"),
        "{}",
        failed.stderr
    );
    let failed = sandbox.run(&format!("scan --fail-on-checks medium {source}"));
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.contains("runs-as-root"), "{}", failed.stderr);
    let passed = sandbox.run(&format!("scan --fail-on-checks critical {source}"));
    assert_eq!(passed.code, 0);
}

#[test]
fn a_service_looks_for_what_it_was_started_for_and_says_so_of_each_image() {
    let sandbox = Sandbox::new();
    let source = layout(&sandbox);
    let scanned = sandbox.report(&format!("--secrets --checks {source}"));
    let wait = format!("{source} --wait --format json");

    let served = Served::start(&sandbox);
    let report = submit(&sandbox, &served, &wait).json();
    assert!(report["secrets"].is_null() && report["checks"].is_null());
    for gate in ["--fail-on-secrets", "--fail-on-checks low"] {
        let ended = submit(&sandbox, &served, &format!("{source} {gate}"));
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert!(ended.stderr.contains("not looked for"), "{}", ended.stderr);
    }
    assert_eq!(served.terminate(), Some(0));

    let served = Served::start_with(&sandbox, &["--secrets", "--checks"]);
    let ended = submit(&sandbox, &served, &wait);
    let report = ended.json();
    assert_eq!(report["secrets"], scanned["secrets"]);
    assert_eq!(report["checks"], scanned["checks"]);
    assert!(!ended.stdout.contains(KEY), "{}", ended.stdout);
    for gate in ["--fail-on-secrets", "--fail-on-checks medium"] {
        let ended = submit(&sandbox, &served, &format!("{source} {gate}"));
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(!ended.stdout.contains(KEY) && !ended.stderr.contains(KEY));
    }
    assert_eq!(served.terminate(), Some(0));

    // Files are not looked through any more; a config holds what was once found in it.
    let served = Served::start(&sandbox);
    let report = submit(&sandbox, &served, &wait).json();
    assert!(report["secrets"].is_null());
    assert_eq!(report["checks"], scanned["checks"]);
}

#[tokio::test]
async fn an_image_is_shown_as_it_was_cataloged_until_it_is_scanned_again() {
    let sandbox = Sandbox::new();
    let source = layout(&sandbox);
    let served = Served::start(&sandbox);
    let submitted = format!("{source} --wait --format json");
    let (sandbox, served, digest) = tokio::task::spawn_blocking(move || {
        let report = submit(&sandbox, &served, &submitted).json();
        assert_eq!(served.terminate(), Some(0));
        let served = Served::start_with(&sandbox, &["--secrets", "--checks"]);
        let digest = report["image"]["digest"].as_str().unwrap().to_owned();
        (sandbox, served, digest)
    })
    .await
    .unwrap();
    let (status, report) = served.get(&format!("/v1/images/{digest}/report")).await;
    assert_eq!(status.as_u16(), 200);
    assert!(report["secrets"].is_null() && report["checks"].is_null());
    drop((served, sandbox));
}

#[test]
fn packages_are_listed_by_licence_on_request() {
    let sandbox = Sandbox::new();
    let package = r#"{"name": "left", "version": "1.2.0", "license": "MIT"}"#;
    let image = Image::new(vec![Layer::plain(&[(
        "app/node_modules/left/package.json",
        package,
    )])]);
    image.write_oci_layout(&sandbox.path("layout"), "app");
    let source = format!("oci:{}", sandbox.path("layout").display());
    let listed = sandbox.run(&format!("scan --licences {source}"));
    assert!(listed.stdout.contains("     1  MIT\n"), "{}", listed.stdout);
    let usual = sandbox.run(&format!("scan {source}"));
    assert!(!usual.stdout.contains("LICENCES"), "{}", usual.stdout);
}
