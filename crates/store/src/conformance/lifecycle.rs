//! Repositories, tags and deletions.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::builder::*;
use crate::*;

const OWNER: TenantId = TenantId::DEFAULT;
const REPOSITORY: &str = "registry.test/app";

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

fn page(limit: u32, cursor: Option<String>) -> PageRequest {
    PageRequest { cursor, limit }
}

fn tag(name: &str) -> Tag {
    Tag {
        repository: REPOSITORY.to_owned(),
        name: name.to_owned(),
    }
}

fn later() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(60)
}

fn earlier() -> DateTime<Utc> {
    Utc::now() - TimeDelta::seconds(60)
}

async fn push(store: &dyn Store, tenant: TenantId, image: &NewImage) {
    let scan = create(store, &new_scan(tenant, "app")).await;
    record(store, scan, image).await;
}

async fn images(store: &dyn Store, tenant: TenantId) -> usize {
    let filter = ImageFilter::default();
    let images = store.images(tenant, &filter, &page(100, None)).await;
    images.unwrap().items.len()
}

async fn tag_names(store: &dyn Store) -> Vec<String> {
    let tags = store.tags(OWNER, REPOSITORY, &page(100, None)).await;
    let tags = tags.unwrap().unwrap().items.into_iter();
    tags.map(|tag| tag.name).collect()
}

async fn history(store: &dyn Store, tenant: TenantId, request: PageRequest) -> Page<TagPeriod> {
    let tag = tag("latest");
    store.tag_history(tenant, &tag, &request).await.unwrap()
}

async fn delete_tag(store: &dyn Store, at: DateTime<Utc>) {
    let deleted = store.tag_deleted(OWNER, &tag("latest"), at).await;
    deleted.unwrap();
}

async fn delete_image(store: &dyn Store, repository: &str, number: u64, at: DateTime<Utc>) {
    let digest = digest(number);
    let deleted = store.image_deleted_in_repository(OWNER, repository, digest, at);
    deleted.await.unwrap();
}

async fn is_there(store: &dyn Store, tenant: TenantId, number: u64) -> bool {
    store.image(tenant, digest(number)).await.unwrap().is_some()
}

pub async fn what_a_tag_named_is_kept(store: Arc<dyn Store>) {
    for number in [1, 2, 1] {
        push(&*store, OWNER, &new_image(number, "latest", &[11])).await;
    }
    let (mut periods, mut cursor) = (Vec::new(), None);
    loop {
        let read = history(&*store, OWNER, page(1, cursor)).await;
        periods.extend(read.items);
        cursor = read.next;
        if cursor.is_none() {
            break;
        }
    }
    let images: Vec<_> = periods.iter().map(|period| period.image).collect();
    assert_eq!(images, [digest(1), digest(2), digest(1)]);
    assert_eq!(periods[0].to, None);
    for pair in periods.windows(2) {
        assert_eq!(pair[1].to, Some(pair[0].from));
    }
    let other = history(&*store, other_tenant(), page(9, None)).await;
    assert!(other.items.is_empty());
}

pub async fn tags_are_listed_with_every_platform(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let mut pair = [new_image(1, "latest", &[11]), new_image(2, "latest", &[12])];
    pair[1].platform = "linux/arm64".to_owned();
    for image in &mut pair {
        image.root_digest = digest(90);
    }
    store.record_images(scan, &pair, SET).await.unwrap();
    push(&*store, OWNER, &new_image(3, "1.0", &[11])).await;

    let first = store.tags(OWNER, REPOSITORY, &page(1, None)).await;
    let first = first.unwrap().unwrap();
    assert_eq!(first.items[0].name, "1.0");
    let second = store.tags(OWNER, REPOSITORY, &page(1, first.next)).await;
    let second = second.unwrap().unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
    let latest = &second.items[0];
    assert_eq!(latest.digest, Some(digest(90)));
    let platforms = latest.images.iter().map(|image| image.platform.as_str());
    assert_eq!(
        platforms.collect::<Vec<_>>(),
        ["linux/amd64", "linux/arm64"]
    );

    let repositories = store.repositories(OWNER, &page(9, None)).await.unwrap();
    let expected = RepositorySummary {
        name: REPOSITORY.to_owned(),
        images: 3,
        tags: 2,
    };
    assert_eq!(repositories.items, [expected]);
    let unknown = store.tags(other_tenant(), REPOSITORY, &page(1, None)).await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn a_deleted_image_is_gone_until_it_is_pushed_again(store: Arc<dyn Store>) {
    let set = package_set(50, &["openssl"]);
    assembled_image(&*store, OWNER, 1, &set).await;
    for _ in 0..2 {
        delete_image(&*store, REPOSITORY, 1, later()).await;
    }
    assert!(!is_there(&*store, OWNER, 1).await);
    assert_eq!(images(&*store, OWNER).await, 0);
    assert!(tag_names(&*store).await.is_empty());
    let repositories = store.repositories(OWNER, &page(9, None)).await.unwrap();
    assert_eq!(repositories.items[0].images, 0);

    push(&*store, OWNER, &new_image(1, "v1", &[2_000_001])).await;
    assert!(is_there(&*store, OWNER, 1).await);
    assert_eq!(images(&*store, OWNER).await, 1);
    assert_eq!(tag_names(&*store).await, ["v1"]);
}

pub async fn a_deletion_changes_nothing_that_was_seen_later(store: Arc<dyn Store>) {
    push(&*store, OWNER, &new_image(1, "latest", &[11])).await;
    let at = earlier();
    delete_tag(&*store, at).await;
    delete_image(&*store, REPOSITORY, 1, at).await;
    assert!(is_there(&*store, OWNER, 1).await);
    assert_eq!(tag_names(&*store).await, ["latest"]);
}

pub async fn a_deleted_tag_leaves_its_image_untagged(store: Arc<dyn Store>) {
    push(&*store, OWNER, &new_image(1, "latest", &[11])).await;
    for _ in 0..2 {
        delete_tag(&*store, later()).await;
    }
    assert!(tag_names(&*store).await.is_empty());
    assert!(is_there(&*store, OWNER, 1).await);
    let history = history(&*store, OWNER, page(9, None)).await;
    assert!(history.items[0].to.is_some_and(|to| to <= Utc::now()));
}

pub async fn an_image_stays_while_a_repository_holds_it(store: Arc<dyn Store>) {
    let mut elsewhere = new_image(1, "latest", &[11]);
    elsewhere.repository = "registry.test/copy".to_owned();
    elsewhere.tag = None;
    push(&*store, OWNER, &new_image(1, "latest", &[11])).await;
    push(&*store, OWNER, &elsewhere).await;
    for (repository, stays) in [(REPOSITORY, true), ("registry.test/copy", false)] {
        delete_image(&*store, repository, 1, later()).await;
        assert_eq!(is_there(&*store, OWNER, 1).await, stays, "{repository}");
    }
}

pub async fn a_deleted_index_takes_the_tags_that_name_it(store: Arc<dyn Store>) {
    let mut image = new_image(1, "latest", &[11]);
    image.root_digest = digest(90);
    push(&*store, OWNER, &image).await;
    delete_image(&*store, REPOSITORY, 90, later()).await;
    assert!(tag_names(&*store).await.is_empty());
    assert!(is_there(&*store, OWNER, 1).await);
}

pub async fn a_tenant_lets_go_of_an_image_for_itself(store: Arc<dyn Store>) {
    for tenant in [OWNER, other_tenant()] {
        push(&*store, tenant, &new_image(1, "latest", &[11])).await;
    }
    assert!(store.let_go_of_image(OWNER, digest(1)).await.unwrap());
    assert!(!store.let_go_of_image(OWNER, digest(1)).await.unwrap());
    assert!(!is_there(&*store, OWNER, 1).await);
    assert!(tag_names(&*store).await.is_empty());
    assert!(is_there(&*store, other_tenant(), 1).await);
    push(&*store, OWNER, &new_image(1, "latest", &[11])).await;
    assert!(is_there(&*store, OWNER, 1).await);
}

pub async fn deletions_of_what_nobody_knows_change_nothing(store: Arc<dyn Store>) {
    delete_tag(&*store, later()).await;
    for repository in [REPOSITORY, "registry.test/copy"] {
        delete_image(&*store, repository, 1, later()).await;
        push(&*store, OWNER, &new_image(2, "latest", &[11])).await;
    }
    assert!(is_there(&*store, OWNER, 2).await);
    assert_eq!(tag_names(&*store).await, ["latest"]);
}
