//! Walks through repositories.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::builder::*;
use crate::*;

const OWNER: TenantId = TenantId::DEFAULT;
const REPOSITORY: &str = "registry.test/app";

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

async fn push(store: &dyn Store, image: &NewImage) {
    let scan = create_scan(store, "app").await;
    record(store, scan, image).await;
}

pub async fn a_walk_is_taken_by_one_and_goes_on_at_its_cursor(store: Arc<dyn Store>) {
    let mut local = new_image(2, "latest", &[11]);
    "oci:/images".clone_into(&mut local.repository);
    local.tag = None;
    push(&*store, &local).await;
    assert_eq!(store.take_walk(LONG).await.unwrap(), None);

    push(&*store, &new_image(1, "latest", &[11])).await;
    let first = store.take_walk(LONG).await.unwrap().unwrap();
    let expected = Walk {
        tenant: OWNER,
        repository: REPOSITORY.to_owned(),
        cursor: None,
    };
    assert_eq!(first, expected);
    assert_eq!(store.take_walk(LONG).await.unwrap(), None);

    let step = WalkStep::Continue(Some("here".to_owned()), Duration::ZERO);
    store.save_walk(&first, &step).await.unwrap();
    let second = store.take_walk(LONG).await.unwrap().unwrap();
    assert_eq!(second.cursor.as_deref(), Some("here"));
    store
        .save_walk(&second, &WalkStep::Complete(Duration::ZERO))
        .await
        .unwrap();
    let third = store.take_walk(LONG).await.unwrap().unwrap();
    assert_eq!(third.cursor, None);
    store
        .save_walk(&third, &WalkStep::Complete(LONG))
        .await
        .unwrap();
    assert_eq!(store.take_walk(LONG).await.unwrap(), None);
}

pub async fn a_confirmed_tag_outlives_an_earlier_deletion(store: Arc<dyn Store>) {
    push(&*store, &new_image(1, "latest", &[11])).await;
    let tag = Tag {
        repository: REPOSITORY.to_owned(),
        name: "latest".to_owned(),
    };
    let at = |seconds| Utc::now() + TimeDelta::seconds(seconds);
    store
        .tag_confirmed(OWNER, &tag, digest(90), at(20))
        .await
        .unwrap();
    store.tag_deleted(OWNER, &tag, at(10)).await.unwrap();
    let page = PageRequest {
        cursor: None,
        limit: 10,
    };
    let tags = store.tags(OWNER, REPOSITORY, &page).await.unwrap().unwrap();
    assert_eq!(tags.items[0].digest, Some(digest(90)));
    store.tag_deleted(OWNER, &tag, at(30)).await.unwrap();
    let tags = store.tags(OWNER, REPOSITORY, &page).await.unwrap().unwrap();
    assert!(tags.items.is_empty());
}

pub async fn images_without_a_tag_are_listed_in_order(store: Arc<dyn Store>) {
    for number in [3, 1, 2] {
        let mut image = new_image(number, "latest", &[11]);
        image.tag = image.tag.filter(|_| number == 2);
        push(&*store, &image).await;
    }
    let untagged = async |after, limit| {
        let listed = store.untagged_images(OWNER, REPOSITORY, after, limit);
        listed.await.unwrap()
    };
    assert_eq!(untagged(None, 10).await, [digest(1), digest(3)]);
    assert_eq!(untagged(None, 1).await, [digest(1)]);
    assert_eq!(untagged(Some(digest(1)), 10).await, [digest(3)]);
    assert!(store.let_go_of_image(OWNER, digest(3)).await.unwrap());
    assert_eq!(untagged(None, 10).await, [digest(1)]);
}
