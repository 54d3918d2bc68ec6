use proptest::prelude::*;
use scanyard_report::{Statement, StatementStatus};
use serde_json::{Value, json};

use super::{ImageNames, InvalidVex, VexDocument, VexFormat, VexIndex};
use crate::purl::PurlPattern;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn image() -> ImageNames {
    ImageNames {
        digest: DIGEST.parse().ok(),
        repositories: vec!["registry.example.com/team/app".to_owned()],
        tags: vec!["1.4".to_owned()],
    }
}

fn parse(document: &Value) -> VexDocument {
    VexDocument::parse(document.to_string().as_bytes()).unwrap()
}

fn say(document: &Value, id: &str, package: &str) -> Option<Statement> {
    let index = VexIndex::new([parse(document)]);
    index.find(
        [id].into_iter(),
        &PurlPattern::parse(package).unwrap(),
        &image(),
    )
}

fn status(document: &Value, id: &str, package: &str) -> Option<StatementStatus> {
    say(document, id, package).map(|statement| statement.status)
}

fn openvex(statements: Value) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1",
        "author": "Example Inc.", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": statements,
    })
}

fn statement(products: Value) -> Value {
    json!({
        "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-1"]}, "status": "not_affected",
        "justification": "component_not_present", "impact_statement": "never there",
        "products": products,
    })
}

#[test]
fn openvex_names_packages_and_leaves_open_what_it_does_not_say() {
    for (product, package, matches) in [
        ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20", true),
        ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20", true),
        ("pkg:npm/lodash@4.17.21", "pkg:npm/lodash@4.17.20", false),
        ("pkg:npm/lodash", "pkg:npm/lodash-es@4.17.20", false),
        (
            "pkg:deb/debian/a@1?distro=debian-12",
            "pkg:deb/debian/a@1?arch=amd64&distro=debian-12",
            true,
        ),
        (
            "pkg:deb/debian/a@1?distro=debian-11",
            "pkg:deb/debian/a@1?arch=amd64&distro=debian-12",
            false,
        ),
    ] {
        let document = openvex(json!([statement(json!([{"@id": product}]))]));
        assert_eq!(
            status(&document, "CVE-2024-1", package).is_some(),
            matches,
            "{product} {package}"
        );
        let identified = json!([{"@id": "https://a", "identifiers": {"purl": product}}]);
        let document = openvex(json!([statement(identified)]));
        assert_eq!(
            status(&document, "ghsa-1", package).is_some(),
            matches,
            "{product} {package}"
        );
        assert_eq!(status(&document, "CVE-2024-2", package), None);
    }
}

#[test]
fn openvex_names_images_and_parts_of_them() {
    let encoded = DIGEST.replace(':', "%3A");
    let package = "pkg:npm/lodash@4.17.20";
    for (product, matches) in [
        (format!("pkg:oci/app@{encoded}"), true),
        ("pkg:oci/app".to_owned(), true),
        ("pkg:oci/app?tag=1.4".to_owned(), true),
        ("pkg:oci/app?tag=1.5".to_owned(), false),
        (
            "pkg:oci/app?repository_url=registry.example.com/team/app".to_owned(),
            true,
        ),
        (
            "pkg:oci/app?repository_url=registry.example.com/team".to_owned(),
            true,
        ),
        (
            "pkg:oci/app?repository_url=elsewhere.example.com/team/app".to_owned(),
            false,
        ),
        ("pkg:oci/other".to_owned(), false),
        (format!("pkg:oci/app@{}", encoded.replace('a', "b")), false),
        (format!("registry.example.com/team/app@{DIGEST}"), true),
        (DIGEST.to_owned(), true),
    ] {
        let whole = openvex(json!([statement(json!([{"@id": product}]))]));
        assert_eq!(
            status(&whole, "CVE-2024-1", package).is_some(),
            matches,
            "{product}"
        );
        let with = |part: &str| {
            openvex(json!([statement(
                json!([{"@id": product, "subcomponents": [{"@id": part}]}])
            )]))
        };
        assert_eq!(
            status(&with("pkg:npm/lodash"), "CVE-2024-1", package).is_some(),
            matches
        );
        assert_eq!(
            status(&with("pkg:npm/other"), "CVE-2024-1", package),
            None,
            "{product}"
        );
        // A part that cannot be read never becomes the whole.
        assert_eq!(
            status(&with("lodash"), "CVE-2024-1", package),
            None,
            "{product}"
        );
    }
}

#[test]
fn what_was_said_last_counts() {
    let product = json!([{"@id": "pkg:npm/a"}]);
    let dated = |time: &str, status: &str| json!({"vulnerability": {"name": "CVE-1"}, "timestamp": time, "status": status, "products": product});
    let early = dated("2026-01-01T00:00:00Z", "not_affected");
    let late = dated("2026-02-01T00:00:00+01:00", "affected");
    for statements in [json!([early, late]), json!([late, early])] {
        let said = status(&openvex(statements), "CVE-1", "pkg:npm/a@1");
        assert_eq!(said, Some(StatementStatus::Affected));
    }
}

#[test]
fn who_said_what_and_why_is_kept() {
    let document = openvex(json!([statement(json!(["pkg:npm/a"]))]));
    let said = say(&document, "CVE-2024-1", "pkg:npm/a@1").unwrap();
    assert_eq!(said.author.as_deref(), Some("Example Inc."));
    assert_eq!(said.document, "https://example.com/vex/1");
    assert_eq!(said.justification.as_deref(), Some("component_not_present"));
    assert_eq!(said.detail.as_deref(), Some("never there"));
}

#[test]
fn openvex_comes_as_an_attestation_too() {
    let document = openvex(json!([statement(json!([{"@id": "pkg:npm/a"}]))]));
    let attestation = json!({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns/v0.2.0",
        "subject": [], "predicate": document,
    });
    assert!(status(&attestation, "CVE-2024-1", "pkg:npm/a@1").is_some());
    use base64::Engine;
    let payload = base64::engine::general_purpose::STANDARD.encode(attestation.to_string());
    let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []});
    assert!(status(&envelope, "CVE-2024-1", "pkg:npm/a@1").is_some());
    // Envelopes in envelopes without end are not opened.
    let mut nested = document;
    for _ in 0..9 {
        nested = json!({"predicate": nested});
    }
    let refused = VexDocument::parse(nested.to_string().as_bytes());
    assert_eq!(refused, Err(InvalidVex::UnknownFormat));
}

fn csaf() -> Value {
    let name = |id: &str, purl: &str| json!({"name": id, "product_id": id, "product_identification_helper": {"purl": purl}});
    let bare = |id: &str| json!({"name": id, "product_id": id});
    json!({
        "document": {
            "category": "csaf_vex", "csaf_version": "2.0", "title": "a",
            "publisher": {"name": "Example PSIRT", "category": "vendor"},
            "tracking": {"id": "EX-1", "current_release_date": "2026-01-01T00:00:00Z"},
        },
        "product_tree": {
            "branches": [{"name": "Example", "category": "vendor", "branches": [
                {"name": "openssl", "category": "product_name", "product": name("openssl", "pkg:rpm/redhat/openssl@3.0.7-1.el9?arch=x86_64")},
                {"name": "el9", "category": "product_name", "product": bare("el9")},
                {"name": "app", "category": "product_name", "product": name("app", "pkg:oci/app")},
            ]}],
            "full_product_names": [name("lodash", "pkg:npm/lodash")],
            "relationships": [
                {"category": "default_component_of", "product_reference": "openssl",
                 "relates_to_product_reference": "el9", "full_product_name": bare("el9:openssl")},
                {"category": "default_component_of", "product_reference": "lodash",
                 "relates_to_product_reference": "app", "full_product_name": bare("app:lodash")},
            ],
        },
        "vulnerabilities": [
            {"cve": "CVE-1", "product_status": {"known_not_affected": ["el9:openssl", "nowhere"], "fixed": ["app"]},
             "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["el9:openssl"]}],
             "threats": [{"category": "impact", "details": "no such code", "product_ids": ["el9:openssl"]}]},
            {"cve": "CVE-2", "product_status": {"known_affected": ["app:lodash"], "under_investigation": ["lodash"]},
             "remediations": [{"category": "vendor_fix", "details": "update", "product_ids": ["app:lodash"]}]},
        ],
    })
}

#[test]
fn csaf_names_products_by_tree_and_relationship() {
    let openssl = "pkg:rpm/redhat/openssl@3.0.7-1.el9?arch=x86_64&distro=rhel-9.3";
    let said = say(&csaf(), "CVE-1", openssl).unwrap();
    // The image as a whole is fixed, and so is what is in it; both were said at the same time.
    assert!(said.status.suppresses());
    let index = VexIndex::new([parse(&csaf())]);
    let elsewhere = ImageNames::default();
    let package = |text| PurlPattern::parse(text).unwrap();
    let said = index
        .find(["CVE-1"].into_iter(), &package(openssl), &elsewhere)
        .unwrap();
    assert_eq!(said.status, StatementStatus::NotAffected);
    assert_eq!(
        said.justification.as_deref(),
        Some("vulnerable_code_not_present")
    );
    assert_eq!(said.detail.as_deref(), Some("no such code"));
    assert_eq!(said.author.as_deref(), Some("Example PSIRT"));
    assert_eq!(said.document, "EX-1");
    let other = package("pkg:rpm/redhat/openssl@3.0.8-1.el9?arch=x86_64");
    assert_eq!(index.find(["CVE-1"].into_iter(), &other, &elsewhere), None);
    let lodash = package("pkg:npm/lodash@4.17.20");
    let said = index
        .find(["CVE-2"].into_iter(), &lodash, &elsewhere)
        .unwrap();
    assert_eq!(said.status, StatementStatus::UnderInvestigation);
}

fn cyclonedx(references: &[&str], state: &str) -> Value {
    let affects: Vec<_> = references
        .iter()
        .map(|reference| json!({"ref": reference}))
        .collect();
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:1", "version": 1,
        "metadata": {
            "timestamp": "2026-01-01T00:00:00Z", "supplier": {"name": "Example Inc."},
            "component": {"type": "container", "bom-ref": "root", "name": "app", "purl": "pkg:oci/app"},
        },
        "components": [{"type": "library", "bom-ref": "c1", "name": "a", "purl": "pkg:npm/%40a/b@1", "components": [
            {"type": "library", "bom-ref": "c2", "name": "c", "purl": "pkg:npm/c@2"},
        ]}],
        "vulnerabilities": [{
            "id": "CVE-1", "references": [{"id": "GHSA-1", "source": {"name": "a"}}],
            "analysis": {"state": state, "justification": "code_not_reachable", "detail": "no"},
            "affects": affects,
        }],
    })
}

#[test]
fn cyclonedx_names_components_of_its_own_and_of_other_documents() {
    for (reference, package, matches) in [
        ("c1", "pkg:npm/%40a/b@1", true),
        ("c1", "pkg:npm/%40a/b@2", false),
        ("c2", "pkg:npm/c@2", true),
        ("root", "pkg:npm/anything@1", true),
        ("pkg:npm/c@2", "pkg:npm/c@2", true),
        ("urn:cdx:1b2c/1#pkg:npm/c@2", "pkg:npm/c@2", true),
        ("urn:cdx:1b2c/1#pkg%3Anpm%2Fc%402", "pkg:npm/c@2", true),
        ("urn:cdx:1b2c/1#c9", "pkg:npm/c@2", false),
    ] {
        for id in ["CVE-1", "GHSA-1"] {
            let found = status(&cyclonedx(&[reference], "not_affected"), id, package);
            assert_eq!(found.is_some(), matches, "{reference} {package}");
        }
    }
}

#[test]
fn states_of_cyclonedx_are_statuses_of_vex() {
    for (state, expected) in [
        ("not_affected", Some(StatementStatus::NotAffected)),
        ("false_positive", Some(StatementStatus::NotAffected)),
        ("resolved", Some(StatementStatus::Fixed)),
        ("exploitable", Some(StatementStatus::Affected)),
        ("in_triage", Some(StatementStatus::UnderInvestigation)),
        ("something_new", None),
    ] {
        let found = status(&cyclonedx(&["c2"], state), "CVE-1", "pkg:npm/c@2");
        assert_eq!(found, expected, "{state}");
    }
}

#[test]
fn a_document_of_a_hundred_thousand_statements_is_looked_up_and_not_gone_through() {
    let statements: Vec<_> = (0..100_000)
        .map(|number| {
            json!({
                "vulnerability": {"name": "CVE-1"}, "status": "fixed",
                "products": [{"@id": format!("pkg:npm/p{number}@1")}],
            })
        })
        .collect();
    let index = VexIndex::new([parse(&openvex(json!(statements)))]);
    assert_eq!(index.len(), 100_000);
    for number in (0..100_000).step_by(100) {
        let package = PurlPattern::parse(&format!("pkg:npm/p{number}@1")).unwrap();
        assert!(
            index
                .find(["CVE-1"].into_iter(), &package, &image())
                .is_some()
        );
        assert_eq!(index.considered("CVE-1", &package), 1);
    }
}

#[test]
fn small_documents_that_would_become_large_are_refused() {
    let numbers = || 0..3000;
    let purls: Vec<_> = numbers().map(|n| format!("pkg:npm/p{n}")).collect();
    let many: Vec<_> = numbers().map(|n| format!("CVE-{n}")).collect();
    // Each of many ids is about each of many products.
    let aliases = openvex(json!([{
        "vulnerability": {"name": "CVE-0", "aliases": many}, "status": "fixed", "products": purls,
    }]));
    // A product of many names, which many relationships repeat.
    let name = json!({"product_id": "a", "product_identification_helper": {"purls": purls}});
    let relationships: Vec<_> = numbers()
        .map(|n| {
            json!({
                "product_reference": "a", "relates_to_product_reference": "b",
                "full_product_name": {"product_id": format!("r{n}")},
            })
        })
        .collect();
    let related = json!({
        "document": {},
        "product_tree": {"full_product_names": [name], "relationships": relationships},
    });
    // The same, which a list of products repeats.
    let repeated = json!({
        "document": {},
        "product_tree": {"full_product_names": [name]},
        "vulnerabilities": [{"cve": "CVE-1", "product_status": {"fixed": vec!["a"; 3000]}}],
    });
    // A component with a long name, meant again and again.
    let mut component = cyclonedx(&vec!["c9"; 100_000], "resolved");
    component["components"][0] =
        json!({"bom-ref": "c9", "purl": format!("pkg:npm/{}", "a".repeat(4000))});
    for document in [aliases, related, repeated, component] {
        let read = VexDocument::parse(document.to_string().as_bytes());
        let refused = read.map(|document| document.format);
        assert_eq!(refused, Err(InvalidVex::TooManyProducts));
    }
}

#[test]
fn a_time_that_is_longer_than_any_is_not_kept() {
    let mut document = openvex(json!([statement(json!(["pkg:npm/a"]))]));
    document["timestamp"] = json!("9".repeat(100_000));
    document["statements"][0]["timestamp"] = json!("");
    assert_eq!(parse(&document).statements[0].timestamp, "");
}

#[test]
fn a_text_about_a_product_is_the_first_that_means_it() {
    let threat = |details: &str, products: Value| json!({"category": "impact", "details": details, "product_ids": products});
    let detail = |threats: Value| {
        let document = json!({
            "document": {},
            "product_tree": {"full_product_names": [
                {"product_id": "a", "product_identification_helper": {"purl": "pkg:npm/a"}},
            ]},
            "vulnerabilities": [{
                "cve": "CVE-1", "product_status": {"known_not_affected": ["a"]}, "threats": threats,
            }],
        });
        let said = say(&document, "CVE-1", "pkg:npm/a@1").unwrap();
        said.detail
    };
    let (own, other, all) = (
        threat("own", json!(["b", "a"])),
        threat("other", json!(["b"])),
        threat("all", json!([])),
    );
    assert_eq!(detail(json!([other, own, all])).as_deref(), Some("own"));
    assert_eq!(detail(json!([other, all, own])).as_deref(), Some("all"));
    assert_eq!(detail(json!([threat(" ", json!(["a"])), other])), None);
}

#[test]
fn what_is_none_of_the_formats_is_refused() {
    for (document, expected) in [
        ("{}", InvalidVex::UnknownFormat),
        (r#"{"bomFormat": "SPDX"}"#, InvalidVex::UnknownFormat),
        (
            r#"{"@context": "https://example.com"}"#,
            InvalidVex::UnknownFormat,
        ),
    ] {
        assert_eq!(
            VexDocument::parse(document.as_bytes()),
            Err(expected),
            "{document}"
        );
    }
    for document in [
        "",
        "[]",
        "null",
        "\u{0}",
        r#"{"bomFormat": 1}"#,
        &"[".repeat(100_000),
    ] {
        let refused = VexDocument::parse(document.as_bytes());
        assert!(
            matches!(refused, Err(InvalidVex::Malformed(_))),
            "{document:.20}"
        );
    }
    let unknown = openvex(json!([{"vulnerability": "CVE-1", "status": "fine"}])).to_string();
    let error = VexDocument::parse(unknown.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("fine"), "{error}");
    // Branches in branches without end are refused, not followed.
    let deep = format!(
        "{}{}",
        r#"{"document":{},"product_tree":{"branches":[{"branches":["#,
        r#"{"branches":["#.repeat(5000)
    );
    assert!(VexDocument::parse(deep.as_bytes()).is_err());
}

#[test]
fn formats_are_told_apart() {
    assert_eq!(parse(&csaf()).format, VexFormat::Csaf);
    assert_eq!(parse(&openvex(json!([]))).format, VexFormat::OpenVex);
    assert_eq!(
        parse(&cyclonedx(&[], "resolved")).format,
        VexFormat::CycloneDx
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn broken_documents_never_panic(
        which in 0_usize..3,
        place in 0_usize..4000,
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let documents = [
            openvex(json!([statement(json!([{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/a"}]}]))])),
            csaf(),
            cyclonedx(&["c1", "urn:cdx:1/1#%41%zz"], "resolved"),
        ];
        let mut content = documents[which].to_string().into_bytes();
        let place = place % content.len();
        if cut {
            content.truncate(place);
        } else {
            content[place] = byte;
        }
        if let Ok(document) = VexDocument::parse(&content) {
            let index = VexIndex::new([document]);
            let package = PurlPattern::parse("pkg:npm/a@1").unwrap();
            let _ = index.find(["CVE-1"].into_iter(), &package, &image());
        }
    }
}
