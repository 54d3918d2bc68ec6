//! Repositories, tags and images that are let go of.

use axum::http::StatusCode;

use crate::support::{TestGateway, digest, finished_scan};

#[tokio::test]
async fn repositories_have_tags_and_tags_a_history() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let repositories = gateway.get("/v1/repositories").await.json();
    assert_eq!(repositories["items"][0]["name"], "registry.test/app");
    assert_eq!(repositories["items"][0]["tags"], 1);

    let tags = gateway
        .get("/v1/tags?repository=registry.test/app")
        .await
        .json();
    let tag = &tags["items"][0];
    assert_eq!(tag["name"], "1");
    assert_eq!(tag["images"][0]["digest"], digest(1).to_string());

    let history = gateway
        .get("/v1/tags/history?repository=registry.test/app&tag=1")
        .await
        .json();
    assert_eq!(history["items"][0]["image"], digest(1).to_string());
    assert_eq!(history["items"][0]["to"], serde_json::Value::Null);

    let unknown = gateway.get("/v1/tags?repository=registry.test/no").await;
    assert_eq!(unknown.problem(), "404 repository_not_found");
    let unnamed = gateway.get("/v1/tags").await;
    assert_eq!(unnamed.problem(), "400 invalid_query");
}

#[tokio::test]
async fn an_image_that_is_let_go_of_is_in_no_answer() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let path = format!("/v1/images/{}", digest(1));
    let answer = gateway.send(&format!("DELETE {path}"), "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    assert_eq!(
        gateway.send(&format!("DELETE {path}"), "").await.problem(),
        "404 image_not_found"
    );
    assert_eq!(gateway.get(&path).await.problem(), "404 image_not_found");
    let images = gateway.get("/v1/images").await.json();
    assert_eq!(images["items"], serde_json::json!([]));
    let vulnerability = gateway.get("/v1/vulnerabilities/CVE-2023-5363").await;
    assert_eq!(vulnerability.problem(), "404 vulnerability_not_found");
}
