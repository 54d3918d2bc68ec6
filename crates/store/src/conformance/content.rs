//! Images, and who sees them.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_package::{Coverage, CoverageKind};

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

fn all() -> PageRequest {
    PageRequest {
        cursor: None,
        limit: 100,
    }
}

pub async fn an_image_is_seen_by_tenants_that_reached_it(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "1", &[11])).await;
    let (owner, other) = (TenantId::DEFAULT, other_tenant());
    assert!(store.image(owner, digest(1)).await.unwrap().is_some());
    assert!(store.image(other, digest(1)).await.unwrap().is_none());
    let reached = store.layers_reached(owner, &[digest(11), digest(12)]).await;
    assert_eq!(reached.unwrap(), [digest(11)]);
    let filter = ImageFilter::default();
    for (tenant, count) in [(owner, 1), (other, 0)] {
        let images = store.images(tenant, &filter, &all()).await.unwrap();
        assert_eq!(images.items.len(), count);
    }
    assert!(
        store
            .layers_reached(other, &[digest(11)])
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn what_was_found_in_a_config_stays_until_other_rules_find_otherwise(
    store: Arc<dyn Store>,
) {
    let found = |secrets: Option<&[u8]>, checks: Option<&[u8]>| ConfigEvidence {
        secrets: secrets.map(<[u8]>::to_vec),
        checks: checks.map(<[u8]>::to_vec),
    };
    let steps = [
        (found(None, None), found(None, None)),
        (found(None, Some(b"root")), found(None, Some(b"root"))),
        (found(Some(b""), None), found(Some(b""), Some(b"root"))),
        (found(None, None), found(Some(b""), Some(b"root"))),
        (
            found(Some(b"key"), Some(b"none")),
            found(Some(b"key"), Some(b"none")),
        ),
    ];
    for (config, expected) in steps {
        let scan = create_scan(&*store, "app").await;
        let image = NewImage {
            config,
            ..new_image(1, "1", &[11])
        };
        record(&*store, scan, &image).await;
        let read = store.image(TenantId::DEFAULT, digest(1)).await;
        assert_eq!(read.unwrap().unwrap().config, expected);
    }
}

pub async fn an_assembled_image_reads_back_as_written(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let image = new_image(1, "1", &[11, 12]);
    record(&*store, scan, &image).await;
    let before = store
        .image(TenantId::DEFAULT, digest(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (before.summary.packages, before.summary.counts),
        (None, None)
    );
    assert_eq!(store.assembled_set(digest(1), SET).await.unwrap(), None);

    let set = package_set(50, &["openssl", "zlib"]);
    let gap = Coverage::new(CoverageKind::UnreadableFile, "/a", "not text");
    for _ in 0..2 {
        store
            .assemble_image(digest(1), SET, &set, std::slice::from_ref(&gap))
            .await
            .unwrap();
    }
    let detail = store
        .image(TenantId::DEFAULT, digest(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.config_digest, image.config_digest);
    assert_eq!(
        (detail.created, detail.labels),
        (image.created, image.labels)
    );
    assert_eq!(detail.layers, image.layers);
    assert_eq!(detail.package_set, Some(set.digest));
    assert_eq!(detail.cataloger_set.as_deref(), Some(SET));
    assert_eq!(detail.summary.distro, set.distro);
    assert_eq!(detail.summary.packages, Some(2));
    assert_eq!(detail.summary.coverage_gaps, Some(1));
    assert_eq!(detail.summary.tags, [image.tag.unwrap()]);
    assert_eq!(detail.summary.repositories, [image.repository]);
    assert_eq!(store.image_coverage(digest(1)).await.unwrap(), [gap]);
    let assembled = store.assembled_set(digest(1), SET).await.unwrap();
    assert_eq!(assembled, Some(set.digest));
    assert_eq!(store.assembled_set(digest(1), "2").await.unwrap(), None);

    let packages = store.unmatched_packages(set.digest, 1, 10).await;
    let packages = packages.unwrap().into_iter();
    let read: Vec<_> = packages
        .map(|stored| {
            assert_eq!(stored.distro, set.distro);
            (stored.purl, stored.package)
        })
        .collect();
    assert_eq!(read, set.packages);
}

pub async fn a_tag_moves_to_the_image_that_it_names_now(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let mut arm = new_image(2, "latest", &[12]);
    arm.platform = "linux/arm64".to_owned();
    let images = [new_image(1, "latest", &[11]), arm];
    store.record_images(scan, &images, SET).await.unwrap();
    let tags = async |number| {
        let image = store
            .image(TenantId::DEFAULT, digest(number))
            .await
            .unwrap();
        image.unwrap().summary.tags.len()
    };
    assert_eq!((tags(1).await, tags(2).await), (1, 1));

    let mut one_platform = new_scan(TenantId::DEFAULT, "app");
    one_platform.platform = Some("linux/amd64".to_owned());
    let scan = create(&*store, &one_platform).await;
    record(&*store, scan, &new_image(3, "latest", &[13])).await;
    assert_eq!((tags(1).await, tags(2).await, tags(3).await), (0, 1, 1));

    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "latest", &[11])).await;
    assert_eq!((tags(1).await, tags(2).await, tags(3).await), (1, 0, 0));
}

pub async fn pages_hold_every_image_once_while_images_arrive(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    let images: Vec<_> = (0..10)
        .map(|n| new_image(n, &format!("{n}"), &[11]))
        .collect();
    store.record_images(scan, &images, SET).await.unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    for late in 100.. {
        let page = PageRequest { cursor, limit: 3 };
        let filter = ImageFilter {
            repository: Some("registry.test/app".to_owned()),
            min_severity: None,
        };
        let page = store
            .images(TenantId::DEFAULT, &filter, &page)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|image| image.digest));
        let scan = create_scan(&*store, "app").await;
        record(&*store, scan, &new_image(late, "late", &[11])).await;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, (0..10).map(digest).collect::<Vec<_>>());
}
