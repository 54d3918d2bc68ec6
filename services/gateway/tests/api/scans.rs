//! Submitting, waiting, listing, cancelling.

use axum::http::StatusCode;
use scanyard_store::Outbox;

use crate::support::{TestGateway, assemble, create_key, digest, match_all, other_tenant, record};
use scanyard_store::Scans;

#[tokio::test]
async fn a_submitted_scan_is_where_its_location_says() {
    let gateway = TestGateway::start().await;
    let trace = (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let body = r#"{"reference":"alpine:3.18","platform":"linux/amd64","lane":"bulk"}"#;
    let answer = gateway
        .send_as(&gateway.key, "POST /v1/scans", body, &[trace])
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let scan = gateway.get(answer.header("location")).await.json();
    assert_eq!(scan, answer.json());
    assert_eq!(scan["reference"], "docker.io/library/alpine:3.18");
    assert_eq!(scan["platform"], "linux/amd64");
    assert_eq!(scan["lane"], "bulk");
    assert_eq!(scan["state"], "queued");
    let messages = gateway.store.pending_messages(10).await.unwrap();
    let handed_on = messages[0].traceparent.as_deref().unwrap();
    assert!(handed_on.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_scan() {
    let gateway = TestGateway::start().await;
    let send = async |key: &str, body: &str| {
        let headers = [("idempotency-key", "build-7")];
        gateway.send_as(key, "POST /v1/scans", body, &headers).await
    };
    let alpine = r#"{"reference":"alpine"}"#;
    let first = send(&gateway.key, alpine).await;
    let second = send(
        &gateway.key,
        r#"{"reference":"docker.io/library/alpine:latest"}"#,
    )
    .await;
    assert_eq!(second.status, StatusCode::ACCEPTED);
    assert_eq!(first.json()["id"], second.json()["id"]);
    let reused = send(&gateway.key, r#"{"reference":"debian"}"#).await;
    assert_eq!(reused.problem(), "422 idempotency_key_reused");
    let other = create_key(&gateway.store, other_tenant()).await;
    let others = send(&other, alpine).await;
    assert_ne!(first.json()["id"], others.json()["id"]);
    let headers = [("idempotency-key", "")];
    let empty = gateway
        .send_as(&gateway.key, "POST /v1/scans", alpine, &headers)
        .await;
    assert_eq!(empty.problem(), "400 invalid_header");
}

#[tokio::test]
async fn pages_hold_every_scan_once_the_newest_first() {
    let gateway = TestGateway::start().await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let scan = gateway.submit(&gateway.key, &format!("app:{number}")).await;
        expected.insert(0, scan.0.to_string());
    }
    let mut seen = Vec::new();
    let mut path = "/v1/scans?limit=2&state=queued".to_owned();
    loop {
        let page = gateway.get(&path).await;
        for scan in page.json()["items"].as_array().unwrap() {
            seen.push(scan["id"].as_str().unwrap().to_owned());
        }
        let link = page.header("link");
        assert_eq!(link.is_empty(), page.json()["next_cursor"].is_null());
        let Some(next) = link
            .strip_prefix('<')
            .and_then(|link| link.split('>').next())
        else {
            break;
        };
        path = next.to_owned();
    }
    assert_eq!(seen, expected);
    let one = gateway
        .get("/v1/scans?reference=docker.io/library/app:3")
        .await
        .json();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn cancelling_twice_is_cancelling_once() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "alpine").await;
    let line = format!("DELETE /v1/scans/{}", scan.0);
    for _ in 0..2 {
        let answer = gateway.send(&line, "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["state"], "cancelled");
    }
}

#[tokio::test]
async fn a_client_that_prefers_to_wait_gets_the_finished_scan() {
    let gateway = TestGateway::start().await;
    let headers = [("prefer", "wait=30")];
    let body = r#"{"reference":"registry.test/app:1"}"#;
    let worker = async {
        let scan = loop {
            let page = gateway.get("/v1/scans").await.json();
            if let Some(id) = page["items"][0]["id"].as_str() {
                break scanyard_store::ScanId(id.parse().unwrap());
            }
            tokio::task::yield_now().await;
        };
        record(&gateway.store, scan).await;
        assemble(&gateway.store, &[]).await;
        match_all(&gateway.store).await;
        gateway.store.finish_scans(digest(1)).await.unwrap();
    };
    let waiting = gateway.send_as(&gateway.key, "POST /v1/scans", body, &headers);
    let (answer, ()) = tokio::join!(waiting, worker);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("preference-applied"), "wait=30");
    assert_eq!(answer.json()["state"], "done");
    assert_eq!(answer.json()["images"][0], digest(1).to_string());
}

#[tokio::test]
async fn waiting_ends_when_the_service_stops() {
    let gateway = TestGateway::start().await;
    gateway.shutdown.cancel();
    let headers = [("prefer", "wait=30")];
    let body = r#"{"reference":"alpine"}"#;
    let answer = gateway
        .send_as(&gateway.key, "POST /v1/scans", body, &headers)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}
