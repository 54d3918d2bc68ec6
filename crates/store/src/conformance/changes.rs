//! What new advisories changed about images, and their history.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use scanyard_matching::Finding;
use scanyard_package::Severity;

use super::builder::*;
use super::fleet::say;
use super::matches::{activate, finding};
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

/// Brings the fleet up to a new revision, the next of these numbers, that says this of packages.
pub(super) async fn revise(
    store: &dyn Store,
    number: u64,
    findings: impl Fn(&str) -> Vec<Finding>,
) -> i64 {
    let revision = activate(store, number).await;
    let ids = store.concerned_packages(revision, &Concerned::All).await;
    say(store, revision, &ids.unwrap(), findings).await.unwrap();
    let completed = store.complete_revision(revision, &Concerned::All).await;
    assert!(completed.unwrap().is_some());
    revision
}

/// Two images of the default tenant, {a, b} and {b, c}, and one of another, {d}. At the first
/// revision every package is highly affected by X.
pub(super) async fn two_tenants(store: &dyn Store) {
    for (image, names) in [(1, ["a", "b"]), (2, ["b", "c"])] {
        let set = package_set(49 + 2 * image, &names);
        assembled_image(store, TenantId::DEFAULT, image, &set).await;
    }
    assembled_image(store, other_tenant(), 3, &package_set(61, &["d"])).await;
    revise(store, 901, |_| vec![finding("X", Severity::High)]).await;
}

/// The second revision: of b, X is critical and Y is new; d is fixed.
pub(super) async fn second_revision(store: &dyn Store) -> i64 {
    revise(store, 902, |name| match name {
        "b" => vec![
            finding("X", Severity::Critical),
            finding("Y", Severity::Low),
        ],
        "d" => Vec::new(),
        _ => vec![finding("X", Severity::High)],
    })
    .await
}

async fn events(store: &dyn Store, tenant: TenantId, query: &ChangeQuery) -> Vec<Event> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { cursor, limit: 1 };
        let page = store.changes(tenant, query, &page).await.unwrap();
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

/// What they say in short, in order of their words: `changed X 2`.
async fn told(store: &dyn Store, tenant: TenantId, query: &ChangeQuery) -> Vec<String> {
    let events = events(store, tenant, query).await;
    let mut told: Vec<_> = events.iter().map(words).collect();
    told.sort();
    told
}

fn words(event: &Event) -> String {
    let change = &event.change;
    let count = event.images.counted();
    format!("{} {} {count}", change.kind.name(), change.vulnerability)
}

pub async fn a_change_is_one_event_however_many_images_it_concerns(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    let all = ChangeQuery::default();
    assert_eq!(store.latest_change().await.unwrap(), None);
    assert!(events(&*store, TenantId::DEFAULT, &all).await.is_empty());
    let revision = second_revision(&*store).await;

    let default = events(&*store, TenantId::DEFAULT, &all).await;
    let mut short: Vec<_> = default.iter().map(words).collect();
    short.sort();
    assert_eq!(short, ["changed X 2", "new Y 2"]);
    let other = events(&*store, other_tenant(), &all).await;
    assert_eq!(other.iter().map(words).collect::<Vec<_>>(), ["fixed X 1"]);
    let changed = default
        .iter()
        .find(|event| words(event).starts_with("changed"));
    let change = &changed.unwrap().change;
    assert_eq!(change.revision, revision);
    assert!(change.package.starts_with("pkg:deb/debian/b@"));
    let severity = |finding: &Option<Finding>| finding.as_ref().map(|f| f.severity);
    assert_eq!(severity(&change.before), Some(Severity::High));
    assert_eq!(severity(&change.after), Some(Severity::Critical));
    let latest = store.latest_change().await.unwrap().unwrap();
    assert!(default.iter().chain(&other).all(|e| e.change.id <= latest));

    // Who has one's id does not see it therefore.
    let one = store.change(TenantId::DEFAULT, change.id).await.unwrap();
    assert_eq!(one.as_ref(), changed);
    assert_eq!(store.change(other_tenant(), change.id).await.unwrap(), None);
    let page = PageRequest {
        cursor: None,
        limit: 1,
    };
    let elsewhere = store.changed_images(other_tenant(), change.id, &page);
    assert!(elsewhere.await.unwrap().is_none());
}

pub async fn events_are_filtered(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    second_revision(&*store).await;
    let tenant = TenantId::DEFAULT;
    let filtered = async |filter: ChangeFilter| {
        let query = ChangeQuery {
            filter,
            ..ChangeQuery::default()
        };
        told(&*store, tenant, &query).await
    };
    let kinds = vec![ChangeKind::New, ChangeKind::Fixed];
    let new = filtered(ChangeFilter {
        kinds,
        ..ChangeFilter::default()
    });
    assert_eq!(new.await, ["new Y 2"]);
    let severe = ChangeFilter {
        min_severity: Some(Severity::High),
        only_fixable: true,
        only_known_exploited: true,
        ..ChangeFilter::default()
    };
    assert_eq!(filtered(severe).await, ["changed X 2"]);
    for (pattern, expected) in [("registry.test/*", 2), ("*/app", 2), ("registry_test/*", 0)] {
        let filter = ChangeFilter {
            repository: Some(pattern.to_owned()),
            ..ChangeFilter::default()
        };
        assert_eq!(filtered(filter).await.len(), expected, "{pattern}");
    }
    for (id, expected) in [("X", 1), ("GHSA-Y", 1), ("Z", 0)] {
        let query = ChangeQuery {
            vulnerability: Some(id.to_owned()),
            ..ChangeQuery::default()
        };
        assert_eq!(told(&*store, tenant, &query).await.len(), expected, "{id}");
    }
    for (hours, expected) in [(-1, 2), (1, 0)] {
        let query = ChangeQuery {
            since: Some(Utc::now() + TimeDelta::hours(hours)),
            ..ChangeQuery::default()
        };
        assert_eq!(told(&*store, tenant, &query).await.len(), expected);
    }
}

pub async fn pages_hold_every_image_of_a_change_once(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    second_revision(&*store).await;
    // It comes too late for the change to be news.
    assembled_image(&*store, TenantId::DEFAULT, 4, &package_set(62, &["b"])).await;
    let all = ChangeQuery::default();
    let event = events(&*store, TenantId::DEFAULT, &all).await.remove(0);
    assert_eq!(event.images, ImageCount::Exactly(2));
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { cursor, limit: 1 };
        let images = store.changed_images(TenantId::DEFAULT, event.change.id, &page);
        let page = images.await.unwrap().unwrap();
        seen.extend(page.items.into_iter().map(|image| image.digest));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, [digest(1), digest(2)]);
}

pub async fn the_history_of_an_image_is_told_from_its_end(store: Arc<dyn Store>) {
    two_tenants(&*store).await;
    second_revision(&*store).await;
    let (mut kinds, mut cursor, mut last) = (Vec::new(), None, None);
    loop {
        let page = PageRequest { cursor, limit: 1 };
        let history = store.image_history(TenantId::DEFAULT, digest(1), &page);
        let page = history.await.unwrap().unwrap();
        for entry in page.items {
            assert!(last.is_none_or(|last| entry.at <= last));
            last = Some(entry.at);
            kinds.push(match entry.what {
                ImageEvent::FirstSeen => "first seen".to_owned(),
                ImageEvent::Cataloged { packages, .. } => format!("cataloged {packages}"),
                ImageEvent::Tagged(tag) => format!("tagged {}", tag.name),
                ImageEvent::Untagged(tag) => format!("untagged {}", tag.name),
                ImageEvent::Gone => "gone".to_owned(),
                ImageEvent::Finding(change) => {
                    format!("{} {}", change.kind.name(), change.vulnerability)
                }
            });
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    kinds[..2].sort();
    assert_eq!(kinds[..3], ["changed X", "new Y", "cataloged 2"]);
    assert_eq!(kinds.last().unwrap(), "first seen");
    assert!(kinds.contains(&"tagged v1".to_owned()), "{kinds:?}");
    let page = PageRequest {
        cursor: None,
        limit: 9,
    };
    let elsewhere = store.image_history(other_tenant(), digest(1), &page).await;
    assert!(elsewhere.unwrap().is_none());
}
