//! Bulk work.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scanyard_protocol::{Lane, Stage};

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub async fn a_bulk_is_fed_once_it_is_received_and_done_once_its_scans_end(store: Arc<dyn Store>) {
    let new = NewBulk {
        platform: Some("linux/amd64".to_owned()),
        traceparent: Some("00-a-b-01".to_owned()),
        ..new_bulk(TenantId::DEFAULT, BulkSource::Upload)
    };
    let bulk = create_new(&*store, &new).await;
    assert_eq!(bulk.state, BulkState::Receiving);
    append(&*store, new.id, &["app:1", "app:2"]).await;
    assert_eq!(feed(&*store, 10).await, (0, 0, 0), "the upload goes on");
    let mut rejections = Rejections::default();
    rejections.add(line(3));
    let bulk = store.end_upload(new.id, &rejections).await.unwrap();
    let bulk = bulk.unwrap();
    assert_eq!((bulk.state, bulk.is_listed), (BulkState::Running, true));
    assert_eq!((bulk.counts.rejected, bulk.rejections), (1, vec![line(3)]));
    assert!(
        store
            .end_upload(new.id, &rejections)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(feed(&*store, 10).await, (0, 2, 2));
    let messages = take_messages(&*store).await;
    assert_eq!(messages.len(), 2);
    for message in &messages {
        assert_eq!((message.lane, message.stage), (Lane::Bulk, Stage::Image));
        assert_eq!(message.traceparent, new.traceparent);
    }
    let scans = open_scans(&*store, new.id).await;
    let first = read(&*store, scans[0]).await;
    assert_eq!(first.reference, "app:1");
    assert_eq!((first.lane, first.bulk), (Lane::Bulk, Some(new.id)));
    assert_eq!(messages[0].id, scans[0].0.to_string());
    assert_eq!(feed(&*store, 10).await, (0, 0, 2), "nothing is fed twice");
    fail(&*store, &scans[..1], "image_not_found").await;
    finish(&*store, scans[1], 1).await;
    assert_eq!(feed(&*store, 10).await, (2, 0, 0));
    let bulk = get(&*store, new.id).await;
    let counts = bulk.counts;
    assert_eq!((counts.fed, counts.done, counts.failed), (2, 1, 1));
    assert_eq!((bulk.state, bulk.ended_last_minute), (BulkState::Done, 2));
    assert!(bulk.started_at.is_some() && bulk.finished_at.is_some());
}

pub async fn equal_references_of_a_bulk_are_one_item(store: Arc<dyn Store>) {
    let id = create_upload(&*store, TenantId::DEFAULT).await;
    let other = BulkReference {
        platform: Some("linux/arm64".to_owned()),
        ..reference("app:1")
    };
    let sent = [reference("app:1"), other.clone(), reference("app:1"), other];
    let stored = store.append_references(id, &sent).await.unwrap();
    let expected = Appended::Stored {
        new: 2,
        duplicates: 2,
    };
    assert_eq!(stored, expected);
    append(&*store, id, &["app:1", "app:2"]).await;
    store.end_upload(id, &Rejections::default()).await.unwrap();
    let counts = get(&*store, id).await.counts;
    assert_eq!((counts.accepted, counts.duplicates), (3, 3));
    assert_eq!(feed(&*store, 10).await, (0, 3, 3));
    let late = [reference("app:3")];
    let late = store.append_references(id, &late).await.unwrap();
    assert_eq!(late, Appended::Closed);
}

pub async fn no_more_scans_than_the_window_are_open(store: Arc<dyn Store>) {
    let references: Vec<_> = (0..25).map(|number| format!("app:{number}")).collect();
    let id = create(&*store, TenantId::DEFAULT, &references).await;
    let mut seen = BTreeSet::new();
    let mut rounds = 0;
    loop {
        let fed = store.feed_bulks(10).await.unwrap();
        assert!(fed.open <= 10);
        let scans = open_scans(&*store, id).await;
        assert_eq!(fed.open, scans.len() as u64);
        if scans.is_empty() {
            break;
        }
        for scan in &scans[..scans.len().min(7)] {
            assert!(seen.insert(read(&*store, *scan).await.reference));
            fail(&*store, &[*scan], "image_not_found").await;
        }
        rounds += 1;
    }
    assert_eq!((seen.len(), rounds), (25, 4));
    assert_eq!(take_messages(&*store).await.len(), 25);
    assert_eq!(get(&*store, id).await.state, BulkState::Done);
}

pub async fn tenants_take_turns_and_older_bulks_go_first(store: Arc<dyn Store>) {
    let many: Vec<_> = (0..50).map(|number| format!("app:{number}")).collect();
    let first = create(&*store, TenantId::DEFAULT, &many).await;
    let second = create(&*store, TenantId::DEFAULT, &many).await;
    assert_eq!(feed(&*store, 6).await, (0, 6, 6));
    let late = create(&*store, other_tenant(), &many[..4]).await;
    let open = open_scans(&*store, first).await;
    fail(&*store, &open[..4], "image_not_found").await;
    assert_eq!(feed(&*store, 6).await, (4, 4, 6));
    let fed = async |id, tenant| {
        let bulk = store.bulk(tenant, id).await.unwrap().unwrap();
        bulk.counts.fed
    };
    assert_eq!(fed(late, other_tenant()).await, 3, "it has caught up");
    assert_eq!(fed(first, TenantId::DEFAULT).await, 7);
    assert_eq!(feed(&*store, 100).await, (0, 94, 100));
    assert_eq!(fed(late, other_tenant()).await, 4);
    assert_eq!(fed(first, TenantId::DEFAULT).await, 50);
    assert_eq!(fed(second, TenantId::DEFAULT).await, 50);
}

pub async fn a_paused_bulk_is_not_fed(store: Arc<dyn Store>) {
    let id = create(&*store, TenantId::DEFAULT, &["app:1", "app:2", "app:3"]).await;
    assert_eq!(feed(&*store, 1).await, (0, 1, 1));
    let bulk = change(&*store, id, BulkChange::Pause).await;
    assert_eq!(bulk.state, BulkState::Paused);
    fail(&*store, &open_scans(&*store, id).await, "timeout").await;
    assert_eq!(feed(&*store, 10).await, (1, 0, 0));
    assert_eq!(get(&*store, id).await.state, BulkState::Paused);
    change(&*store, id, BulkChange::Resume).await;
    assert_eq!(feed(&*store, 10).await, (0, 2, 2));
    change(&*store, id, BulkChange::Pause).await;
    fail(&*store, &open_scans(&*store, id).await, "timeout").await;
    feed(&*store, 10).await;
    assert_eq!(get(&*store, id).await.state, BulkState::Done);
    let bulk = change(&*store, id, BulkChange::Pause).await;
    assert_eq!(bulk.state, BulkState::Done, "too late");
}

pub async fn a_cancelled_bulk_ends_its_scans(store: Arc<dyn Store>) {
    let references = ["app:1", "app:2", "app:3", "app:4"];
    let id = create(&*store, TenantId::DEFAULT, &references).await;
    feed(&*store, 2).await;
    let scans = open_scans(&*store, id).await;
    fail(&*store, &scans[..1], "timeout").await;
    let bulk = change(&*store, id, BulkChange::Cancel).await;
    assert_eq!(bulk.state, BulkState::Cancelled);
    let counts = bulk.counts;
    assert_eq!((counts.failed, counts.cancelled, counts.open()), (1, 3, 0));
    assert_eq!(state_of(&*store, scans[1]).await, ScanState::Cancelled);
    assert_eq!(feed(&*store, 10).await, (0, 0, 0));
    assert_eq!(
        items(&*store, id, Some(BulkItemState::Cancelled))
            .await
            .len(),
        3
    );
    assert!(
        items(&*store, id, Some(BulkItemState::Waiting))
            .await
            .is_empty()
    );
    for later in [BulkChange::Resume, BulkChange::Retry, BulkChange::Cancel] {
        assert_eq!(change(&*store, id, later).await, get(&*store, id).await);
    }
    let receiving = create_upload(&*store, TenantId::DEFAULT).await;
    append(&*store, receiving, &["app:1"]).await;
    change(&*store, receiving, BulkChange::Cancel).await;
    let late = [reference("app:2")];
    let late = store.append_references(receiving, &late).await.unwrap();
    assert_eq!(late, Appended::Closed);
}

pub async fn failures_are_grouped_and_failed_items_are_fed_again(store: Arc<dyn Store>) {
    let references: Vec<_> = (0..9).map(|number| format!("app:{number}")).collect();
    let id = create(&*store, TenantId::DEFAULT, &references).await;
    feed(&*store, 10).await;
    let scans = open_scans(&*store, id).await;
    fail(&*store, &scans[..3], "registry_unavailable").await;
    fail(&*store, &scans[3..8], "image_not_found").await;
    finish(&*store, scans[8], 1).await;
    feed(&*store, 10).await;
    let failures = store.bulk_failures(TenantId::DEFAULT, id, 2).await.unwrap();
    let failures = failures.unwrap();
    let counts: Vec<_> = failures
        .iter()
        .map(|group| (group.code.as_str(), group.count, group.examples.len()))
        .collect();
    let expected = [("image_not_found", 5, 2), ("registry_unavailable", 3, 2)];
    assert_eq!(counts, expected);
    let example = &failures[1].examples[0];
    assert_eq!(example.reference, reference("app:0"));
    assert_eq!(example.scan, Some(scans[0]));
    assert_eq!(example.failure.as_ref().unwrap().message, "it went wrong");

    let bulk = change(&*store, id, BulkChange::Retry).await;
    assert_eq!((bulk.state, bulk.finished_at), (BulkState::Running, None));
    assert_eq!((bulk.counts.failed, bulk.counts.waiting()), (0, 8));
    assert_eq!(feed(&*store, 4).await, (0, 4, 4));
    let again = open_scans(&*store, id).await;
    assert!(again.iter().all(|scan| !scans.contains(scan)));
    assert_eq!(read(&*store, again[0]).await.reference, "app:0");
    fail(&*store, &again, "image_not_found").await;
    feed(&*store, 4).await;
    fail(&*store, &open_scans(&*store, id).await, "image_not_found").await;
    feed(&*store, 4).await;
    let bulk = get(&*store, id).await;
    assert_eq!((bulk.state, bulk.counts.failed), (BulkState::Done, 8));
    assert_eq!((bulk.counts.accepted, bulk.counts.done), (9, 1));
}

pub async fn a_failed_scan_that_is_queued_again_opens_its_item(store: Arc<dyn Store>) {
    let id = create(&*store, TenantId::DEFAULT, &["app:1"]).await;
    feed(&*store, 10).await;
    let scans = open_scans(&*store, id).await;
    fail(&*store, &scans, "timeout").await;
    feed(&*store, 10).await;
    assert_eq!(get(&*store, id).await.state, BulkState::Done);
    assert!(store.retry_scan(scans[0]).await.unwrap());
    let bulk = get(&*store, id).await;
    assert_eq!((bulk.state, bulk.counts.open()), (BulkState::Running, 1));
    finish(&*store, scans[0], 1).await;
    feed(&*store, 10).await;
    let bulk = get(&*store, id).await;
    assert_eq!((bulk.state, bulk.counts.done), (BulkState::Done, 1));
}

pub async fn a_bulk_is_seen_by_its_tenant_only(store: Arc<dyn Store>) {
    let id = create(&*store, TenantId::DEFAULT, &["app:1"]).await;
    let other = other_tenant();
    let page = page(None, 10);
    assert!(store.bulk(other, id).await.unwrap().is_none());
    assert!(store.bulks(other, &page).await.unwrap().items.is_empty());
    assert!(
        store
            .bulk_items(other, id, None, &page)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.bulk_failures(other, id, 1).await.unwrap().is_none());
    for change in [BulkChange::Pause, BulkChange::Cancel, BulkChange::Retry] {
        assert!(
            store
                .change_bulk(other, id, change)
                .await
                .unwrap()
                .is_none()
        );
    }
    assert_eq!(get(&*store, id).await.state, BulkState::Running);
    assert_eq!(
        store
            .bulks(TenantId::DEFAULT, &page)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

pub async fn pages_hold_every_item_once_while_items_end(store: Arc<dyn Store>) {
    let references: Vec<_> = (0..10).map(|number| format!("app:{number}")).collect();
    let id = create(&*store, TenantId::DEFAULT, &references).await;
    let (mut seen, mut cursor): (_, Option<String>) = (Vec::new(), None);
    loop {
        let page = page(cursor.as_deref(), 3);
        let page = store.bulk_items(TenantId::DEFAULT, id, None, &page).await;
        let page = page.unwrap().unwrap();
        seen.extend(page.items.into_iter().map(|item| item.reference.reference));
        feed(&*store, 3).await;
        fail(&*store, &open_scans(&*store, id).await, "timeout").await;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, references);
    let bad = page(Some("?"), 3);
    let refused = store.bulk_items(TenantId::DEFAULT, id, None, &bad).await;
    assert!(matches!(refused, Err(StoreError::InvalidCursor)));
    let mut ids = vec![id];
    ids.push(create_upload(&*store, TenantId::DEFAULT).await);
    let first = store
        .bulks(TenantId::DEFAULT, &page(None, 1))
        .await
        .unwrap();
    assert_eq!(first.items[0].id, ids[1]);
    let second = page(first.next.as_deref(), 1);
    let second = store.bulks(TenantId::DEFAULT, &second).await.unwrap();
    assert_eq!((second.items[0].id, second.next), (ids[0], None));
}

pub async fn a_listing_is_taken_by_one_and_goes_on_at_its_cursor(store: Arc<dyn Store>) {
    let selection = RegistrySelection {
        registry: "registry.test".to_owned(),
        repositories: "team/*".to_owned(),
        tags: Some("v*".to_owned()),
        newest: Some(3),
    };
    let source = BulkSource::Registry(selection.clone());
    let new = new_bulk(TenantId::DEFAULT, source.clone());
    let bulk = create_new(&*store, &new).await;
    assert_eq!((bulk.state, bulk.is_listed), (BulkState::Running, false));
    assert_eq!(bulk.source, source);
    let listing = store.take_listing(LONG).await.unwrap().unwrap();
    let expected = Listing {
        tenant: TenantId::DEFAULT,
        bulk: new.id,
        selection,
        platform: None,
        cursor: None,
        tries: 0,
    };
    assert_eq!(listing, expected);
    assert!(store.take_listing(LONG).await.unwrap().is_none());
    let mut piece = listed(&["app:1"], ListingStep::Continue("c1".to_owned()));
    piece.rejections.add(Rejection {
        place: RejectedPlace::Repository("team/secret".to_owned()),
        reason: "access is denied".to_owned(),
    });
    store.save_listed(new.id, &piece).await.unwrap();
    assert_eq!(
        feed(&*store, 10).await,
        (0, 1, 1),
        "listing goes on meanwhile"
    );
    let again = store.take_listing(LONG).await.unwrap().unwrap();
    assert_eq!(again.cursor.as_deref(), Some("c1"));
    store
        .save_listed(new.id, &listed(&[], ListingStep::TryAgain(Duration::ZERO)))
        .await
        .unwrap();
    let again = store.take_listing(LONG).await.unwrap().unwrap();
    assert_eq!((again.cursor.as_deref(), again.tries), (Some("c1"), 1));
    fail(&*store, &open_scans(&*store, new.id).await, "timeout").await;
    feed(&*store, 10).await;
    assert_eq!(get(&*store, new.id).await.state, BulkState::Running);
    let last = listed(&["app:1", "app:2"], ListingStep::Complete);
    store.save_listed(new.id, &last).await.unwrap();
    store.save_listed(new.id, &piece).await.unwrap();
    assert!(store.take_listing(LONG).await.unwrap().is_none());
    let bulk = get(&*store, new.id).await;
    assert_eq!((bulk.counts.accepted, bulk.counts.rejected), (2, 1));
    assert_eq!(bulk.rejections, piece.rejections.first);
}

pub async fn a_listing_that_fails_ends_its_bulk_until_it_is_tried_again(store: Arc<dyn Store>) {
    let selection = RegistrySelection {
        registry: "registry.test".to_owned(),
        repositories: "*".to_owned(),
        tags: None,
        newest: None,
    };
    let new = new_bulk(TenantId::DEFAULT, BulkSource::Registry(selection));
    create_new(&*store, &new).await;
    change(&*store, new.id, BulkChange::Pause).await;
    assert!(store.take_listing(LONG).await.unwrap().is_none());
    change(&*store, new.id, BulkChange::Resume).await;
    store.take_listing(LONG).await.unwrap().unwrap();
    let step = ListingStep::Fail(failure("catalog_unsupported"));
    store.save_listed(new.id, &listed(&[], step)).await.unwrap();
    feed(&*store, 10).await;
    let bulk = get(&*store, new.id).await;
    assert_eq!(bulk.state, BulkState::Done);
    assert_eq!(bulk.failure, Some(failure("catalog_unsupported")));
    let bulk = change(&*store, new.id, BulkChange::Retry).await;
    assert_eq!((bulk.state, bulk.failure), (BulkState::Running, None));
    assert!(store.take_listing(LONG).await.unwrap().is_some());
}

pub async fn an_idempotency_key_names_one_bulk(store: Arc<dyn Store>) {
    let keyed = |tenant, platform: Option<&str>| NewBulk {
        idempotency_key: Some("key".to_owned()),
        platform: platform.map(str::to_owned),
        ..new_bulk(tenant, BulkSource::Upload)
    };
    let first = create_new(&*store, &keyed(TenantId::DEFAULT, None)).await;
    append(&*store, first.id, &["app:1"]).await;
    let again = async |new| store.create_bulk(&new).await.unwrap();
    let same = again(keyed(TenantId::DEFAULT, None)).await;
    assert!(matches!(same, CreatedBulk::Existing(bulk) if bulk.id == first.id));
    let other = again(keyed(TenantId::DEFAULT, Some("linux/arm64"))).await;
    assert_eq!(other, CreatedBulk::Conflict(first.id));
    create_new(&*store, &keyed(other_tenant(), None)).await;

    store
        .end_upload(first.id, &Rejections::default())
        .await
        .unwrap();
    change(&*store, first.id, BulkChange::Cancel).await;
    let same = again(keyed(TenantId::DEFAULT, None)).await;
    assert!(matches!(same, CreatedBulk::Existing(bulk) if bulk.id == first.id));
}

pub async fn an_upload_that_breaks_off_gives_its_key_back(store: Arc<dyn Store>) {
    let keyed = || NewBulk {
        idempotency_key: Some("key".to_owned()),
        ..new_bulk(TenantId::DEFAULT, BulkSource::Upload)
    };
    let first = create_new(&*store, &keyed()).await;
    change(&*store, first.id, BulkChange::Cancel).await;
    let second = create_new(&*store, &keyed()).await;
    assert_ne!(first.id, second.id);
}

pub async fn the_depth_is_that_of_all_bulks_that_have_not_ended(store: Arc<dyn Store>) {
    assert_eq!(store.bulk_depth().await.unwrap(), BulkDepth::default());
    let mine = create(&*store, TenantId::DEFAULT, &["app:1", "app:2", "app:3"]).await;
    create(&*store, other_tenant(), &["app:1"]).await;
    create_upload(&*store, TenantId::DEFAULT).await;
    assert_eq!(feed(&*store, 3).await, (0, 3, 3));
    let scans = open_scans(&*store, mine).await;
    fail(&*store, &scans[..1], "image_not_found").await;
    feed(&*store, 0).await;
    change(&*store, mine, BulkChange::Pause).await;
    let depth = store.bulk_depth().await.unwrap();
    assert_eq!((depth.receiving, depth.running, depth.paused), (1, 1, 1));
    let counts = depth.counts;
    assert_eq!((counts.waiting(), counts.open()), (1, 2));
    assert_eq!((counts.done, counts.failed), (0, 1));
    change(&*store, mine, BulkChange::Cancel).await;
    let depth = store.bulk_depth().await.unwrap();
    assert_eq!((depth.paused, depth.counts.accepted), (0, 1));
}

/// For a store where what is not continued at once counts as lost.
pub(super) async fn an_upload_that_nobody_continues_is_cancelled(store: &dyn Store) {
    let id = create_upload(store, TenantId::DEFAULT).await;
    append(store, id, &["app:1"]).await;
    feed(store, 10).await;
    let bulk = get(store, id).await;
    assert_eq!(bulk.state, BulkState::Cancelled);
    assert_eq!(bulk.failure.unwrap().code, "upload_cut");
    assert_eq!((bulk.counts.cancelled, bulk.counts.waiting()), (1, 0));
    let late = store.append_references(id, &[reference("app:2")]).await;
    assert_eq!(late.unwrap(), Appended::Closed);
}

fn new_bulk(tenant: TenantId, source: BulkSource) -> NewBulk {
    NewBulk {
        id: BulkId(uuid::Uuid::now_v7()),
        tenant,
        source,
        platform: None,
        idempotency_key: None,
        traceparent: None,
    }
}

fn reference(text: &str) -> BulkReference {
    BulkReference {
        reference: text.to_owned(),
        platform: None,
    }
}

fn line(number: u64) -> Rejection {
    Rejection {
        place: RejectedPlace::Line(number),
        reason: "not a \"reference\"".to_owned(),
    }
}

fn listed(references: &[&str], next: ListingStep) -> Listed {
    Listed {
        references: references.iter().map(|text| reference(text)).collect(),
        rejections: Rejections::default(),
        next,
    }
}

fn page(cursor: Option<&str>, limit: u32) -> PageRequest {
    PageRequest {
        cursor: cursor.map(str::to_owned),
        limit,
    }
}

fn failure(code: &str) -> ScanFailure {
    ScanFailure {
        code: code.to_owned(),
        message: "it went wrong".to_owned(),
        remedy: "mend it".to_owned(),
        retryable: true,
    }
}

async fn create_new(store: &dyn Store, new: &NewBulk) -> Bulk {
    match store.create_bulk(new).await.unwrap() {
        CreatedBulk::New(bulk) => bulk,
        other => panic!("there is one already: {other:?}"),
    }
}

async fn create_upload(store: &dyn Store, tenant: TenantId) -> BulkId {
    let new = new_bulk(tenant, BulkSource::Upload);
    create_new(store, &new).await.id
}

async fn append(store: &dyn Store, id: BulkId, references: &[impl AsRef<str>]) {
    let references: Vec<_> = references
        .iter()
        .map(|text| reference(text.as_ref()))
        .collect();
    let stored = store.append_references(id, &references).await.unwrap();
    assert!(matches!(stored, Appended::Stored { .. }));
}

/// A bulk of these references, ready to be fed.
async fn create(store: &dyn Store, tenant: TenantId, references: &[impl AsRef<str>]) -> BulkId {
    let id = create_upload(store, tenant).await;
    append(store, id, references).await;
    store
        .end_upload(id, &Rejections::default())
        .await
        .unwrap()
        .unwrap();
    id
}

/// How many were settled, fed, and are open.
async fn feed(store: &dyn Store, window: u32) -> (u64, u64, u64) {
    let fed = store.feed_bulks(window).await.unwrap();
    (fed.settled.all(), fed.fed, fed.open)
}

async fn get(store: &dyn Store, id: BulkId) -> Bulk {
    store.bulk(TenantId::DEFAULT, id).await.unwrap().unwrap()
}

async fn change(store: &dyn Store, id: BulkId, change: BulkChange) -> Bulk {
    let changed = store.change_bulk(TenantId::DEFAULT, id, change).await;
    changed.unwrap().unwrap()
}

async fn items(store: &dyn Store, id: BulkId, state: Option<BulkItemState>) -> Vec<BulkItem> {
    let all = page(None, 500);
    let items = store.bulk_items(TenantId::DEFAULT, id, state, &all).await;
    items.unwrap().unwrap().items
}

async fn open_scans(store: &dyn Store, id: BulkId) -> Vec<ScanId> {
    let open = items(store, id, Some(BulkItemState::Open)).await;
    open.into_iter().map(|item| item.scan.unwrap()).collect()
}

async fn fail(store: &dyn Store, scans: &[ScanId], code: &str) {
    for scan in scans {
        assert!(store.fail_scan(*scan, &failure(code)).await.unwrap());
    }
}

/// Brings a scan to its result.
async fn finish(store: &dyn Store, scan: ScanId, number: u64) {
    record(store, scan, &new_image(number, "1", &[number + 10])).await;
    catalog(store, number + 10).await;
    let set = package_set(number + 50, &["a"]);
    store
        .assemble_image(digest(number), SET, &set, &[])
        .await
        .unwrap();
    let finished = store.finish_scans(digest(number)).await.unwrap();
    assert!(finished.contains(&scan));
}
