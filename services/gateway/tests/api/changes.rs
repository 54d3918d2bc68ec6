//! What new advisories changed, and the history of an image.

use axum::http::StatusCode;
use scanyard_store::TenantId;

use crate::support::{TestGateway, create_key, digest, finished_scan, other_tenant};

fn history(number: u64) -> String {
    format!("/v1/images/{}/history", digest(number))
}

#[tokio::test]
async fn what_an_image_begins_with_is_no_event() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let events = gateway.get("/v1/events").await;
    assert_eq!(events.status, StatusCode::OK, "{}", events.text());
    assert_eq!(events.json()["items"], serde_json::json!([]));
    assert_eq!(events.json()["next_cursor"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_history_of_an_image_begins_where_it_was_first_seen() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let answer = gateway.get(&history(1)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let history = answer.json();
    let entries = history["items"].as_array().unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|e| e["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.last(), Some(&"image.first_seen"));
    let tagged = entries.iter().find(|e| e["kind"] == "tag.added").unwrap();
    assert_eq!(tagged["tag"]["name"], "1");
}

#[tokio::test]
async fn an_image_of_another_tenant_has_no_history() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let key = create_key(&gateway.store, other_tenant()).await;
    assert_ne!(other_tenant(), TenantId::DEFAULT);
    let line = format!("GET {}", history(1));
    let answer = gateway.send_as(&key, &line, "", &[]).await;
    assert_eq!(answer.problem(), "404 image_not_found");
}

#[tokio::test]
async fn wrong_questions_about_events_are_refused() {
    let gateway = TestGateway::start().await;
    for (path, problem) in [
        ("/v1/events?kind=finding.old", "400 invalid_query"),
        ("/v1/events?min_severity=bad", "400 invalid_query"),
        ("/v1/events?repository=a%20b", "400 invalid_query"),
        ("/v1/events?since=yesterday", "400 invalid_query"),
        ("/v1/events?limit=0", "400 invalid_query"),
        ("/v1/events?cursor=a", "400 invalid_cursor"),
        ("/v1/events/a", "400 invalid_id"),
        ("/v1/events/0", "400 invalid_id"),
        ("/v1/events/1", "404 event_not_found"),
        ("/v1/events/1/images", "404 event_not_found"),
        ("/v1/events/1/images?cursor=1", "400 invalid_cursor"),
    ] {
        assert_eq!(gateway.get(path).await.problem(), problem, "{path}");
    }
    let headers = [("accept", "text/event-stream"), ("last-event-id", "a")];
    let answer = gateway.send_as(&gateway.key, "GET /v1/events", "", &headers);
    assert_eq!(answer.await.problem(), "400 invalid_cursor");
}

#[tokio::test]
async fn a_stream_of_events_ends_when_the_service_stops() {
    let gateway = TestGateway::start().await;
    gateway.shutdown.cancel();
    let headers = [("accept", "text/event-stream")];
    let answer = gateway
        .send_as(&gateway.key, "GET /v1/events", "", &headers)
        .await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.text(), "");
}
