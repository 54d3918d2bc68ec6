//! Names and versions as each ecosystem writes them.

use scanyard_testkit::{Image, Layer};
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::world::{sandbox, source};

fn names(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let mut names: Vec<_> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (text(&p["ecosystem"]), text(&p["name"]), text(&p["version"])))
        .collect();
    names.sort();
    names
}

fn own(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected
        .iter()
        .map(|(e, n, v)| ((*e).to_owned(), (*n).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn packages_are_named_as_their_ecosystems_name_them() {
    let sandbox = sandbox();
    let report = sandbox.report(&source(&sandbox));
    let expected = [
        ("Debian:12", "libssl3", "3.0.11-1"),
        ("Go", "example.com/app", "v1.0.0"),
        ("Go", "golang.org/x/net", "v0.7.0"),
        ("Go", "stdlib", "1.21.3"),
        ("PyPI", "left-pad", "1.0"),
        ("npm", "@scope/left", "1.2.0"),
    ];
    assert_eq!(names(&report), own(&expected));
    let deb = report["packages"].as_array().unwrap();
    let deb = deb.iter().find(|p| p["name"] == "libssl3").unwrap();
    assert_eq!(deb["source_name"], "openssl");
    assert_eq!(deb["source_version"], "3.0.11-1");
    assert_eq!(deb["paths"], serde_json::json!(["var/lib/dpkg/status"]));
    let found: Vec<_> = report["findings"].as_array().unwrap().iter().collect();
    assert_eq!(found.len(), 4, "one a vulnerable package: {found:?}");
}

#[test]
fn packages_of_alpine_have_their_origin_as_source() {
    let sandbox = Sandbox::new();
    let installed = "P:busybox-binsh\nV:1.36.1-r2\nA:x86_64\no:busybox\n\n";
    let layer = Layer::gzip(&[
        ("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"),
        ("lib/apk/db/installed", installed),
    ]);
    Image::new(vec![layer]).write_oci_layout(&sandbox.path("layout"), "1");
    let report = sandbox.report(&format!("oci:{}", sandbox.path("layout").display()));
    let expected = [("Alpine:v3.18", "busybox-binsh", "1.36.1-r2")];
    assert_eq!(names(&report), own(&expected));
    assert_eq!(report["packages"][0]["source_name"], "busybox");
}
