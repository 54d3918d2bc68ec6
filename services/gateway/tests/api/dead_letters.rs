//! Dead letters: who sees them, and what redriving does.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use chrono::Utc;
use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{DeadLetter, DeadLetterFilter, Delivery, LaneDepth, Queue, QueueError};
use scanyard_store::{ScanFailure, ScanId, ScanState, Scans};

use crate::support::{TestGateway, create_key, other_tenant};

/// A queue that holds dead letters only.
#[derive(Default)]
pub struct Letters(Mutex<Vec<DeadLetter>>);

impl Letters {
    fn add(&self, id: &str, payload: Vec<u8>) {
        let mut message = Message::new(
            id,
            Lane::Interactive,
            &Job::Image(ImageJob {
                scan_id: uuid::Uuid::nil(),
            }),
        );
        message.payload = payload;
        self.0.lock().unwrap().insert(
            0,
            DeadLetter {
                id: id.to_owned(),
                message,
                reason: "the registry did not answer".to_owned(),
                attempts: 5,
                published_at: Utc::now(),
                died_at: Utc::now(),
            },
        );
    }

    fn remove(&self, id: &str) -> bool {
        let mut letters = self.0.lock().unwrap();
        let before = letters.len();
        letters.retain(|letter| letter.id != id);
        letters.len() < before
    }
}

#[async_trait]
impl Queue for Letters {
    async fn publish(&self, _: &[Message]) -> Result<(), QueueError> {
        Ok(())
    }

    async fn fetch(
        &self,
        _: Lane,
        _: Stage,
        _: usize,
        _: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn depths(&self) -> Result<Vec<LaneDepth>, QueueError> {
        Ok(Vec::new())
    }

    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError> {
        let letters = self.0.lock().unwrap();
        let skip = match &filter.after {
            Some(after) => letters
                .iter()
                .position(|l| l.id == *after)
                .map_or(0, |at| at + 1),
            None => 0,
        };
        Ok(letters
            .iter()
            .skip(skip)
            .take(filter.limit as usize)
            .cloned()
            .collect())
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        Ok(self.0.lock().unwrap().iter().find(|l| l.id == id).cloned())
    }

    async fn redrive(&self, id: &str) -> Result<bool, QueueError> {
        Ok(self.remove(id))
    }

    async fn drop_dead_letter(&self, id: &str) -> Result<bool, QueueError> {
        Ok(self.remove(id))
    }

    async fn check(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

fn image_job(scan: ScanId) -> Vec<u8> {
    Job::Image(ImageJob { scan_id: scan.0 }).encode()
}

#[tokio::test]
async fn letters_are_listed_in_pages_and_dropped() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    for id in ["1", "2", "3"] {
        gateway.letters.add(id, image_job(scan));
    }
    let page = gateway.get("/v1/dead-letters?limit=2").await;
    let ids: Vec<_> = page.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["3", "2"]);
    assert_eq!(
        page.header("link"),
        "</v1/dead-letters?limit=2&cursor=2>; rel=\"next\""
    );
    let dropped = gateway.send("DELETE /v1/dead-letters/3", "").await;
    assert_eq!(dropped.status, StatusCode::NO_CONTENT);
    let again = gateway.get("/v1/dead-letters/3").await;
    assert_eq!(again.problem(), "404 dead_letter_not_found");
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
    gateway.letters.add("1", image_job(scan));
    let redriven = gateway.send("POST /v1/dead-letters/1/redrive", "").await;
    assert_eq!(redriven.status, StatusCode::ACCEPTED);
    assert_eq!(redriven.json()["scan_restarted"], true);
    let scan = gateway.store.scan_of_any_tenant(scan).await.unwrap();
    assert_eq!(scan.unwrap().state, ScanState::Queued);
    let gone = gateway.get("/v1/dead-letters/1").await;
    assert_eq!(gone.problem(), "404 dead_letter_not_found");
}

#[tokio::test]
async fn letters_of_others_are_not_seen() {
    let gateway = TestGateway::start().await;
    let other = create_key(&gateway.store, other_tenant()).await;
    let scan = gateway.submit(&gateway.key, "registry.test/app").await;
    gateway.letters.add("1", image_job(scan));
    gateway.letters.add("2", b"\xff\xff".to_vec());
    let list = gateway
        .send_as(&other, "GET /v1/dead-letters", "", &[])
        .await;
    assert_eq!(list.json()["items"], serde_json::json!([]));
    for line in [
        "GET /v1/dead-letters/1",
        "DELETE /v1/dead-letters/1",
        "POST /v1/dead-letters/1/redrive",
        "GET /v1/dead-letters/2",
    ] {
        let answer = gateway.send_as(&other, line, "", &[]).await;
        assert_eq!(answer.problem(), "404 dead_letter_not_found", "{line}");
    }
    assert_eq!(
        gateway.get("/v1/dead-letters/2").await.status,
        StatusCode::OK
    );
}
