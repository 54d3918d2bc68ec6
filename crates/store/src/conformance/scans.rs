//! Scans and keys.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_protocol::{ImageJob, Job, Stage};
use uuid::Uuid;

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub async fn a_new_scan_is_queued_with_its_image_job(store: Arc<dyn Store>) {
    store.check().await.unwrap();
    let mut new = new_scan(TenantId::DEFAULT, "registry.test/app:1");
    new.traceparent = Some("00-a-b-01".to_owned());
    let CreatedScan::New(scan) = store.create_scan(&new).await.unwrap() else {
        panic!("the scan is not new");
    };
    assert_eq!(read(&*store, new.id).await, scan);
    assert_eq!(scan.state, ScanState::Queued);
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].id, new.id.0.to_string());
    assert_eq!(messages[0].stage, Stage::Image);
    assert_eq!(messages[0].traceparent, new.traceparent);
    let job = Job::Image(ImageJob { scan_id: new.id.0 });
    assert_eq!(Job::decode(&messages[0].payload), Ok(job));
    assert!(take_messages(&*store).await.is_empty());
}

pub async fn an_idempotency_key_names_one_scan(store: Arc<dyn Store>) {
    let keyed = |reference: &str, tenant| NewScan {
        idempotency_key: Some("key".to_owned()),
        ..new_scan(tenant, reference)
    };
    let first = keyed("app:1", TenantId::DEFAULT);
    store.create_scan(&first).await.unwrap();
    let again = store.create_scan(&keyed("app:1", first.tenant)).await;
    assert!(matches!(again.unwrap(), CreatedScan::Existing(scan) if scan.id == first.id));
    let conflict = store.create_scan(&keyed("app:2", first.tenant)).await;
    assert_eq!(conflict.unwrap(), CreatedScan::Conflict(first.id));
    let elsewhere = store.create_scan(&keyed("app:2", other_tenant())).await;
    assert!(matches!(elsewhere.unwrap(), CreatedScan::New(_)));
    let same_id = store.create_scan(&first).await.unwrap();
    assert!(matches!(same_id, CreatedScan::Existing(_)));
    assert_eq!(take_messages(&*store).await.len(), 2);
}

pub async fn a_scan_is_seen_by_its_tenant_only(store: Arc<dyn Store>) {
    let id = create_scan(&*store, "app").await;
    let other = other_tenant();
    assert!(store.scan(TenantId::DEFAULT, id).await.unwrap().is_some());
    assert!(store.scan(other, id).await.unwrap().is_none());
    assert!(store.cancel_scan(other, id).await.unwrap().is_none());
    assert_eq!(state_of(&*store, id).await, ScanState::Queued);
    let page = PageRequest {
        cursor: None,
        limit: 10,
    };
    let listed = store.scans(other, &ScanFilter::default(), &page).await;
    assert!(listed.unwrap().items.is_empty());
}

pub async fn pages_hold_every_scan_once_while_scans_arrive(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for number in 0..10 {
        expected.push(create_scan(&*store, &format!("app:{}", number % 2)).await);
    }
    expected.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { cursor, limit: 3 };
        let page = store
            .scans(TenantId::DEFAULT, &ScanFilter::default(), &page)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|scan| scan.id));
        create_scan(&*store, "app:late").await;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let filter = ScanFilter {
        state: Some(ScanState::Queued),
        reference: Some("app:1".to_owned()),
    };
    let page = PageRequest {
        cursor: None,
        limit: 5,
    };
    let page = store
        .scans(TenantId::DEFAULT, &filter, &page)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next), (5, None));
    let bad = PageRequest {
        cursor: Some("?".to_owned()),
        limit: 5,
    };
    let refused = store.scans(TenantId::DEFAULT, &filter, &bad).await;
    assert!(matches!(refused, Err(StoreError::InvalidCursor)));
}

pub async fn a_cancelled_scan_stays_cancelled(store: Arc<dyn Store>) {
    let id = create_scan(&*store, "app").await;
    record(&*store, id, &new_image(1, "1", &[11])).await;
    let cancelled = store.cancel_scan(TenantId::DEFAULT, id).await.unwrap();
    assert_eq!(cancelled.unwrap().state, ScanState::Cancelled);
    let failure = failure();
    assert!(!store.fail_scan(id, &failure).await.unwrap());
    assert!(!store.retry_scan(id).await.unwrap());
    let image = new_image(1, "1", &[11]);
    assert_eq!(record(&*store, id, &image).await, Recorded::Ended);
    store
        .assemble_image(digest(1), SET, &package_set(50, &["a"]), &[])
        .await
        .unwrap();
    assert!(store.finish_scans(digest(1)).await.unwrap().is_empty());
    assert_eq!(state_of(&*store, id).await, ScanState::Cancelled);
}

pub async fn whoever_waits_for_a_scan_hears_of_its_end(store: Arc<dyn Store>) {
    let scans = [
        create_scan(&*store, "app:1").await,
        create_scan(&*store, "app:2").await,
    ];
    let mut notices = scans.map(|scan| store.scan_notice(scan));
    let failure = ScanFailure {
        code: "image_not_found".to_owned(),
        message: String::new(),
        remedy: String::new(),
        retryable: false,
    };
    assert!(store.fail_scan(scans[0], &failure).await.unwrap());
    let cancelled = store.cancel_scan(TenantId::DEFAULT, scans[1]).await;
    assert!(cancelled.unwrap().is_some());
    for notice in &mut notices {
        let heard = tokio::time::timeout(LONG, notice.heard());
        heard.await.unwrap();
    }
    store.wait_for_feeding().await;
}

pub async fn a_failed_scan_can_be_retried_under_a_new_message_id(store: Arc<dyn Store>) {
    let id = create_scan(&*store, "app").await;
    assert!(store.fail_scan(id, &failure()).await.unwrap());
    assert!(!store.fail_scan(id, &failure()).await.unwrap());
    assert_eq!(read(&*store, id).await.failure, Some(failure()));
    assert!(store.retry_scan(id).await.unwrap());
    assert!(!store.retry_scan(id).await.unwrap());
    let scan = read(&*store, id).await;
    assert_eq!((scan.state, scan.failure), (ScanState::Queued, None));
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 1);
    assert_ne!(messages[0].id, id.0.to_string());
}

pub async fn the_first_key_is_created_once(store: Arc<dyn Store>) {
    let key = |number: u128| NewApiKey {
        id: KeyId(Uuid::from_u128(number)),
        tenant: TenantId::DEFAULT,
        name: "admin".to_owned(),
        prefix: "sy_1".to_owned(),
        hash: [1; 32],
    };
    assert!(store.create_first_key(&key(1)).await.unwrap());
    assert!(!store.create_first_key(&key(2)).await.unwrap());
    store.create_key(&key(3)).await.unwrap();
    assert_eq!(store.keys_by_prefix("sy_1").await.unwrap().len(), 2);
    assert!(
        !store
            .revoke_key(other_tenant(), KeyId(Uuid::from_u128(1)))
            .await
            .unwrap()
    );
    assert!(
        store
            .revoke_key(TenantId::DEFAULT, KeyId(Uuid::from_u128(1)))
            .await
            .unwrap()
    );
    let keys = store.keys(TenantId::DEFAULT).await.unwrap();
    assert_eq!(
        keys.iter().filter(|key| key.revoked_at.is_some()).count(),
        1
    );
    assert!(store.keys(other_tenant()).await.unwrap().is_empty());
}

fn failure() -> ScanFailure {
    ScanFailure {
        code: "image_not_found".to_owned(),
        message: "there is no such image".to_owned(),
        remedy: "check its name".to_owned(),
        retryable: false,
    }
}
