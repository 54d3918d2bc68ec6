//! Scans, images and layers to try things with.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use scanyard_package::{Digest, Distro, Package, PackageKind};
use scanyard_protocol::{Lane, Message};
use uuid::Uuid;

use crate::*;

/// The cataloger set of the suite.
pub(super) const SET: &str = "1";
/// A lease that lasts longer than any test.
pub(super) const LONG: Duration = Duration::from_secs(3600);

pub(super) fn digest(number: u64) -> Digest {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::from_bytes(bytes)
}

pub(super) fn other_tenant() -> TenantId {
    TenantId(Uuid::from_u128(2))
}

pub(super) fn new_scan(tenant: TenantId, reference: &str) -> NewScan {
    NewScan {
        id: ScanId(Uuid::now_v7()),
        tenant,
        reference: reference.to_owned(),
        platform: None,
        lane: Lane::Interactive,
        idempotency_key: None,
        traceparent: None,
    }
}

/// Creates a scan of the default tenant and drops its message.
pub(super) async fn create_scan(store: &dyn Store, reference: &str) -> ScanId {
    create(store, &new_scan(TenantId::DEFAULT, reference)).await
}

pub(super) async fn create(store: &dyn Store, scan: &NewScan) -> ScanId {
    store.create_scan(scan).await.unwrap();
    take_messages(store).await;
    scan.id
}

/// Empties the outbox.
pub(super) async fn take_messages(store: &dyn Store) -> Vec<Message> {
    let messages = store.pending_messages(1000).await.unwrap();
    let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
    store.remove_messages(&ids).await.unwrap();
    messages
}

/// An image of these layers, tagged `app:TAG`; its digest is of the number.
pub(super) fn new_image(number: u64, tag: &str, layers: &[u64]) -> NewImage {
    let layer = |layer: &u64| ImageLayer {
        digest: digest(*layer),
        size: 100,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        foreign: false,
    };
    NewImage {
        digest: digest(number),
        root_digest: digest(number),
        config_digest: digest(number + 1_000_000),
        platform: "linux/amd64".to_owned(),
        created: Some("2024-01-01T00:00:00Z".to_owned()),
        labels: BTreeMap::from([("maintainer".to_owned(), "a \"b\"".to_owned())]),
        config: ConfigEvidence::default(),
        layers: layers.iter().map(layer).collect(),
        tag: Some(Tag {
            repository: "registry.test/app".to_owned(),
            name: tag.to_owned(),
        }),
        repository: "registry.test/app".to_owned(),
    }
}

pub(super) async fn record(store: &dyn Store, scan: ScanId, image: &NewImage) -> Recorded {
    let images = std::slice::from_ref(image);
    store.record_images(scan, images, SET).await.unwrap()
}

pub(super) async fn claim(store: &dyn Store, layer: u64, lease: Duration) -> Lease {
    match store.claim_layer(digest(layer), SET, lease).await.unwrap() {
        Claim::Acquired(lease) => lease,
        other => panic!("the layer is not free: {other:?}"),
    }
}

pub(super) async fn commit(store: &dyn Store, lease: &Lease) -> bool {
    let layer = StoredLayer {
        digest: lease.layer,
        diff_id: digest(500),
        compressed_bytes: 100,
        decompressed_bytes: 300,
        inventory: b"inventory".repeat(10),
    };
    store.commit_layer(lease, &layer).await.unwrap()
}

/// Claims and commits a layer.
pub(super) async fn catalog(store: &dyn Store, layer: u64) {
    let lease = claim(store, layer, LONG).await;
    assert!(commit(store, &lease).await);
}

pub(super) async fn state_of(store: &dyn Store, scan: ScanId) -> ScanState {
    read(store, scan).await.state
}

pub(super) async fn read(store: &dyn Store, scan: ScanId) -> Scan {
    store.scan_of_any_tenant(scan).await.unwrap().unwrap()
}

pub(super) fn package_set(number: u64, names: &[&str]) -> PackageSet {
    let distro = Distro {
        id: "debian".to_owned(),
        version: "12".to_owned(),
        id_like: vec!["linux".to_owned(), "gnu".to_owned()],
        name: "Debian GNU/Linux".to_owned(),
        channels: vec!["baseos".to_owned(), format!("stream-{}", number % 2)],
    };
    let packages = names.iter().map(|name| {
        let package = Package::new(PackageKind::Deb, *name, "1.0-1");
        (package.purl(Some(&distro)), package)
    });
    PackageSet {
        digest: digest(number),
        packages: packages.collect(),
        distro: Some(distro),
    }
}

/// A scan of a new image of one layer, all the way to its package set.
pub(super) async fn assembled_image(
    store: &dyn Store,
    tenant: TenantId,
    number: u64,
    set: &PackageSet,
) -> ScanId {
    let scan = create(store, &new_scan(tenant, "registry.test/app")).await;
    let image = new_image(number, &format!("v{number}"), &[number + 2_000_000]);
    if record(store, scan, &image).await == Recorded::Waiting {
        catalog(store, number + 2_000_000).await;
    }
    take_messages(store).await;
    store
        .assemble_image(digest(number), SET, set, &[])
        .await
        .unwrap();
    scan
}
