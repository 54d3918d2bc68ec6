//! A bulk from its references to its results.

use std::collections::BTreeMap;

use scanyard_store::{
    Appended, BulkChange, BulkId, BulkItemState, BulkReference, BulkSource, BulkState, NewBulk,
    PageRequest, RegistrySelection, Rejections, TenantId,
};
use scanyard_testkit::{Fault, Image};
use uuid::Uuid;

use crate::harness::{Service, Timing, alpine_layer, own_layer, until};

const GOOD: usize = 180;
const MISSING: usize = 15;
const POISONED: usize = 5;

async fn create(service: &Service, source: BulkSource) -> BulkId {
    let new = NewBulk {
        id: BulkId(Uuid::now_v7()),
        tenant: TenantId::DEFAULT,
        source,
        platform: None,
        idempotency_key: None,
        traceparent: None,
    };
    service.store.create_bulk(&new).await.unwrap();
    new.id
}

async fn ended(service: &Service, id: BulkId) -> scanyard_store::Bulk {
    until("the bulk has ended", async || {
        let bulk = service.store.bulk(TenantId::DEFAULT, id).await.unwrap();
        bulk.filter(|bulk| bulk.state == BulkState::Done)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reference_of_a_bulk_ends_in_one_result_or_one_typed_failure() {
    let service = Service::start(Timing::default()).await;
    let base = alpine_layer(&[("musl", "1.2.4-r2")]);
    let mut references = Vec::new();
    for number in 0..GOOD {
        let image = Image::new(vec![base.clone(), own_layer(&format!("{}", number % 3))])
            .label("number", &number.to_string());
        let repository = format!("app-{number}");
        service.registry.push(&repository, "1", &image);
        references.push(service.registry.reference(&repository, "1"));
    }
    for number in 0..MISSING {
        references.push(
            service
                .registry
                .reference(&format!("missing-{number}"), "1"),
        );
    }
    for number in 0..POISONED {
        let repository = format!("poisoned-{number}");
        let garbage = b"{\"schemaVersion\":2".to_vec();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        service
            .registry
            .push_manifest(&repository, "1", kind, garbage);
        references.push(service.registry.reference(&repository, "1"));
    }
    let _workers = [service.start_worker(), service.start_worker()];

    let id = create(&service, BulkSource::Upload).await;
    let items: Vec<_> = references
        .iter()
        .map(|reference| BulkReference {
            reference: reference.clone(),
            platform: None,
        })
        .collect();
    let stored = service.store.append_references(id, &items).await.unwrap();
    let new = references.len() as u64;
    assert_eq!(stored, Appended::Stored { new, duplicates: 0 });
    let rejections = Rejections::default();
    service.store.end_upload(id, &rejections).await.unwrap();

    let counts = ended(&service, id).await.counts;
    let all = (counts.done, counts.failed, counts.cancelled);
    assert_eq!(all, (GOOD as u64, (MISSING + POISONED) as u64, 0));
    let failures = service.store.bulk_failures(TenantId::DEFAULT, id, 3).await;
    let by_code: BTreeMap<_, _> = failures
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|group| (group.code, group.count))
        .collect();
    let expected = [
        ("image_not_found".to_owned(), MISSING as u64),
        ("malformed_image".to_owned(), POISONED as u64),
    ];
    assert_eq!(by_code, BTreeMap::from(expected));
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    let items = service.store.bulk_items(TenantId::DEFAULT, id, None, &page);
    for item in items.await.unwrap().unwrap().items {
        let is_good = item.reference.reference.contains("/app-");
        assert_eq!(item.state == BulkItemState::Done, is_good, "{item:?}");
        assert_eq!(item.failure.is_none(), is_good, "{item:?}");
    }
    assert_eq!(service.registry.blob_requests(&base.digest()), 1);

    // What was missing is there now; only that is scanned again.
    for number in 0..MISSING {
        let image = Image::new(vec![base.clone()]).label("late", &number.to_string());
        service
            .registry
            .push(&format!("missing-{number}"), "1", &image);
    }
    let changed = service
        .store
        .change_bulk(TenantId::DEFAULT, id, BulkChange::Retry);
    changed.await.unwrap();
    let counts = ended(&service, id).await.counts;
    let all = ((GOOD + MISSING) as u64, POISONED as u64);
    assert_eq!((counts.done, counts.failed), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_is_listed_and_scanned_though_it_fails_at_times() {
    let service = Service::start(Timing::default()).await;
    let base = alpine_layer(&[("musl", "1.2.4-r2")]);
    for number in 0..10 {
        let image = Image::new(vec![base.clone()]).label("number", &number.to_string());
        let repository = format!("team/app-{number}");
        service.registry.push(&repository, "1.0", &image);
        service.registry.push(&repository, "latest", &image);
        service
            .registry
            .push(&format!("other/app-{number}"), "1.0", &image);
    }
    service
        .registry
        .fail("_catalog", Fault::Status(503, None), 1);
    let _worker = service.start_worker();
    let selection = RegistrySelection {
        registry: service.registry.address(),
        repositories: "team/*".to_owned(),
        tags: Some("1.*".to_owned()),
        newest: None,
    };
    let id = create(&service, BulkSource::Registry(selection)).await;
    let bulk = ended(&service, id).await;
    assert_eq!((bulk.counts.accepted, bulk.counts.done), (10, 10));
    assert!(bulk.is_listed && bulk.failure.is_none());
}
