//! Who gets in, and what they see.

use axum::http::StatusCode;
use scanyard_gateway::AuthMode;
use serde_json::Value;

use crate::support::{
    TestGateway, create_key, digest, finished_scan, other_tenant, quick_settings,
};

/// Every path of the API by its OpenAPI document, with something in place of its parameters.
async fn operations(gateway: &TestGateway) -> Vec<(String, bool)> {
    let document = gateway.get("/openapi.json").await.json();
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path
                .replace("{id}", "018f3c9e-0000-7000-8000-000000000001")
                .replace("{kind}", "harbor")
                .replace("{digest}", &digest(77).to_string());
            let open = operation["security"] == serde_json::json!([{}]);
            lines.push((format!("{} {path}", method.to_uppercase()), open));
        }
    }
    lines
}

#[tokio::test]
async fn every_documented_route_answers_and_asks_for_a_key_where_it_says_so() {
    let gateway = TestGateway::start().await;
    for (line, open) in operations(&gateway).await {
        let answer = gateway.send_as("", &line, "", &[]).await;
        if open {
            assert_eq!(answer.status, StatusCode::OK, "{line}");
            continue;
        }
        assert_eq!(answer.problem(), "401 unauthorized", "{line}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        let answer = gateway.send(&line, "").await;
        let known = answer.status.is_success() || answer.problem() != "404 route_not_found";
        assert!(known, "{line}");
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{line}");
    }
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let gateway = TestGateway::start().await;
    let mut altered = gateway.key.clone();
    let last = altered.pop().unwrap();
    altered.push(if last == '0' { '1' } else { '0' });
    for key in ["x", "sy_12_34", altered.as_str()] {
        let answer = gateway.send_as(key, "GET /v1/scans", "", &[]).await;
        assert_eq!(answer.problem(), "401 unauthorized", "{key}");
        assert!(!answer.text().contains(key.rsplit('_').next().unwrap()) || key == "x");
    }
    let headers = [("authorization", "Basic eDp5")];
    let answer = gateway.send_as("", "GET /v1/scans", "", &headers).await;
    assert_eq!(answer.problem(), "401 unauthorized");
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_ends_when_it_is_revoked() {
    let gateway = TestGateway::start().await;
    let created = gateway.send("POST /v1/keys", r#"{"name":"ci"}"#).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.header("cache-control"), "no-store");
    let created = created.json();
    let key = created["key"].as_str().unwrap();
    let listed = gateway.send_as(key, "GET /v1/keys", "", &[]).await;
    assert_eq!(listed.status, StatusCode::OK);
    assert!(!listed.text().contains(key.rsplit('_').next().unwrap()));
    assert_eq!(listed.json()["items"][1]["name"], "ci");
    let line = format!("DELETE /v1/keys/{}", created["id"].as_str().unwrap());
    assert_eq!(gateway.send(&line, "").await.status, StatusCode::NO_CONTENT);
    let after = gateway.send_as(key, "GET /v1/keys", "", &[]).await;
    assert_eq!(after.problem(), "401 unauthorized");
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let gateway = TestGateway::start().await;
    let other = create_key(&gateway.store, other_tenant()).await;
    let scan = finished_scan(&gateway).await;
    let image = digest(1);
    for (line, code) in [
        (format!("GET /v1/scans/{}", scan.0), "404 scan_not_found"),
        (
            format!("GET /v1/scans/{}/events", scan.0),
            "404 scan_not_found",
        ),
        (format!("DELETE /v1/scans/{}", scan.0), "404 scan_not_found"),
        (format!("GET /v1/images/{image}"), "404 image_not_found"),
        (
            format!("GET /v1/images/{image}/report"),
            "404 image_not_found",
        ),
        (
            format!("GET /v1/images/{image}/layers"),
            "404 image_not_found",
        ),
        (
            "GET /v1/vulnerabilities/CVE-2023-5363".into(),
            "404 vulnerability_not_found",
        ),
    ] {
        let answer = gateway.send_as(&other, &line, "", &[]).await;
        assert_eq!(answer.problem(), code, "{line}");
    }
    for path in ["scans", "images", "vulnerabilities/CVE-2023-5363/images"] {
        let line = format!("GET /v1/{path}");
        let answer = gateway.send_as(&other, &line, "", &[]).await;
        assert_eq!(answer.json()["items"], Value::Array(Vec::new()), "{line}");
        let own = gateway.send(&line, "").await.json();
        assert_eq!(own["items"].as_array().unwrap().len(), 1, "{line}");
    }
}

#[tokio::test]
async fn without_keys_everybody_is_the_default_tenant() {
    let gateway = TestGateway::start_with(AuthMode::Insecure, quick_settings()).await;
    gateway.submit("", "alpine").await;
    let own = gateway.get("/v1/scans").await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
}
