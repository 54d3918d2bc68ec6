//! The conformance suite on the embedded adapter.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_queue::{EmbeddedQueue, Queue, Settings, queue_conformance};
use scanyard_sqlite::Database;
use tempfile::TempDir;

async fn open(settings: Settings) -> (Arc<dyn Queue>, TempDir) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("scanyard.db");
    let database = Database::open(&file).await.unwrap();
    (Arc::new(EmbeddedQueue::new(database, settings)), directory)
}

queue_conformance!(open);
