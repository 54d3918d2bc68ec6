//! Harbor's pluggable scanner API, against the shapes that Harbor publishes.

use axum::http::StatusCode;
use scanyard_store::{ScanFailure, ScanId, Scans, TenantId};
use serde_json::{Value, json};

use crate::support::{
    Answer, TestGateway, assemble, create_key, digest, match_all, other_tenant, record,
};

const VULNERABILITIES: &str = "application/vnd.security.vulnerability.report; version=1.1";
const LEGACY: &str = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0";
const RAW: &str = "application/vnd.scanner.adapter.vuln.report.raw";
const SBOM: &str = "application/vnd.security.sbom.report+json; version=1.0";

fn request() -> Value {
    json!({
        "registry": {
            "url": "https://registry.test",
            "authorization": "Basic cm9ib3Q6aHVudGVyMg==",
        },
        "artifact": {
            "repository": "app",
            "digest": digest(1).to_string(),
            "tag": "1",
            "mime_type": "application/vnd.docker.distribution.manifest.v2+json",
        },
        "enabled_capabilities": [{
            "type": "vulnerability",
            "produces_mime_types": [VULNERABILITIES],
        }],
    })
}

async fn submit(gateway: &TestGateway, body: &Value) -> Answer {
    let content = "application/vnd.scanner.adapter.scan.request+json; version=1.1";
    let headers = [("content-type", content)];
    gateway
        .send_as(
            &gateway.key,
            "POST /api/v1/scan",
            &body.to_string(),
            &headers,
        )
        .await
}

async fn submitted(gateway: &TestGateway) -> ScanId {
    let answer = submit(gateway, &request()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.scanner.adapter.scan.response+json; version=1.0"
    );
    ScanId(answer.json()["id"].as_str().unwrap().parse().unwrap())
}

async fn report(gateway: &TestGateway, scan: ScanId, query: &str, accept: &[&str]) -> Answer {
    let line = format!("GET /api/v1/scan/{}/report{query}", scan.0);
    let headers: Vec<_> = accept.iter().map(|accept| ("accept", *accept)).collect();
    gateway.send_as(&gateway.key, &line, "", &headers).await
}

async fn done(gateway: &TestGateway) -> ScanId {
    let scan = submitted(gateway).await;
    record(&gateway.store, scan).await;
    assemble(&gateway.store, &[]).await;
    match_all(&gateway.store).await;
    gateway.store.finish_scans(digest(1)).await.unwrap();
    scan
}

fn error(answer: &Answer) -> String {
    let content = "application/vnd.scanner.adapter.error+json; version=1.0";
    assert_eq!(answer.header("content-type"), content, "{}", answer.text());
    answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_metadata_name_each_report_in_one_capability() {
    let gateway = TestGateway::start().await;
    let answer = gateway.get("/api/v1/metadata").await;
    let content = "application/vnd.scanner.adapter.metadata+json; version=1.1";
    assert_eq!(answer.header("content-type"), content);
    let metadata = answer.json();
    for field in ["name", "vendor", "version"] {
        assert!(metadata["scanner"][field].is_string(), "{metadata}");
    }
    let capabilities = metadata["capabilities"].as_array().unwrap();
    let mut produced: Vec<_> = capabilities
        .iter()
        .flat_map(|capability| capability["produces_mime_types"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    produced.sort_unstable();
    let mut expected = [VULNERABILITIES, LEGACY, RAW, SBOM];
    expected.sort_unstable();
    assert_eq!(produced, expected);
    let bills = &capabilities[1]["additional_attributes"]["sbom_media_types"];
    assert!(
        bills
            .as_array()
            .unwrap()
            .contains(&json!("application/vnd.cyclonedx+json"))
    );
    let properties = metadata["properties"].as_object().unwrap();
    assert!(properties.values().all(Value::is_string), "{metadata}");
}

#[tokio::test]
async fn a_report_is_asked_for_again_until_it_is_there() {
    let gateway = TestGateway::start().await;
    let scan = submitted(&gateway).await;
    let stored = gateway
        .store
        .scan_of_any_tenant(scan)
        .await
        .unwrap()
        .unwrap();
    let expected = format!("registry.test/app:1@{}", digest(1));
    assert_eq!(stored.reference, expected);
    for accept in [VULNERABILITIES, RAW] {
        let answer = report(&gateway, scan, "", &[accept]).await;
        assert_eq!(answer.status, StatusCode::FOUND);
        let wait: i8 = answer.header("refresh-after").parse().unwrap();
        assert!(wait > 0);
    }
}

#[tokio::test]
async fn one_scan_answers_for_every_report() {
    let gateway = TestGateway::start().await;
    let scan = done(&gateway).await;
    let current = report(&gateway, scan, "", &[VULNERABILITIES]).await;
    assert_eq!(current.header("content-type"), VULNERABILITIES);
    let current = current.json();
    assert_eq!(current["artifact"]["repository"], "app");
    assert_eq!(current["artifact"]["digest"], digest(1).to_string());
    assert_eq!(current["artifact"]["tag"], "1");
    assert_eq!(current["severity"], "High");
    let found = &current["vulnerabilities"][0];
    assert_eq!(found["id"], "CVE-2023-5363");
    assert_eq!(found["package"], "openssl");
    assert_eq!(found["version"], "3.0.9-1");
    assert_eq!(found["fix_version"], "3.0.11-1~deb12u2");
    assert_eq!(found["severity"], "High");
    assert!(found["description"].is_string() && found["links"][0].is_string());
    assert!(found["vendor_attributes"].is_object() && found["cwe_ids"].is_array());
    // Without a space, and whatever is the case: Harbor and its kin write both.
    let other = report(
        &gateway,
        scan,
        "",
        &["application/vnd.security.vulnerability.report;version=1.1"],
    )
    .await;
    assert_eq!(other.status, StatusCode::OK);
    for accept in [&[][..], &["*/*"], &[""], &[LEGACY]] {
        let legacy = report(&gateway, scan, "", accept).await;
        assert_eq!(legacy.header("content-type"), LEGACY, "{accept:?}");
        assert!(
            legacy.json()["vulnerabilities"][0]
                .get("vendor_attributes")
                .is_none()
        );
    }
    let raw = report(&gateway, scan, "", &[RAW]).await.json();
    assert!(raw["schema_version"].is_string());
}

#[tokio::test]
async fn bills_of_materials_come_in_the_form_that_the_query_names() {
    let gateway = TestGateway::start().await;
    let scan = done(&gateway).await;
    let forms = [
        (
            "application%2Fspdx%2Bjson",
            "application/spdx+json",
            "spdxVersion",
        ),
        (
            "application%2Fvnd.cyclonedx%2Bjson",
            "application/vnd.cyclonedx+json",
            "bomFormat",
        ),
    ];
    let metadata = gateway.get("/api/v1/metadata").await.json();
    let offered = &metadata["capabilities"][1]["additional_attributes"]["sbom_media_types"];
    let is_offered = |media_type: &str| offered.as_array().unwrap().contains(&json!(media_type));
    for (query, media_type, field) in forms {
        if !is_offered(media_type) {
            continue;
        }
        let query = format!("?sbom_media_type={query}");
        let answer = report(&gateway, scan, &query, &[SBOM]).await;
        assert_eq!(answer.header("content-type"), SBOM, "{}", answer.text());
        let bill = answer.json();
        assert_eq!(bill["media_type"], media_type);
        assert!(bill["sbom"][field].is_string(), "{bill}");
        assert_eq!(bill["artifact"]["digest"], digest(1).to_string());
    }
    for query in ["", "?sbom_media_type=text%2Fplain"] {
        let answer = report(&gateway, scan, query, &[SBOM]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(error(&answer).contains("sbom_media_type"));
    }
}

#[tokio::test]
async fn wrong_submissions_are_told_apart() {
    let gateway = TestGateway::start().await;
    let with = |path: &str, value: Value| {
        let mut body = request();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let chart = json!([{"type": "chart"}]);
    let pdf = json!([{"type": "vulnerability", "produces_mime_types": ["application/pdf"]}]);
    let wrong = [
        (with("/registry/url", json!("harbor")), 422),
        (with("/artifact/digest", json!("sha256:1")), 422),
        (with("/artifact/repository", json!("")), 422),
        (with("/registry/authorization", json!("hunter2")), 422),
        (json!({"registry": {}}), 422),
        (with("/enabled_capabilities", chart), 501),
        (with("/enabled_capabilities", pdf), 501),
    ];
    for (body, status) in wrong {
        let answer = submit(&gateway, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {}", answer.text());
        assert!(!error(&answer).contains("hunter2"));
    }
    let line = "POST /api/v1/scan";
    let garbage = gateway.send(line, "{").await;
    assert_eq!(garbage.status, StatusCode::BAD_REQUEST);
    error(&garbage);
    let mut all = request();
    all.as_object_mut().unwrap().remove("enabled_capabilities");
    assert_eq!(submit(&gateway, &all).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn only_ids_that_nobody_gave_out_are_not_found() {
    let gateway = TestGateway::start().await;
    let scan = submitted(&gateway).await;
    for id in ["nonsense", "018f0000-0000-7000-8000-000000000000"] {
        let line = format!("GET /api/v1/scan/{id}/report");
        let answer = gateway.send(&line, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        error(&answer);
    }
    let failure = ScanFailure {
        code: "image_not_found".to_owned(),
        message: "there is no such image".to_owned(),
        remedy: "push it".to_owned(),
        retryable: false,
    };
    gateway.store.fail_scan(scan, &failure).await.unwrap();
    let failed = report(&gateway, scan, "", &[VULNERABILITIES]).await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error(&failed).contains("there is no such image"));
    let none = report(&gateway, scan, "", &["application/pdf"]).await;
    assert_eq!(none.status, StatusCode::NOT_IMPLEMENTED);
    let other = create_key(&gateway.store, other_tenant()).await;
    let line = format!("GET /api/v1/scan/{}/report", scan.0);
    let answer = gateway.send_as(&other, &line, "", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_comes_in_each_of_the_ways_that_harbor_offers() {
    let gateway = TestGateway::start().await;
    let metadata = "GET /api/v1/metadata";
    // base64 of "harbor:" and the key.
    let basic = base64_of(&format!("harbor:{}", gateway.key));
    let basic = format!("Basic {basic}");
    for header in [
        ("authorization", basic.as_str()),
        ("x-scanneradapter-api-key", gateway.key.as_str()),
    ] {
        let answer = gateway.send_as("", metadata, "", &[header]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", header.0);
    }
    for header in [
        ("authorization", "Basic OmE="),
        ("x-scanneradapter-api-key", "wrong"),
    ] {
        let answer = gateway.send_as("", metadata, "", &[header]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        error(&answer);
    }
    let scan = gateway
        .store
        .scan(TenantId::DEFAULT, submitted(&gateway).await)
        .await;
    assert!(scan.unwrap().is_some());
}

fn base64_of(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            encoded.push(if place <= chunk.len() {
                digit.into()
            } else {
                '='
            });
        }
    }
    encoded
}
