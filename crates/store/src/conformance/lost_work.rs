//! Jobs and leases that were lost. Here both count as lost at once.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings {
        lost_after: Duration::ZERO,
        max_tries: 3,
    }
}

pub async fn an_expired_lease_leads_to_a_new_job(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    let first = take_messages(&*store).await.remove(0);
    let late = claim(&*store, 11, Duration::ZERO).await;
    assert_eq!(store.reap_leases().await.unwrap(), 1);
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 1);
    assert_ne!(messages[0].id, first.id);
    assert_eq!(messages[0].payload, first.payload);
    assert!(commit(&*store, &late).await, "nobody else claimed it");
}

pub async fn a_layer_that_brings_workers_down_is_given_up(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    for _ in 0..3 {
        store.reap_leases().await.unwrap();
        claim(&*store, 11, Duration::ZERO).await;
    }
    store.reap_leases().await.unwrap();
    let scan = read(&*store, scan).await;
    assert_eq!(scan.state, ScanState::Failed);
    assert_eq!(scan.failure.unwrap().code, "layer_abandoned");
    take_messages(&*store).await;
    assert_eq!(store.reap_leases().await.unwrap(), 0);
}

pub async fn a_lost_image_job_is_asked_for_again_a_bounded_number_of_times(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let mut ids = HashSet::from([scan.0.to_string()]);
    for _ in 0..3 {
        assert_eq!(store.reap_leases().await.unwrap(), 1);
        for message in take_messages(&*store).await {
            assert!(ids.insert(message.id));
        }
    }
    assert_eq!(ids.len(), 4);
    assert_eq!(store.reap_leases().await.unwrap(), 0);
    let scan = read(&*store, scan).await;
    assert_eq!(scan.failure.unwrap().code, "scan_abandoned");
}

pub async fn a_scan_that_nobody_ended_is_asked_for_again(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    catalog(&*store, 11).await;
    take_messages(&*store).await;
    assert_eq!(store.reap_leases().await.unwrap(), 1);
    assert_eq!(take_messages(&*store).await.len(), 1);
}

pub async fn work_that_is_under_way_is_left_alone(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    take_messages(&*store).await;
    claim(&*store, 11, LONG).await;
    assert_eq!(store.reap_leases().await.unwrap(), 0);
    assert!(take_messages(&*store).await.is_empty());
    assert_eq!(state_of(&*store, scan).await, ScanState::Cataloging);
}

pub async fn an_upload_that_nobody_continues_is_cancelled(store: Arc<dyn Store>) {
    super::bulk::an_upload_that_nobody_continues_is_cancelled(&*store).await;
}
