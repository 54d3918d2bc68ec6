//! Prints how fast the embedded store and queue take and give work: accepted scans, and deliveries
//! fetched and acknowledged. Run it in release; its figures are the machine's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{EmbeddedQueue, Queue, Settings};
use scanyard_store::{NewScan, ScanId, Scans, SqliteStore, TenantId};
use uuid::Uuid;

const SCANS: usize = 4096;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let store = SqliteStore::open(&directory.path().join("scanyard.db")).await?;
    for callers in [1, 16, 64] {
        let rate = accept_rate(&store, callers).await?;
        println!("accepted scans per second, {callers} callers: {rate:.0}");
    }
    let queue = EmbeddedQueue::new(store.database().clone(), Settings::default());
    let rate = delivery_rate(Arc::new(queue)).await?;
    println!("deliveries fetched by 16 and acknowledged per second, 4 workers: {rate:.0}");
    Ok(())
}

async fn accept_rate(store: &SqliteStore, callers: usize) -> Outcome<f64> {
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..SCANS / callers {
                let scan = NewScan {
                    id: ScanId(Uuid::now_v7()),
                    tenant: TenantId::DEFAULT,
                    reference: "registry.test/app:1".to_owned(),
                    platform: None,
                    lane: Lane::Interactive,
                    idempotency_key: None,
                    traceparent: None,
                };
                store.create_scan(&scan).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(SCANS as f64 / started.elapsed().as_secs_f64())
}

async fn delivery_rate(queue: Arc<dyn Queue>) -> Outcome<f64> {
    let job = Job::Image(ImageJob {
        scan_id: Uuid::nil(),
    });
    let messages: Vec<_> = (0..SCANS)
        .map(|number| Message::new(number.to_string(), Lane::Bulk, &job))
        .collect();
    queue.publish(&messages).await?;
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let queue = queue.clone();
        tasks.spawn(async move {
            loop {
                let wait = Duration::ZERO;
                let deliveries = queue.fetch(Lane::Bulk, Stage::Image, 16, wait).await?;
                if deliveries.is_empty() {
                    return Outcome::Ok(());
                }
                let acks = deliveries.into_iter().map(|delivery| delivery.handle.ack());
                futures_util::future::try_join_all(acks).await?;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(SCANS as f64 / started.elapsed().as_secs_f64())
}
