//! Where images come from, on this machine.

use std::collections::BTreeSet;

use scanyard_testkit::{Image, Index, Layer};
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::world::{DEBIAN, STATUS, image, sandbox, source};

fn plain() -> Image {
    let base = Layer::plain(&[("etc/os-release", DEBIAN), ("var/lib/dpkg/status", STATUS)]);
    Image::new(vec![base.clone(), Layer::plain(&[("app", "1")]), base])
}

#[test]
fn layouts_archives_and_directories_are_scanned() {
    let sandbox = Sandbox::new();
    let path = |name| sandbox.path(name).display().to_string();
    image().write_oci_layout(&sandbox.path("layout"), "app");
    image().write_oci_archive(&sandbox.path("oci.tar"), "app");
    plain().write_docker_archive(&sandbox.path("old.tar"), "team/app:1");
    plain().write_docker_oci_archive(&sandbox.path("new.tar"), "team/app:1");
    let root = sandbox.path("root");
    std::fs::create_dir_all(root.join("var/lib/dpkg")).unwrap();
    std::fs::write(root.join("var/lib/dpkg/status"), STATUS).unwrap();
    for source in [
        format!("oci:{}", path("layout")),
        format!("oci:{}:app", path("layout")),
        format!("oci:{}@{}", path("layout"), image().digest()),
        format!("oci-archive:{}", path("oci.tar")),
        format!("oci-archive:{}:app", path("oci.tar")),
        format!("docker-archive:{}", path("old.tar")),
        format!("docker-archive:{}:team/app:1", path("old.tar")),
        format!("docker-archive:{}:team/app:1", path("new.tar")),
        format!("rootfs:{}", path("root")),
    ] {
        let report = sandbox.report(&source);
        let packages = report["packages"].as_array().unwrap();
        assert!(packages.iter().any(|p| p["name"] == "libssl3"), "{source}");
        assert_eq!(report["image"].is_null(), source.starts_with("rootfs"));
    }
}

#[test]
fn a_name_that_a_layout_lacks_is_answered_with_those_it_has() {
    let sandbox = Sandbox::new();
    image().write_oci_layout(&sandbox.path("layout"), "app");
    plain().write_docker_archive(&sandbox.path("old.tar"), "team/app:1");
    let layout = sandbox.path("layout").display().to_string();
    let archive = sandbox.path("old.tar").display().to_string();
    let missing = sandbox.run(&format!("scan oci:{layout}:other"));
    missing.assert_refused(1, "has no image other; there is app");
    assert!(!missing.stderr.contains("credentials"));
    let missing = sandbox.run(&format!("scan docker-archive:{archive}:other:1"));
    missing.assert_refused(1, "has no image other:1; there is team/app:1");
    let nowhere = sandbox.run("scan oci:/no/such/layout");
    nowhere.assert_refused(1, "does not exist");
    assert!(!nowhere.stderr.contains("credentials"));
}

#[test]
fn a_platform_is_chosen_and_an_unknown_one_is_answered_with_those_there_are() {
    let sandbox = Sandbox::new();
    let arm = Layer::gzip(&[("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")]);
    let images = vec![image(), Image::new(vec![arm]).platform("linux/arm64/v8")];
    Index::new(images).write_oci_layout(&sandbox.path("layout"), "app");
    let source = format!("oci:{}:app", sandbox.path("layout").display());
    let of = |platform| sandbox.report(&format!("--platform {platform} {source}"));
    assert_eq!(of("linux/amd64")["distro"]["id"], "debian");
    assert_eq!(of("linux/arm64")["distro"]["id"], "alpine");
    assert_eq!(of("linux/arm64")["image"]["platform"], "linux/arm64/v8");
    let ended = sandbox.run(&format!("scan --platform linux/s390x {source}"));
    ended.assert_refused(1, "linux/amd64, linux/arm64/v8");
}

#[test]
fn a_bill_of_materials_has_the_findings_of_the_image_that_it_describes() {
    let sandbox = sandbox();
    let image = sandbox.report(&source(&sandbox));
    let bill = sandbox.path("bill.cdx.json").display().to_string();
    let written = sandbox.run(&format!(
        "scan --format cyclonedx --output {bill} {}",
        source(&sandbox)
    ));
    assert_eq!(written.code, 0, "{}", written.stderr);
    let of_bill = sandbox.report(&format!("sbom:{bill}"));
    let told = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        let told = findings.map(|f| (f["id"].to_string(), f["package"].to_string()));
        told.collect::<BTreeSet<_>>()
    };
    assert!(!told(&image).is_empty());
    assert_eq!(told(&of_bill), told(&image));
    assert_eq!(of_bill["distro"]["id"], "debian");
    assert!(of_bill["image"].is_null());
}

#[test]
fn what_is_no_bill_of_materials_is_refused_with_a_remedy() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("bill.json");
    for (content, said) in [
        ("{}", "neither CycloneDX nor SPDX 2 in JSON"),
        (
            r#"{"bomFormat": "CycloneDX", "comp"#,
            "not a valid CycloneDX document",
        ),
        (r#"{"spdxVersion": "SPDX-3.0"}"#, "SPDX-3.0 is not read"),
    ] {
        std::fs::write(&path, content).unwrap();
        let ended = sandbox.run(&format!("scan sbom:{}", path.display()));
        ended.assert_refused(1, said);
    }
    let nowhere = sandbox.run("scan sbom:/no/such/file");
    nowhere.assert_refused(1, "cannot read /no/such/file");
}

#[test]
fn lock_files_are_read_when_asked_for_and_cached_apart() {
    let sandbox = Sandbox::new();
    let lock = "[[package]]\nname = \"syn\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\n";
    let app = Layer::gzip(&[("etc/os-release", DEBIAN), ("app/Cargo.lock", lock)]);
    Image::new(vec![app]).write_oci_layout(&sandbox.path("layout"), "app");
    let layout = format!("oci:{}", sandbox.path("layout").display());
    let asked = format!("--lockfiles {layout}");
    for (arguments, expected) in [(&layout, 0), (&asked, 1), (&layout, 0), (&asked, 1)] {
        let report = sandbox.report(arguments);
        let packages = report["packages"].as_array().unwrap();
        assert_eq!(packages.len(), expected, "{arguments}");
        assert!(packages.iter().all(|p| p["purl"] == "pkg:cargo/syn@2.0.0"));
    }
}
