//! Bills of materials as submissions.

use axum::http::StatusCode;
use scanyard_store::Documents;

use crate::support::{Answer, TestGateway, quick_settings};
use scanyard_gateway::{AuthMode, Settings};

const CYCLONEDX: (&str, &str) = ("content-type", "application/vnd.cyclonedx+json");
const BILL: &str = r#"{"bomFormat": "CycloneDX", "components": [
    {"type": "library", "name": "a", "purl": "pkg:npm/a@1.0.0"}]}"#;

async fn submit(gateway: &TestGateway, query: &str, body: &str) -> Answer {
    let line = format!("POST /v1/sboms?{query}");
    gateway
        .send_as(&gateway.key, &line, body, &[CYCLONEDX])
        .await
}

#[tokio::test]
async fn a_bill_is_kept_and_becomes_a_scan() {
    let gateway = TestGateway::start().await;
    let answer = submit(&gateway, "name=team/app&tag=1.4", BILL).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let scan = answer.json();
    assert_eq!(
        answer.header("location"),
        format!("/v1/scans/{}", scan["id"].as_str().unwrap())
    );
    let reference = scan["reference"].as_str().unwrap();
    let digest = reference.strip_prefix("sbom:team/app:1.4@").unwrap();
    let kept = gateway
        .store
        .document(digest.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(kept.as_deref(), Some(BILL.as_bytes()));
    let listed = gateway.get("/v1/scans").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_bill_is_refused_and_nothing_is_kept() {
    let gateway = TestGateway::start().await;
    let cut = r#"{"bomFormat": "CycloneDX""#;
    let refused = [
        ("name=app", "{}", "400 invalid_body"),
        ("name=app", cut, "400 invalid_body"),
        ("tag=1", BILL, "400 invalid_query"),
        ("name=a%20b", BILL, "422 invalid_name"),
        ("name=a&tag=x:y", BILL, "422 invalid_name"),
    ];
    for (query, body, problem) in refused {
        let answer = submit(&gateway, query, body).await;
        assert_eq!(answer.problem(), problem, "{query} {body}");
    }
    let line = "POST /v1/sboms?name=app";
    let text = [("content-type", "text/plain")];
    let answer = gateway.send_as(&gateway.key, line, BILL, &text).await;
    assert_eq!(answer.problem(), "415 unsupported_media_type");
    let listed = gateway.get("/v1/scans").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_bill_beyond_the_limit_is_not_read() {
    let settings = Settings {
        max_sbom_bytes: 100,
        ..quick_settings()
    };
    let gateway = TestGateway::start_with(AuthMode::Keys, settings).await;
    let long = format!("{BILL}{}", " ".repeat(100));
    let answer = submit(&gateway, "name=app", &long).await;
    assert_eq!(answer.problem(), "413 body_too_large");
}

#[tokio::test]
async fn a_scan_cannot_refer_to_a_bill_of_another_tenant() {
    let gateway = TestGateway::start().await;
    let bill = submit(&gateway, "name=app", BILL).await.json();
    let reference = bill["reference"].as_str().unwrap();
    let body = serde_json::json!({ "reference": reference }).to_string();
    let answer = gateway.send("POST /v1/scans", &body).await;
    assert_eq!(answer.problem(), "422 invalid_reference");
}
