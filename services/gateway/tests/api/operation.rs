//! What operators and browsers see.

use std::time::Duration;

use axum::http::StatusCode;
use scanyard_gateway::{AuthMode, Settings};
use scanyard_store::Matches;

use crate::support::{TestGateway, digest, match_all, quick_settings};

#[tokio::test]
async fn readiness_tells_each_part() {
    let gateway = TestGateway::start().await;
    let ready = gateway.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.json()["status"], "degraded");
    assert_eq!(ready.json()["advisories"]["status"], "degraded");
    assert_eq!(ready.json()["store"]["status"], "ok");
    match_all(&gateway.store).await;
    assert_eq!(gateway.get("/readyz").await.json()["status"], "ok");
    gateway
        .store
        .activate_revision(digest(901), None)
        .await
        .unwrap();
    let lagging = gateway.get("/readyz").await;
    assert_eq!(lagging.json()["advisories"]["status"], "degraded");
    gateway.shutdown.cancel();
    let stopping = gateway.get("/readyz").await;
    assert_eq!(stopping.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stopping.json()["service"]["status"], "down");
}

#[tokio::test]
async fn metrics_count_by_template_never_by_path() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/vulnerabilities/CVE-SECRET-1").await;
    gateway.get("/not/a/route").await;
    let metrics = gateway.get("/metrics").await;
    let text = metrics.text();
    assert!(
        text.contains("route=\"/v1/vulnerabilities/{id}\""),
        "{text}"
    );
    assert!(text.contains("route=\"unmatched\""), "{text}");
    assert!(
        text.contains("scanyard_http_request_seconds_bucket"),
        "{text}"
    );
    assert!(!text.contains("CVE-SECRET-1") && !text.contains("not/a/route"));
}

#[tokio::test]
async fn the_documentation_loads_nothing_from_elsewhere() {
    let gateway = TestGateway::start().await;
    let moved = gateway.get("/docs").await;
    assert_eq!(moved.header("location"), "/docs/");
    let page = gateway.get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert!(!page.text().contains("http"));
    assert!(!page.text().contains("<script>") && !page.text().contains("<style"));
    let script = gateway.get("/docs/swagger-initializer.js").await;
    assert!(script.text().contains("/openapi.json"));
    assert!(!script.text().contains("http"), "{}", script.text());
    for file in page.text().split("./").skip(1) {
        let file = file.split('"').next().unwrap();
        let answer = gateway.get(&format!("/docs/{file}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
    }
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let gateway = TestGateway::start().await;
    for path in ["/", "/v1/scans", "/nothing"] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(!answer.header("x-request-id").is_empty());
    }
    let headers = [("x-request-id", "build-7.1")];
    let answer = gateway.send_as("", "GET /", "", &headers).await;
    assert_eq!(answer.header("x-request-id"), "build-7.1");
    let headers = [("x-request-id", "a b\"c")];
    let answer = gateway.send_as("", "GET /", "", &headers).await;
    assert_ne!(answer.header("x-request-id"), "a b\"c");
}

#[tokio::test]
async fn json_is_compressed_on_request() {
    let gateway = TestGateway::start().await;
    let headers = [("accept-encoding", "gzip")];
    let answer = gateway.send_as("", "GET /openapi.json", "", &headers).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_full_service_says_when_to_come_back_and_stays_healthy() {
    let settings = Settings {
        max_concurrent_requests: 0,
        ..quick_settings()
    };
    let gateway = TestGateway::start_with(AuthMode::Keys, settings).await;
    let answer = gateway.get("/v1/scans").await;
    assert_eq!(answer.problem(), "503 overloaded");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(gateway.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_nobody_may_wait_the_answer_comes_at_once() {
    let settings = Settings {
        max_waiting_requests: 0,
        ..quick_settings()
    };
    let gateway = TestGateway::start_with(AuthMode::Keys, settings).await;
    let headers = [("prefer", "wait=30")];
    let body = r#"{"reference":"alpine"}"#;
    let answer = gateway
        .send_as(&gateway.key, "POST /v1/scans", body, &headers)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("preference-applied"), "");
}

#[tokio::test]
async fn a_body_that_never_comes_ends_in_a_timeout() {
    let settings = Settings {
        request_timeout: Duration::from_millis(10),
        ..quick_settings()
    };
    let gateway = TestGateway::start_with(AuthMode::Insecure, settings).await;
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = axum::http::Request::post("/v1/scans")
        .header("content-type", "application/json")
        .body(axum::body::Body::from_stream(never))
        .unwrap();
    let answer = gateway.send_request(request).await;
    assert_eq!(answer.problem(), "503 timeout");
}
