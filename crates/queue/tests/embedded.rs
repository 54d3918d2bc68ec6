//! The conformance suite on the embedded adapter.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{EmbeddedQueue, Queue, Settings, queue_conformance};
use scanyard_sqlite::Database;
use tempfile::TempDir;

async fn open(settings: Settings) -> Option<(Arc<dyn Queue>, TempDir)> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("scanyard.db");
    let database = Database::open(&file).await.unwrap();
    let queue = EmbeddedQueue::new(database, settings);
    Some((Arc::new(queue), directory))
}

queue_conformance!(open);

#[tokio::test]
async fn a_message_whose_delay_runs_counts_as_waiting() {
    let (queue, _directory) = open(Settings::default()).await.unwrap();
    let job = Job::Image(ImageJob {
        scan_id: Default::default(),
    });
    let message = Message::new("a", Lane::Interactive, &job);
    queue.publish(&[message]).await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    let (lane, stage) = (Lane::Interactive, Stage::Image);
    let delivery = queue.fetch(lane, stage, 1, minute).await.unwrap().remove(0);
    delivery.handle.nak(minute, "later").await.unwrap();
    let depths = queue.depths().await.unwrap();
    assert_eq!((depths[0].waiting, depths[0].in_flight), (1, 0));
}
