//! What was acknowledged survives a killed process.
//!
//! The test binary runs itself as a child that accepts scans and relays their messages, and kills it
//! in the middle.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use scanyard_protocol::Lane;
use scanyard_queue::{EmbeddedQueue, Queue, Settings};
use scanyard_store::{NewScan, Outbox, ScanId, Scans, SqliteStore, TenantId};
use uuid::Uuid;

const FILE: &str = "SCANYARD_CRASH_TEST_FILE";
const CALLERS: usize = 4;

#[test]
fn accepted_scans_survive_kill_9() {
    if let Ok(file) = std::env::var(FILE) {
        block_on(accept_scans(Path::new(&file)));
        return;
    }
    // How many acknowledgements are read before the kill: a fixed sequence of odd moments.
    for acknowledged in [1, 7, 40, 153, 310] {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("scanyard.db");
        let ids = kill_after(&file, acknowledged);
        assert!(ids.len() >= acknowledged);
        block_on(assert_accepted(&file, &ids));
    }
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

/// Starts the child, kills it after so many acknowledgements, and returns all that it wrote.
fn kill_after(file: &Path, acknowledged: usize) -> Vec<Uuid> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "accepted_scans_survive_kill_9", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ids = Vec::new();
    for line in lines.map_while(Result::ok) {
        // The last line may be cut short.
        ids.extend(
            line.strip_prefix("accepted ")
                .and_then(|id| id.parse::<Uuid>().ok()),
        );
        if ids.len() == acknowledged {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    ids
}

/// The child: never ends by itself.
async fn accept_scans(file: &Path) {
    let store = SqliteStore::open(file).await.unwrap();
    let queue = EmbeddedQueue::new(store.database().clone(), Settings::default());
    for _ in 0..CALLERS {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                let scan = NewScan {
                    id: ScanId(Uuid::now_v7()),
                    tenant: TenantId::DEFAULT,
                    reference: "registry.test/app:1".to_owned(),
                    platform: None,
                    lane: Lane::Interactive,
                    idempotency_key: None,
                    traceparent: None,
                };
                store.create_scan(&scan).await.unwrap();
                let mut out = std::io::stdout();
                writeln!(out, "\naccepted {}", scan.id.0).unwrap();
            }
        });
    }
    loop {
        let messages = store.pending_messages(50).await.unwrap();
        queue.publish(&messages).await.unwrap();
        let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
        store.remove_messages(&ids).await.unwrap();
        store.wait_for_messages().await;
    }
}

async fn assert_accepted(file: &Path, ids: &[Uuid]) {
    let store = SqliteStore::open(file).await.unwrap();
    let mut messages: HashSet<String> = store
        .pending_messages(1_000_000)
        .await
        .unwrap()
        .into_iter()
        .map(|message| message.id)
        .collect();
    let queued: Vec<String> = sqlx::query_scalar("SELECT id FROM queue_messages")
        .fetch_all(store.database().readers())
        .await
        .unwrap();
    let distinct: HashSet<_> = queued.iter().cloned().collect();
    assert_eq!(distinct.len(), queued.len(), "a message is queued twice");
    messages.extend(queued);
    for id in ids {
        let scan = store.scan_of_any_tenant(ScanId(*id)).await.unwrap();
        assert!(scan.is_some(), "scan {id} is lost");
        assert!(
            messages.contains(&id.to_string()),
            "the job of {id} is lost"
        );
    }
}
