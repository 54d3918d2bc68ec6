//! Bulks: followed, and asked for twice.

use axum::http::StatusCode;
use scanyard_store::{BulkId, BulkSource, Bulks, NewBulk, TenantId};
use uuid::Uuid;

use crate::support::{Answer, TestGateway, events};

async fn upload(gateway: &TestGateway, path: &str, key: &str, lines: &str) -> Answer {
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("idempotency-key", key),
    ];
    let line = format!("POST {path}");
    gateway.send_as(&gateway.key, &line, lines, &headers).await
}

async fn list_bulk(gateway: &TestGateway, key: &str, repositories: &str) -> Answer {
    let body = format!(r#"{{"registry":"r.test","repositories":"{repositories}"}}"#);
    let headers = [("idempotency-key", key)];
    let line = "POST /v1/bulk";
    gateway.send_as(&gateway.key, line, &body, &headers).await
}

#[tokio::test]
async fn a_bulk_is_followed_to_its_end() {
    let gateway = TestGateway::start().await;
    let bulk = upload(&gateway, "/v1/bulk", "a", "r.test/app:1\n").await;
    let id = bulk.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/bulk/{id}/events");
    let cancel = async {
        // The stream sees the bulk as it is before this is answered, or as it is after.
        gateway
            .send(&format!("POST /v1/bulk/{id}/cancel"), "")
            .await
    };
    let (answer, _) = tokio::join!(gateway.get(&path), cancel);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let mut told = events(answer.text());
    assert_eq!(told.pop(), Some(("done".into(), "cancelled".into())));
    for event in told {
        assert_eq!(event, ("progress".into(), "running".into()));
    }
    let unknown = "/v1/bulk/00000000-0000-0000-0000-000000000009/events";
    assert_eq!(gateway.get(unknown).await.problem(), "404 bulk_not_found");
}

#[tokio::test]
async fn the_scans_of_a_bulk_name_it() {
    let gateway = TestGateway::start().await;
    let bulk = upload(&gateway, "/v1/bulk", "a", "r.test/app:1\n").await;
    gateway.store.feed_bulks(10).await.unwrap();
    let alone = gateway.submit(&gateway.key, "r.test/app:2").await;
    let scans = gateway.get("/v1/scans").await.json();
    for scan in scans["items"].as_array().unwrap() {
        match scan["id"] == alone.0.to_string() {
            true => assert!(scan["bulk"].is_null()),
            false => assert_eq!(scan["bulk"], bulk.json()["id"]),
        }
    }
}

#[tokio::test]
async fn a_key_makes_one_bulk_of_two_requests() {
    let gateway = TestGateway::start().await;
    let first = upload(&gateway, "/v1/bulk", "a", "r.test/app:1\n").await;
    let again = upload(&gateway, "/v1/bulk", "a", "r.test/app:1\n").await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text());
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json()["counts"]["accepted"], 1);
    let other = upload(&gateway, "/v1/bulk?platform=linux/arm64", "a", "x\n").await;
    assert_eq!(other.problem(), "422 idempotency_key_reused");

    let first = list_bulk(&gateway, "b", "team/*").await;
    let again = list_bulk(&gateway, "b", "team/*").await;
    assert_eq!(again.header("location"), first.header("location"));
    for key in ["a", "b"] {
        let other = list_bulk(&gateway, key, "**").await;
        assert_eq!(other.problem(), "422 idempotency_key_reused");
    }
    let wrong = list_bulk(&gateway, "", "**").await;
    assert_eq!(wrong.problem(), "400 invalid_header");
    let bulks = gateway.get("/v1/bulk").await.json();
    assert_eq!(bulks["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_whose_upload_goes_on_is_not_answered_with_half_of_it() {
    let gateway = TestGateway::start().await;
    let new = NewBulk {
        id: BulkId(Uuid::now_v7()),
        tenant: TenantId::DEFAULT,
        source: BulkSource::Upload,
        platform: None,
        idempotency_key: Some("a".to_owned()),
        traceparent: None,
    };
    gateway.store.create_bulk(&new).await.unwrap();
    let again = upload(&gateway, "/v1/bulk", "a", "r.test/app:1\n").await;
    assert_eq!(again.problem(), "409 bulk_state_conflict");
}
