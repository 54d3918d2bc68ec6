//! Retention and garbage collection.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use scanyard_matching::Finding;
use scanyard_package::{Digest, Severity};

use super::builder::*;
use super::fleet::{fleet_of_two, say};
use super::matches::{activate, finding, match_set};
use crate::*;

const OWNER: TenantId = TenantId::DEFAULT;
const REPOSITORY: &str = "registry.test/app";

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

/// Keeps nothing that is no longer true.
pub fn nothing_kept() -> Retention {
    Retention {
        scans: Some(Duration::ZERO),
        untagged_images: None,
        gone_images: Some(Duration::ZERO),
        history: Some(Duration::ZERO),
        outdated_inventories: Some(Duration::ZERO),
        cataloger_sets: vec![SET.to_owned()],
        unused_documents: Duration::ZERO,
    }
}

/// Sweeps every kind to its end; how much of each went.
pub async fn sweep_all(store: &dyn Store, retention: &Retention) -> BTreeMap<GarbageKind, u64> {
    let mut removed = BTreeMap::new();
    for kind in GarbageKind::ALL {
        let mut from = Some(0);
        while let Some(place) = from {
            let swept = store.sweep(kind, place, retention).await.unwrap();
            if swept.removed > 0 {
                *removed.entry(kind).or_default() += swept.removed;
            }
            from = swept.next;
        }
    }
    removed
}

/// An image of one layer, matched and scanned to the end.
async fn live_image(store: &dyn Store, tenant: TenantId, number: u64, set: &PackageSet) {
    let scan = assembled_image(store, tenant, number, set).await;
    let revision = match store.current_revision().await.unwrap() {
        Some(revision) => revision.sequence,
        None => activate(store, 901).await,
    };
    let found = finding(&format!("CVE-{}", number % 3), Severity::High);
    match_set(store, set, revision, &[found]).await;
    let refreshed = store.refresh_summaries(Some(set.digest), revision, 1).await;
    refreshed.unwrap();
    store.finish_scans(digest(number)).await.unwrap();
    assert_eq!(state_of(store, scan).await, ScanState::Done);
}

/// Everything that a report of an image is made of.
type Report = (
    ImageDetail,
    Vec<(String, Finding)>,
    Option<Vec<StoredLayer>>,
);

async fn report(store: &dyn Store, tenant: TenantId, image: Digest) -> Option<Report> {
    let detail = store.image(tenant, image).await.unwrap()?;
    let findings = match detail.package_set {
        Some(set) => store.findings_of_set(set).await.unwrap(),
        None => Vec::new(),
    };
    let inventories = store.image_inventories(image, SET).await.unwrap();
    Some((detail, findings, inventories))
}

pub async fn what_is_true_now_is_kept(store: Arc<dyn Store>) {
    let set = package_set(50, &["openssl", "zlib"]);
    live_image(&*store, OWNER, 1, &set).await;
    let before = report(&*store, OWNER, digest(1)).await;
    let removed = sweep_all(&*store, &Retention::new(vec![SET.to_owned()])).await;
    assert_eq!(removed, BTreeMap::new());
    let removed = sweep_all(&*store, &nothing_kept()).await;
    assert_eq!(removed, BTreeMap::from([(GarbageKind::Scans, 1)]));
    assert_eq!(report(&*store, OWNER, digest(1)).await, before);
}

pub async fn a_gone_image_takes_what_only_it_had(store: Arc<dyn Store>) {
    let shared = package_set(50, &["openssl", "zlib"]);
    let own = package_set(52, &["openssl", "curl", "bash"]);
    live_image(&*store, OWNER, 1, &own).await;
    live_image(&*store, OWNER, 2, &shared).await;
    let before = report(&*store, OWNER, digest(2)).await;
    assert!(store.let_go_of_image(OWNER, digest(1)).await.unwrap());
    let kept = sweep_all(&*store, &Retention::new(vec![SET.to_owned()])).await;
    assert_eq!(kept, BTreeMap::new());
    let forecast = store.forecast_garbage(&nothing_kept()).await.unwrap();
    let removed = sweep_all(&*store, &nothing_kept()).await;
    assert_eq!(BTreeMap::from_iter(forecast), removed);
    let expected = [
        (GarbageKind::Scans, 2),
        (GarbageKind::GoneImages, 1),
        (GarbageKind::Images, 1),
        (GarbageKind::PackageSets, 1),
        (GarbageKind::Packages, 2),
        (GarbageKind::Layers, 1),
    ];
    assert_eq!(removed, BTreeMap::from(expected));
    assert_eq!(report(&*store, OWNER, digest(2)).await, before);
    assert_eq!(store.image_layers(digest(1)).await.unwrap(), None);
    let layers = [digest(2_000_001), digest(2_000_002)];
    let reached = store.layers_reached(OWNER, &layers).await.unwrap();
    assert_eq!(reached, [digest(2_000_002)]);
}

pub async fn an_image_that_another_tenant_has_stays(store: Arc<dyn Store>) {
    let set = package_set(50, &["openssl"]);
    live_image(&*store, OWNER, 1, &set).await;
    live_image(&*store, other_tenant(), 1, &set).await;
    store.let_go_of_image(OWNER, digest(1)).await.unwrap();
    let before = report(&*store, other_tenant(), digest(1)).await;
    sweep_all(&*store, &nothing_kept()).await;
    assert_eq!(report(&*store, other_tenant(), digest(1)).await, before);
    let reached = store.layers_reached(OWNER, &[digest(2_000_001)]).await;
    assert!(reached.unwrap().is_empty());
}

pub async fn what_an_open_scan_needs_stays(store: Arc<dyn Store>) {
    let scan = create_scan(&*store, "app").await;
    record(&*store, scan, &new_image(1, "latest", &[11])).await;
    catalog(&*store, 11).await;
    store.let_go_of_image(OWNER, digest(1)).await.unwrap();
    let mut retention = nothing_kept();
    // Not even its inventory's cataloger set is in use.
    retention.cataloger_sets = vec!["2".to_owned()];
    sweep_all(&*store, &retention).await;
    assert!(store.image_layers(digest(1)).await.unwrap().is_some());
    let inventories = store.image_inventories(digest(1), SET).await.unwrap();
    assert_eq!(inventories.map(|layers| layers.len()), Some(1));
}

pub async fn an_inventory_goes_once_no_image_is_made_of_it(store: Arc<dyn Store>) {
    let set = package_set(50, &["openssl"]);
    live_image(&*store, OWNER, 1, &set).await;
    let scan = create_scan(&*store, "app").await;
    store
        .record_images(scan, &[new_image(1, "v1", &[2_000_001])], "2")
        .await
        .unwrap();
    let claim = store.claim_layer(digest(2_000_001), "2", LONG).await;
    let Claim::Acquired(lease) = claim.unwrap() else {
        panic!("the layer is not free");
    };
    assert!(commit(&*store, &lease).await);
    let mut retention = nothing_kept();
    retention.cataloger_sets = vec!["2".to_owned()];
    // Still folded from the old one.
    let removed = sweep_all(&*store, &retention).await;
    assert_eq!(removed.get(&GarbageKind::OutdatedInventories), None);
    store
        .assemble_image(digest(1), "2", &set, &[])
        .await
        .unwrap();
    let kept = sweep_all(&*store, &Retention::new(vec!["2".to_owned()])).await;
    assert_eq!(kept.get(&GarbageKind::OutdatedInventories), None);
    // The lease that its worker had lasts longer than nothing at all.
    retention.outdated_inventories = Some(Duration::ZERO);
    let old = store.image_inventories(digest(1), SET).await.unwrap();
    assert!(old.is_some());
    let new = store.image_inventories(digest(1), "2").await.unwrap();
    assert_eq!(new.map(|layers| layers.len()), Some(1));
}

pub async fn an_untagged_image_is_let_go_of_when_retention_says_so(store: Arc<dyn Store>) {
    let set = package_set(50, &["openssl"]);
    for number in [1, 2] {
        live_image(&*store, OWNER, number, &set).await;
    }
    let tag = Tag {
        repository: REPOSITORY.to_owned(),
        name: "v1".to_owned(),
    };
    let now = Utc::now() + TimeDelta::seconds(1);
    store.tag_deleted(OWNER, &tag, now).await.unwrap();
    sweep_all(&*store, &nothing_kept()).await;
    assert!(report(&*store, OWNER, digest(1)).await.is_some());
    let retention = Retention {
        untagged_images: Some(Duration::ZERO),
        ..nothing_kept()
    };
    let removed = sweep_all(&*store, &retention).await;
    assert_eq!(removed.get(&GarbageKind::UntaggedImages), Some(&1));
    assert_eq!(removed.get(&GarbageKind::Images), Some(&1));
    assert!(report(&*store, OWNER, digest(1)).await.is_none());
    assert!(report(&*store, OWNER, digest(2)).await.is_some());
}

pub async fn what_no_longer_holds_goes_with_the_history(store: Arc<dyn Store>) {
    fleet_of_two(&*store).await;
    let second = activate(&*store, 902).await;
    let all = Concerned::All;
    let ids = store.concerned_packages(second, &all).await.unwrap();
    let nothing = |_: &str| Vec::new();
    say(&*store, second, &ids, nothing).await.unwrap();
    let completed = store.complete_revision(second, &all).await.unwrap();
    assert_eq!(completed.map(|completed| completed.changes), Some(3));
    let kept = Retention {
        history: Some(LONG),
        ..nothing_kept()
    };
    assert_eq!(sweep_all(&*store, &kept).await, BTreeMap::new());
    let removed = sweep_all(&*store, &nothing_kept()).await;
    let expected = [
        (GarbageKind::Changes, 3),
        (GarbageKind::FormerMatches, 3),
        (GarbageKind::Findings, 1),
    ];
    assert_eq!(removed, BTreeMap::from(expected));
}

/// Numbers that look random and are the same each time (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

const TENANTS: u64 = 2;
const IMAGES: u64 = 8;
const STEPS: u64 = 120;

fn tenant(number: u64) -> TenantId {
    match number {
        0 => OWNER,
        _ => other_tenant(),
    }
}

/// Sets that share packages with each other.
fn set_of(image: u64) -> PackageSet {
    const NAMES: [&str; 5] = ["openssl", "zlib", "curl", "bash", "perl"];
    let place = usize::try_from(image % 4).unwrap();
    package_set(500 + image % 4, &NAMES[place..place + 2])
}

/// Pushes, deletions and sweeps at any time leave every live image's report as it is. In the end
/// everything is deleted and swept; the caller looks at what is left.
pub async fn a_random_life(store: &dyn Store) {
    let mut chance = Chance(0x5eed);
    let mut live = BTreeSet::new();
    for _ in 0..STEPS {
        let (owner, image) = (chance.below(TENANTS), chance.below(IMAGES) + 1);
        match chance.below(6) {
            0..=2 => {
                live_image(store, tenant(owner), image, &set_of(image)).await;
                live.insert((owner, image));
            }
            3 => {
                let gone = store.let_go_of_image(tenant(owner), digest(image)).await;
                assert_eq!(gone.unwrap(), live.remove(&(owner, image)));
            }
            4 => {
                let (tenant, at) = (tenant(owner), Utc::now());
                store
                    .image_deleted_in_repository(tenant, REPOSITORY, digest(image), at)
                    .await
                    .unwrap();
                live.remove(&(owner, image));
            }
            _ => sweep_and_compare(store, &live).await,
        }
    }
    for (owner, image) in live {
        let gone = store.let_go_of_image(tenant(owner), digest(image)).await;
        assert!(gone.unwrap());
    }
    sweep_all(store, &nothing_kept()).await;
}

async fn sweep_and_compare(store: &dyn Store, live: &BTreeSet<(u64, u64)>) {
    let mut before = Vec::new();
    for (owner, image) in live {
        let report = report(store, tenant(*owner), digest(*image)).await;
        let (detail, findings, inventories) = report.unwrap();
        assert_eq!(findings.len(), 2);
        assert_eq!(inventories.as_ref().map(Vec::len), Some(1));
        before.push((detail, findings, inventories));
    }
    sweep_all(store, &nothing_kept()).await;
    for ((owner, image), before) in live.iter().zip(before) {
        let after = report(store, tenant(*owner), digest(*image)).await;
        assert_eq!(after, Some(before));
    }
}
