//! The database goes away, in the middle of things, and comes back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use scanyard_store::{
    Claim, Images, LayerInventories, Outbox, PostgresSettings, PostgresStore, ScanId, ScanState,
    Scans, Store, StoreError, StoreSettings,
};
use scanyard_testkit::{Durability, RealPostgres};

use crate::work::*;

const LONG: Duration = Duration::from_secs(3600);
const SCANS: u64 = 40;
type Result<T> = std::result::Result<T, StoreError>;

/// Longest wait for the database to be back.
const PATIENCE: Duration = Duration::from_secs(60);

async fn open(url: &str) -> PostgresStore {
    let settings = PostgresSettings {
        max_connections: 4,
        acquire_timeout: Duration::from_millis(500),
        ..PostgresSettings::default()
    };
    PostgresStore::open(url, settings, StoreSettings::default())
        .await
        .unwrap()
}

/// Asks until the answer is not that the store is unavailable, which is the only error there may be.
async fn persist<T>(mut ask: impl AsyncFnMut() -> Result<T>) -> T {
    let begin = std::time::Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) => {
                assert!(
                    begin.elapsed() < PATIENCE,
                    "the database does not come back"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// A scan from its acceptance to its end, each step until it is answered.
async fn work_through(store: &PostgresStore, number: u64) -> ScanId {
    let scan = new_scan("app");
    let (image, layer) = (digest(number), number + 10_000);
    persist(async || store.create_scan(&scan).await).await;
    let images = [new_image(number, &[layer])];
    persist(async || store.record_images(scan.id, &images, SET).await).await;
    // A claim whose answer was lost holds the layer; here its worker is the same, and gives up none.
    let lease = persist(async || {
        match store
            .claim_layer(digest(layer), SET, Duration::ZERO)
            .await?
        {
            Claim::Acquired(lease) => Ok(lease),
            other => panic!("{other:?}"),
        }
    })
    .await;
    persist(async || store.renew_lease(&lease, LONG, 50).await).await;
    let stored = stored_layer(layer);
    assert!(persist(async || store.commit_layer(&lease, &stored).await).await);
    let names: Vec<String> = (0..20).map(|n| format!("package{n}")).collect();
    let set = package_set(5000 + number % 3, &names);
    persist(async || store.assemble_image(image, SET, &set, &[]).await).await;
    persist(async || store.finish_scans(image).await).await;
    scan.id
}

async fn everything_is_done_once(store: &PostgresStore, scans: &[ScanId]) {
    for id in scans {
        let scan = store.scan_of_any_tenant(*id).await.unwrap().unwrap();
        assert_eq!(scan.state, ScanState::Done);
        assert_eq!(scan.images.len(), 1);
    }
    let mut messages = HashSet::new();
    loop {
        let taken = store.pending_messages(1000).await.unwrap();
        if taken.is_empty() {
            break;
        }
        messages.extend(taken.into_iter().map(|message| message.id));
    }
    // One for each scan and one for each layer.
    assert_eq!(messages.len(), 2 * scans.len());
}

/// Works through scans while this is done to the database.
async fn survive(disturb: impl Fn(&RealPostgres) + Send + 'static) {
    let Some(postgres) = RealPostgres::start(Durability::Full) else {
        return;
    };
    let postgres = Arc::new(postgres);
    let store = open(&postgres.create_database()).await;
    let disturbed = postgres.clone();
    let disturbance = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            disturb(&disturbed);
        }
    });
    let mut scans = Vec::new();
    let mut number = 0;
    while number < SCANS || !disturbance.is_finished() {
        let numbers = number..number + 4;
        let group = numbers.map(|number| work_through(&store, number));
        scans.extend(futures_util::future::join_all(group).await);
        number += 4;
    }
    disturbance.await.unwrap();
    persist(async || store.check().await).await;
    everything_is_done_once(&store, &scans).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_commits_or_says_so_while_connections_are_cut() {
    survive(RealPostgres::cut_connections).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_commits_or_says_so_while_postgres_restarts() {
    survive(RealPostgres::restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_killed_postgres() {
    survive(|postgres| {
        postgres.kill();
        postgres.start_again();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_a_database_says_that_it_is_unavailable() {
    let Some(postgres) = RealPostgres::start(Durability::None) else {
        return;
    };
    let url = postgres.create_database();
    let store = open(&url).await;
    let scan = new_scan("app");
    postgres.kill();
    let created = store.create_scan(&scan).await;
    assert!(matches!(created, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        store.check().await,
        Err(StoreError::Unavailable(_))
    ));
    // Waiting for messages goes by its timer.
    store.wait_for_messages().await;
    postgres.start_again();
    persist(async || store.check().await).await;
    persist(async || store.create_scan(&scan).await).await;
    let messages = persist(async || store.pending_messages(10).await).await;
    assert_eq!(messages.len(), 1);
}
