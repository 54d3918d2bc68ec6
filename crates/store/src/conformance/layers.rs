//! Who works on a layer, and what becomes of the scans that wait.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use scanyard_protocol::{Lane, Stage};

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub async fn one_layer_job_whoever_asks(store: Arc<dyn Store>) {
    let first = create_scan(&*store, "app:1").await;
    let second = create(&*store, &new_scan(other_tenant(), "app:2")).await;
    let image = new_image(1, "1", &[11, 12, 11]);
    assert_eq!(record(&*store, first, &image).await, Recorded::Waiting);
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.stage == Stage::Layer));
    assert_eq!(record(&*store, first, &image).await, Recorded::Waiting);
    let other = new_image(2, "2", &[11, 13]);
    assert_eq!(record(&*store, second, &other).await, Recorded::Waiting);
    assert_eq!(take_messages(&*store).await.len(), 1, "layer 13 only");

    catalog(&*store, 11).await;
    let progress = read(&*store, first).await.progress;
    assert_eq!((progress.layers, progress.layers_done), (2, 1));
    assert_eq!((progress.bytes, progress.bytes_done), (200, 100));
    catalog(&*store, 12).await;
    let complete = Recorded::Complete(vec![digest(1)]);
    assert_eq!(record(&*store, first, &image).await, complete);
    let layers = store
        .image_inventories(digest(1), SET)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(layers.len(), 3);
    assert_eq!(layers[0].inventory, b"inventory".repeat(10));
    assert!(
        store
            .image_inventories(digest(2), SET)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .image_inventories(digest(9), SET)
            .await
            .unwrap()
            .is_none()
    );
}

pub async fn exactly_one_of_many_workers_claims_a_layer(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    let claims = (0..16).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.claim_layer(digest(11), SET, LONG).await.unwrap() })
    });
    let mut acquired = 0;
    for claim in claims.collect::<Vec<_>>() {
        match claim.await.unwrap() {
            Claim::Acquired(_) => acquired += 1,
            Claim::Held(left) => assert!(left <= LONG),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(acquired, 1);
}

pub async fn an_expired_lease_fences_its_worker(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    let late = claim(&*store, 11, Duration::ZERO).await;
    let current = claim(&*store, 11, LONG).await;
    assert!(!store.renew_lease(&late, LONG, 10).await.unwrap());
    store.release_lease(&late).await.unwrap();
    assert!(!commit(&*store, &late).await);
    assert!(store.renew_lease(&current, LONG, 40).await.unwrap());
    assert_eq!(read(&*store, scan).await.progress.bytes_done, 40);
    store.release_lease(&current).await.unwrap();
    let next = claim(&*store, 11, LONG).await;
    assert!(commit(&*store, &next).await);
    assert!(commit(&*store, &next).await, "the answer was lost");
    let claim = store.claim_layer(digest(11), SET, LONG).await.unwrap();
    assert_eq!(claim, Claim::Done);
}

pub async fn a_layer_that_nobody_wants_is_asked_for_again_later(store: Arc<dyn Store>) {
    let image = new_image(1, "1", &[11]);
    let unknown = store.claim_layer(digest(99), SET, LONG).await.unwrap();
    assert_eq!(unknown, Claim::Unwanted);
    let first = create_scan(&*store, "app").await;
    record(&*store, first, &image).await;
    let job = take_messages(&*store).await.remove(0);
    store.cancel_scan(TenantId::DEFAULT, first).await.unwrap();
    let claimed = store.claim_layer(digest(11), SET, LONG).await.unwrap();
    assert_eq!(claimed, Claim::Unwanted);

    let second = create_scan(&*store, "app").await;
    record(&*store, second, &image).await;
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 1);
    assert_ne!(messages[0].id, job.id);
    let lease = claim(&*store, 11, LONG).await;
    store.cancel_scan(TenantId::DEFAULT, second).await.unwrap();
    assert!(!store.renew_lease(&lease, LONG, 10).await.unwrap());
    let third = create_scan(&*store, "app").await;
    record(&*store, third, &image).await;
    assert_eq!(take_messages(&*store).await.len(), 1);
}

pub async fn a_failed_layer_ends_its_scans_and_is_asked_for_again(store: Arc<dyn Store>) {
    let image = new_image(1, "1", &[11]);
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &image).await;
    claim(&*store, 11, LONG).await;
    let waiting = store.scan_waiting_for_layer(digest(11), SET).await.unwrap();
    assert_eq!(waiting.unwrap().id, scan);
    store.fail_layer(digest(11), SET).await.unwrap();
    let failure = ScanFailure {
        code: "digest_mismatch".to_owned(),
        message: "the layer is not what it claims to be".to_owned(),
        remedy: "push it again".to_owned(),
        retryable: false,
    };
    let failed = store.fail_scans_of_layer(digest(11), SET, &failure).await;
    assert_eq!(failed.unwrap(), [scan]);
    assert_eq!(state_of(&*store, scan).await, ScanState::Failed);
    let waiting = store.scan_waiting_for_layer(digest(11), SET).await.unwrap();
    assert_eq!(waiting, None);
    let retried = store.retry_scans_of_layer(digest(11), SET).await.unwrap();
    assert_eq!(retried, [scan]);
    take_messages(&*store).await;
    assert_eq!(record(&*store, scan, &image).await, Recorded::Waiting);
    assert_eq!(take_messages(&*store).await.len(), 1);
    claim(&*store, 11, LONG).await;
}

pub async fn an_interactive_scan_does_not_wait_in_the_bulk_lane(store: Arc<dyn Store>) {
    let image = new_image(1, "1", &[11]);
    let bulk = NewScan {
        lane: Lane::Bulk,
        ..new_scan(TenantId::DEFAULT, "app")
    };
    let bulk = create(&*store, &bulk).await;
    record(&*store, bulk, &image).await;
    assert_eq!(take_messages(&*store).await[0].lane, Lane::Bulk);
    let interactive = create_scan(&*store, "app").await;
    record(&*store, interactive, &image).await;
    assert_eq!(take_messages(&*store).await[0].lane, Lane::Interactive);
    record(&*store, bulk, &image).await;
    assert!(take_messages(&*store).await.is_empty());
}

pub async fn foreign_layers_are_done_without_inventory(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let mut image = new_image(1, "1", &[11]);
    image.layers[0].foreign = true;
    let recorded = record(&*store, scan, &image).await;
    assert_eq!(recorded, Recorded::Complete(vec![digest(1)]));
    assert!(take_messages(&*store).await.is_empty());
    let inventories = store.image_inventories(digest(1), SET).await.unwrap();
    assert_eq!(inventories, Some(Vec::new()));
    assert_eq!(
        store.image_layers(digest(1)).await.unwrap(),
        Some(image.layers)
    );
    let progress = read(&*store, scan).await.progress;
    assert_eq!((progress.layers, progress.layers_done), (1, 1));
}

pub async fn an_image_stays_ready_until_its_scans_end(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11, 12])).await;
    catalog(&*store, 11).await;
    assert!(
        store
            .images_ready(digest(11), SET)
            .await
            .unwrap()
            .is_empty()
    );
    catalog(&*store, 12).await;
    assert!(store.finish_scans(digest(1)).await.unwrap().is_empty());
    for layer in [11, 12] {
        let ready = store.images_ready(digest(layer), SET).await.unwrap();
        assert_eq!(ready, [digest(1)]);
    }
    let set = package_set(50, &["a"]);
    store
        .assemble_image(digest(1), SET, &set, &[])
        .await
        .unwrap();
    let ready = store.images_ready(digest(12), SET).await.unwrap();
    assert_eq!(ready, [digest(1)], "nobody ended the scan yet");
    assert_eq!(store.finish_scans(digest(1)).await.unwrap(), [scan]);
    assert!(store.finish_scans(digest(1)).await.unwrap().is_empty());
    assert!(
        store
            .images_ready(digest(12), SET)
            .await
            .unwrap()
            .is_empty()
    );
    let scan = read(&*store, scan).await;
    assert_eq!(
        (scan.state, scan.images),
        (ScanState::Done, vec![digest(1)])
    );
}
