//! Who is told of changes, and what becomes of the messages.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use scanyard_matching::Finding;
use scanyard_package::Severity;
use uuid::Uuid;

use super::builder::*;
use super::changes::{revise, second_revision, two_tenants};
use super::matches::finding;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

async fn subscribe(store: &dyn Store, tenant: TenantId, filter: ChangeFilter) -> SubscriptionId {
    let id = SubscriptionId(Uuid::now_v7());
    let new = NewSubscription {
        id,
        tenant,
        name: "team".to_owned(),
        form: MessageForm::Slack,
        target: Target {
            address: "https://hooks.test/…".to_owned(),
            sealed_by: "key".to_owned(),
            sealed: b"sealed".to_vec(),
        },
        filter,
    };
    assert!(store.create_subscription(&new).await.unwrap());
    id
}

async fn make_all(store: &dyn Store) {
    for _ in 0..100 {
        if !store.make_deliveries().await.unwrap() {
            return;
        }
    }
    panic!("there is always more to make");
}

async fn deliveries(store: &dyn Store, tenant: TenantId, id: SubscriptionId) -> Vec<Delivery> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { cursor, limit: 2 };
        let page = store.deliveries(tenant, id, None, &page).await.unwrap();
        let page = page.unwrap();
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            all.reverse();
            return all;
        }
    }
}

/// What its messages say in short: `changed X 2 images 1 packages`.
async fn told(store: &dyn Store, tenant: TenantId, id: SubscriptionId) -> Vec<String> {
    let deliveries = deliveries(store, tenant, id).await;
    let words = |delivery: &Delivery| match &delivery.notification {
        Notification::Test => "test".to_owned(),
        Notification::Changes(notice) => format!(
            "{} {} {} images {} packages",
            notice.kind.name(),
            notice.vulnerability,
            notice.images.counted(),
            notice.packages.counted()
        ),
    };
    deliveries.iter().map(words).collect()
}

fn delivered() -> Attempt {
    Attempt {
        outcome: AttemptOutcome::Delivered,
        status: Some(204),
        problem: None,
    }
}

fn failed(outcome: AttemptOutcome) -> Attempt {
    Attempt {
        outcome,
        status: Some(503),
        problem: Some("no".to_owned()),
    }
}

async fn claim(store: &dyn Store, id: SubscriptionId) -> Option<ClaimedDelivery> {
    store.claim_delivery(id, LONG).await.unwrap()
}

pub async fn a_subscription_is_told_once_of_what_comes_after_it(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let (tenant, other) = (TenantId::DEFAULT, other_tenant());
    let ours = subscribe(&*store, tenant, ChangeFilter::default()).await;
    let theirs = subscribe(&*store, other, ChangeFilter::default()).await;
    make_all(&*store).await;
    assert!(told(&*store, tenant, ours).await.is_empty());
    second_revision(&*store).await;
    let late = subscribe(&*store, tenant, ChangeFilter::default()).await;
    make_all(&*store).await;
    let expected = ["changed X 2 images 1 packages", "new Y 2 images 1 packages"];
    assert_eq!(told(&*store, tenant, ours).await, expected);
    let fixed = ["fixed X 1 images 1 packages"];
    assert_eq!(told(&*store, other, theirs).await, fixed);
    assert!(told(&*store, tenant, late).await.is_empty());

    // One message for a vulnerability in several packages.
    let low = |name: &str| match name {
        "b" => Vec::new(),
        _ => vec![finding("X", Severity::Low)],
    };
    revise(&*store, 903, low).await;
    make_all(&*store).await;
    assert!(!store.make_deliveries().await.unwrap());
    let third = [
        "changed X 2 images 2 packages",
        "fixed X 2 images 1 packages",
        "fixed Y 2 images 1 packages",
    ];
    assert_eq!(told(&*store, tenant, ours).await[2..], third);
    assert_eq!(told(&*store, tenant, late).await, third);
    let ids = deliveries(&*store, tenant, ours).await;
    let ids: std::collections::BTreeSet<_> = ids.iter().map(|d| d.id.clone()).collect();
    assert_eq!(ids.len(), 5, "each has an id of its own");
}

pub async fn a_subscription_with_a_filter_is_told_what_passes(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let tenant = TenantId::DEFAULT;
    let kinds = vec![ChangeKind::New];
    let new = ChangeFilter {
        kinds,
        ..ChangeFilter::default()
    };
    let new = subscribe(&*store, tenant, new).await;
    let severe = ChangeFilter {
        min_severity: Some(Severity::High),
        repository: Some("registry.test/*".to_owned()),
        ..ChangeFilter::default()
    };
    let stored = subscribe(&*store, tenant, severe.clone()).await;
    let elsewhere = ChangeFilter {
        repository: Some("elsewhere/*".to_owned()),
        ..ChangeFilter::default()
    };
    let elsewhere = subscribe(&*store, tenant, elsewhere).await;
    let read = store.subscription(tenant, stored).await.unwrap().unwrap();
    assert_eq!(read.filter, severe);
    second_revision(&*store).await;
    make_all(&*store).await;
    assert_eq!(
        told(&*store, tenant, new).await,
        ["new Y 2 images 1 packages"]
    );
    let expected = ["changed X 2 images 1 packages"];
    assert_eq!(told(&*store, tenant, stored).await, expected);
    assert!(told(&*store, tenant, elsewhere).await.is_empty());
}

pub async fn a_message_is_sent_by_one_and_lost_ones_come_again(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let id = subscribe(&*store, TenantId::DEFAULT, ChangeFilter::default()).await;
    second_revision(&*store).await;
    make_all(&*store).await;
    let due = store.due_subscriptions(&[], 9).await.unwrap();
    assert_eq!(due, [DueSubscription { id, failing: false }]);
    assert!(store.due_subscriptions(&[id], 9).await.unwrap().is_empty());

    // The first sender is lost: its lease has no length.
    let lost = store.claim_delivery(id, Duration::ZERO).await.unwrap();
    let lost = lost.unwrap();
    let mut again = claim(&*store, id).await.unwrap();
    if again.id != lost.id {
        again = claim(&*store, id).await.unwrap();
    }
    assert_eq!((&again.id, again.tries), (&lost.id, lost.tries + 1));
    let late = failed(AttemptOutcome::GiveUp(LONG));
    store.end_attempt(&lost, &late).await.unwrap();
    store.end_attempt(&again, &delivered()).await.unwrap();
    let ended = store.delivery(TenantId::DEFAULT, &again.id).await.unwrap();
    let ended = ended.unwrap();
    assert_eq!(
        (ended.state, ended.status),
        (DeliveryState::Delivered, Some(204))
    );
    let elsewhere = store.delivery(other_tenant(), &again.id).await.unwrap();
    assert_eq!(elsewhere, None);
    assert_eq!(store.prune_deliveries(LONG, 9).await.unwrap(), 0);
    assert_eq!(store.prune_deliveries(Duration::ZERO, 9).await.unwrap(), 1);
}

pub async fn a_receiver_that_fails_is_left_alone_for_a_while(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let tenant = TenantId::DEFAULT;
    let id = subscribe(&*store, tenant, ChangeFilter::default()).await;
    second_revision(&*store).await;
    make_all(&*store).await;
    let first = claim(&*store, id).await.unwrap();
    let retry = failed(AttemptOutcome::Retry(Duration::ZERO));
    store.end_attempt(&first, &retry).await.unwrap();
    let due = store.due_subscriptions(&[], 9).await.unwrap();
    assert_eq!(due, [DueSubscription { id, failing: true }]);
    let second = claim(&*store, id).await.unwrap();
    assert_eq!(second.failures, 1);
    let dead = failed(AttemptOutcome::GiveUp(LONG));
    store.end_attempt(&second, &dead).await.unwrap();
    assert_eq!(claim(&*store, id).await, None, "others wait too");

    // Trying it out does not wait, and says nothing against it.
    let test = store.add_test_delivery(tenant, id).await.unwrap().unwrap();
    let claimed = claim(&*store, id).await.unwrap();
    assert_eq!(
        (&claimed.id, &claimed.notification),
        (&test, &Notification::Test)
    );
    store.end_attempt(&claimed, &dead).await.unwrap();
    let read = store.subscription(tenant, id).await.unwrap().unwrap();
    assert_eq!((read.failures, read.dead, read.waiting), (2, 2, 1));
    let depth = store.delivery_depth().await.unwrap();
    assert_eq!(
        depth,
        DeliveryDepth {
            waiting: 1,
            dead: 2
        }
    );

    assert!(
        !store
            .redrive_delivery(other_tenant(), &second.id)
            .await
            .unwrap()
    );
    assert!(store.redrive_delivery(tenant, &second.id).await.unwrap());
    assert!(!store.redrive_delivery(tenant, &second.id).await.unwrap());
    let change = SubscriptionChange::default();
    assert!(
        store
            .change_subscription(tenant, id, &change)
            .await
            .unwrap()
    );
    for _ in 0..2 {
        let claimed = claim(&*store, id).await.unwrap();
        assert_eq!(claimed.failures, 0);
        store.end_attempt(&claimed, &delivered()).await.unwrap();
    }
    assert_eq!(claim(&*store, id).await, None);
}

pub async fn a_paused_subscription_goes_on_where_it_was(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let tenant = TenantId::DEFAULT;
    let id = subscribe(&*store, tenant, ChangeFilter::default()).await;
    let state = |state| SubscriptionChange {
        state: Some(state),
        ..SubscriptionChange::default()
    };
    let paused = state(SubscriptionState::Paused);
    assert!(
        !store
            .change_subscription(other_tenant(), id, &paused)
            .await
            .unwrap()
    );
    assert!(
        store
            .change_subscription(tenant, id, &paused)
            .await
            .unwrap()
    );
    second_revision(&*store).await;
    make_all(&*store).await;
    assert!(told(&*store, tenant, id).await.is_empty());
    let active = state(SubscriptionState::Active);
    assert!(
        store
            .change_subscription(tenant, id, &active)
            .await
            .unwrap()
    );
    make_all(&*store).await;
    assert_eq!(told(&*store, tenant, id).await.len(), 2);

    let claimed = claim(&*store, id).await.unwrap();
    let gone = failed(AttemptOutcome::Gone);
    store.end_attempt(&claimed, &gone).await.unwrap();
    let read = store.subscription(tenant, id).await.unwrap().unwrap();
    assert_eq!(read.state, SubscriptionState::Gone);
    assert_eq!(claim(&*store, id).await, None);
}

pub async fn a_subscription_is_its_tenants(store: Arc<dyn Store>) {
    let tenant = TenantId::DEFAULT;
    let id = subscribe(&*store, tenant, ChangeFilter::default()).await;
    assert_eq!(store.subscriptions(tenant).await.unwrap().len(), 1);
    assert!(
        store
            .subscriptions(other_tenant())
            .await
            .unwrap()
            .is_empty()
    );
    let page = PageRequest {
        cursor: None,
        limit: 1,
    };
    let listed = store.deliveries(other_tenant(), id, None, &page).await;
    assert!(listed.unwrap().is_none());
    let test = store.add_test_delivery(other_tenant(), id).await.unwrap();
    assert_eq!(test, None);
    assert!(!store.delete_subscription(other_tenant(), id).await.unwrap());
    store.add_test_delivery(tenant, id).await.unwrap().unwrap();
    assert!(store.delete_subscription(tenant, id).await.unwrap());
    assert_eq!(store.subscription(tenant, id).await.unwrap(), None);
    assert_eq!(claim(&*store, id).await, None, "its messages are gone too");
}

pub async fn more_changes_than_fit_in_a_round_are_told_once(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let tenant = TenantId::DEFAULT;
    let id = subscribe(&*store, tenant, ChangeFilter::default()).await;
    let many: Vec<Finding> = (0..120)
        .map(|number| finding(&format!("V{number:03}"), Severity::High))
        .collect();
    revise(&*store, 902, |name| match name {
        "b" => many.clone(),
        _ => vec![finding("X", Severity::High)],
    })
    .await;
    // Two schedulers at once, as when one does not notice in time that it leads no more.
    tokio::join!(make_all(&*store), make_all(&*store));
    make_all(&*store).await;
    let told = told(&*store, tenant, id).await;
    assert_eq!(told.len(), 121);
    let distinct: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!(distinct.len(), 121);
}
