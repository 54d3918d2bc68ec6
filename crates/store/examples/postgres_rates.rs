//! How many scans a second one process accepts and records on Postgres: accepted with 1, 64 and 512
//! callers at once, recorded as images of ten layers with 8 callers.
//!
//! `cargo run --release -p scanyard-store --example postgres_rates [URL]`; without a URL it starts a
//! server of its own, with every commit written to disk.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scanyard_package::Digest;
use scanyard_protocol::Lane;
use scanyard_store::{
    ConfigEvidence, ImageLayer, NewImage, NewScan, Outbox, PostgresSettings, PostgresStore, ScanId,
    Scans, StoreSettings, TenantId,
};
use scanyard_testkit::{Durability, RealPostgres};
use uuid::Uuid;

const PERIOD: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let server = match std::env::args().nth(1) {
        Some(_) => None,
        None => RealPostgres::start(Durability::Full),
    };
    let url = match &server {
        Some(server) => server.create_database(),
        None => std::env::args()
            .nth(1)
            .expect("a URL, or PostgreSQL installed"),
    };
    let settings = PostgresSettings::default();
    let store = PostgresStore::open(&url, settings, StoreSettings::default()).await;
    let store = Arc::new(store.unwrap());
    for callers in [1, 64, 512] {
        let times = call(callers, {
            let store = store.clone();
            move |_| {
                let store = store.clone();
                async move {
                    store.create_scan(&new_scan()).await.unwrap();
                }
            }
        })
        .await;
        report("create_scan", callers, times);
    }
    empty_outbox(&store).await;
    let times = call(8, move |number| {
        let store = store.clone();
        async move {
            let scan = new_scan();
            store.create_scan(&scan).await.unwrap();
            let recorded = store
                .record_images(scan.id, &[new_image(number)], "1")
                .await;
            recorded.unwrap();
        }
    })
    .await;
    report("create_scan and record_images", 8, times);
}

/// Calls from so many tasks for a while; how long each call took.
async fn call<F, R>(callers: u64, operation: F) -> Vec<Duration>
where
    F: Fn(u64) -> R + Clone + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let end = Instant::now() + PERIOD;
    let tasks = (0..callers).map(|caller| {
        let operation = operation.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begin = Instant::now();
                operation(caller * 10_000_000 + times.len() as u64).await;
                times.push(begin.elapsed());
            }
            times
        })
    });
    let mut times = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        times.extend(task.await.unwrap());
    }
    times
}

fn report(what: &str, callers: u64, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{what}, {callers} callers: {:.0}/s, p50 {:.1?}, p99 {:.1?}",
        times.len() as f64 / PERIOD.as_secs_f64(),
        at(0.5),
        at(0.99)
    );
}

async fn empty_outbox(store: &PostgresStore) {
    loop {
        let messages = store.pending_messages(5000).await.unwrap();
        if messages.is_empty() {
            return;
        }
        let ids: Vec<String> = messages.into_iter().map(|message| message.id).collect();
        store.remove_messages(&ids).await.unwrap();
    }
}

fn new_scan() -> NewScan {
    NewScan {
        id: ScanId(Uuid::now_v7()),
        tenant: TenantId::DEFAULT,
        reference: "registry.test/team/app:1.2.3".to_owned(),
        platform: None,
        lane: Lane::Interactive,
        idempotency_key: None,
        traceparent: None,
    }
}

fn digest(number: u64) -> Digest {
    let mut bytes = [5; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::from_bytes(bytes)
}

/// An image of six layers that all share and four of its own.
fn new_image(number: u64) -> NewImage {
    let own = (0..4).map(|place| 1_000_000 + number * 4 + place);
    let layers = (0..6).chain(own).map(|layer| ImageLayer {
        digest: digest(layer),
        size: 1_000_000,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        foreign: false,
    });
    NewImage {
        digest: digest(number + (1 << 62)),
        root_digest: digest(number + (1 << 62)),
        config_digest: digest(number + (1 << 63)),
        platform: "linux/amd64".to_owned(),
        created: None,
        labels: BTreeMap::new(),
        config: ConfigEvidence::default(),
        layers: layers.collect(),
        tag: None,
        repository: "registry.test/team/app".to_owned(),
    }
}
