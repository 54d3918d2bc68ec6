//! Dead letters: who sees them, and what redriving does.

use std::time::Duration;

use axum::http::StatusCode;
use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::Queue;
use scanyard_store::{ScanFailure, ScanId, ScanState, Scans};

use crate::support::{TestGateway, create_key, other_tenant};

fn image_job(scan: ScanId) -> Job {
    Job::Image(ImageJob { scan_id: scan.0 })
}

/// Publishes a message, takes it and buries it.
async fn bury(gateway: &TestGateway, message: Message) {
    gateway.queue.publish(&[message]).await.unwrap();
    let delivery = take(gateway)
        .await
        .expect("what was published is delivered");
    delivery
        .handle
        .bury("the registry did not answer")
        .await
        .unwrap();
}

async fn take(gateway: &TestGateway) -> Option<scanyard_queue::Delivery> {
    let wait = Duration::from_secs(10);
    let deliveries = gateway
        .queue
        .fetch(Lane::Interactive, Stage::Image, 1, wait)
        .await;
    deliveries.unwrap().pop()
}

/// Buries an image job of the scan.
async fn bury_job(gateway: &TestGateway, id: &str, scan: ScanId) {
    bury(
        gateway,
        Message::new(id, Lane::Interactive, &image_job(scan)),
    )
    .await;
}

/// The ids that a listing shows, in its order.
async fn listed(gateway: &TestGateway, key: &str) -> Vec<String> {
    let list = gateway
        .send_as(key, "GET /v1/dead-letters", "", &[])
        .await
        .json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn letters_are_listed_in_pages_and_dropped() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    for id in ["1", "2", "3"] {
        bury_job(&gateway, id, scan).await;
    }
    let all = listed(&gateway, &gateway.key).await;
    assert_eq!(all.len(), 3);
    let first = gateway.get("/v1/dead-letters?limit=2").await;
    assert_eq!(first.json()["items"][1]["id"], all[1]);
    let next = first.header("link").split(['<', '>']).nth(1).unwrap();
    let second = gateway.get(next).await.json();
    assert_eq!(second["items"][0]["id"], all[2]);
    assert_eq!(second["items"][0]["scan_id"], scan.0.to_string());
    assert_eq!(second["items"][0]["reason"], "the registry did not answer");
    let path = format!("/v1/dead-letters/{}", all[0]);
    let dropped = gateway.send(&format!("DELETE {path}"), "").await;
    assert_eq!(dropped.status, StatusCode::NO_CONTENT);
    assert_eq!(
        gateway.get(&path).await.problem(),
        "404 dead_letter_not_found"
    );
}

#[tokio::test]
async fn redriving_the_letter_of_a_failed_scan_queues_the_scan_again() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    let failure = ScanFailure {
        code: "registry_unavailable".to_owned(),
        message: "The registry did not answer.".to_owned(),
        remedy: "Try again.".to_owned(),
        retryable: true,
    };
    gateway.store.fail_scan(scan, &failure).await.unwrap();
    bury_job(&gateway, "1", scan).await;
    let id = &listed(&gateway, &gateway.key).await[0];
    let line = format!("POST /v1/dead-letters/{id}/redrive");
    let redriven = gateway.send(&line, "").await;
    assert_eq!(redriven.status, StatusCode::ACCEPTED);
    assert_eq!(redriven.json()["scan_restarted"], true);
    let scan = gateway.store.scan_of_any_tenant(scan).await.unwrap();
    assert_eq!(scan.unwrap().state, ScanState::Queued);
    assert!(listed(&gateway, &gateway.key).await.is_empty());
    let again = gateway.send(&line, "").await;
    assert_eq!(again.problem(), "404 dead_letter_not_found");
}

#[tokio::test]
async fn redriving_the_letter_of_a_scan_that_goes_on_publishes_the_job_again() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    bury_job(&gateway, "1", scan).await;
    let id = &listed(&gateway, &gateway.key).await[0];
    let redriven = gateway
        .send(&format!("POST /v1/dead-letters/{id}/redrive"), "")
        .await;
    assert_eq!(
        redriven.json()["scan_restarted"],
        false,
        "{}",
        redriven.text()
    );
    let delivery = take(&gateway).await.expect("the job is delivered again");
    assert_eq!(Job::decode(&delivery.message.payload), Ok(image_job(scan)));
}

#[tokio::test]
async fn letters_of_others_are_not_seen() {
    let gateway = TestGateway::start().await;
    let other = create_key(&gateway.store, other_tenant()).await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    bury_job(&gateway, "1", scan).await;
    let mut unreadable = Message::new("2", Lane::Interactive, &image_job(scan));
    unreadable.payload = b"\xff\xff".to_vec();
    bury(&gateway, unreadable).await;
    assert!(listed(&gateway, &other).await.is_empty());
    let own = listed(&gateway, &gateway.key).await;
    assert_eq!(own.len(), 2);
    for id in own {
        for line in [
            format!("GET /v1/dead-letters/{id}"),
            format!("DELETE /v1/dead-letters/{id}"),
            format!("POST /v1/dead-letters/{id}/redrive"),
        ] {
            let answer = gateway.send_as(&other, &line, "", &[]).await;
            assert_eq!(answer.problem(), "404 dead_letter_not_found", "{line}");
        }
    }
}
