//! Who leads.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::builder::LONG;
use crate::*;

const ROLE: &str = "scheduler";

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub async fn exactly_one_of_many_leads(store: Arc<dyn Store>) {
    let tries = (0..16).map(|number| {
        let store = store.clone();
        let holder = Uuid::from_u128(number);
        tokio::spawn(async move { (holder, store.try_lead(ROLE, holder, LONG).await.unwrap()) })
    });
    let mut leaders = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        let (holder, leads) = attempt.await.unwrap();
        leaders.extend(leads.then_some(holder));
    }
    assert_eq!(leaders.len(), 1);
    assert!(store.try_lead(ROLE, leaders[0], LONG).await.unwrap());
    let elsewhere = Uuid::from_u128(99);
    assert!(store.try_lead("other", elsewhere, LONG).await.unwrap());
}

pub async fn a_leader_that_resigns_is_followed_at_once(store: Arc<dyn Store>) {
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert!(store.try_lead(ROLE, first, LONG).await.unwrap());
    store.resign(ROLE, second).await.unwrap();
    assert!(!store.try_lead(ROLE, second, LONG).await.unwrap());
    store.resign(ROLE, first).await.unwrap();
    assert!(store.try_lead(ROLE, second, LONG).await.unwrap());
}

pub async fn a_leader_whose_lease_ended_cannot_renew_after_another_took_over(
    store: Arc<dyn Store>,
) {
    let (stale, next) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert!(store.try_lead(ROLE, stale, Duration::ZERO).await.unwrap());
    assert!(store.try_lead(ROLE, stale, Duration::ZERO).await.unwrap());
    assert!(store.try_lead(ROLE, next, LONG).await.unwrap());
    assert!(!store.try_lead(ROLE, stale, LONG).await.unwrap());
    store.resign(ROLE, stale).await.unwrap();
    assert!(store.try_lead(ROLE, next, LONG).await.unwrap());
}
