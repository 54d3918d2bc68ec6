//! Walks through a registry that changes, fails and asks for patience.

use std::collections::BTreeMap;

use scanyard_access::RegistryRules;
use scanyard_oci::{CredentialFiles, RegistryOptions};
use scanyard_package::Digest;
use scanyard_protocol::Lane;
use scanyard_store::{
    ImageLayer, Images, Lifecycle, NewImage, NewScan, Outbox, PageRequest, ScanFilter, ScanId,
    Scans, SqliteStore, Tag, TenantId, Walk, Walks,
};
use scanyard_testkit::{FakeRegistry, Fault, Image, Layer};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const OWNER: TenantId = TenantId::DEFAULT;

struct World {
    registry: FakeRegistry,
    store: Arc<SqliteStore>,
    walk: RegistryWalk,
    _directory: TempDir,
}

impl World {
    async fn with_requests(requests: u32) -> Self {
        let directory = TempDir::new().unwrap();
        let store = SqliteStore::open(&directory.path().join("a.db")).await;
        let store = Arc::new(store.unwrap());
        let settings = WalkSettings {
            every: Duration::ZERO,
            requests,
            ..WalkSettings::default()
        };
        let options = RegistryOptions {
            credential_files: CredentialFiles::none(),
            retries: 0,
            ..RegistryOptions::default()
        };
        let rules = RegistryRules::anything();
        let access = RegistryAccess::new(store.clone(), None, rules, options);
        Self {
            registry: FakeRegistry::start().await,
            walk: RegistryWalk::new(store.clone(), access, settings),
            store,
            _directory: directory,
        }
    }

    async fn new() -> Self {
        Self::with_requests(1).await
    }

    fn repository(&self) -> String {
        format!("{}/app", self.registry.address())
    }

    /// Pushes an image, and records it as a scan of the tag does.
    async fn scanned(&self, tag: &str, content: &str) -> Digest {
        let image = image(content);
        self.registry.push("app", tag, &image);
        let scan = NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant: OWNER,
            reference: self.registry.reference("app", tag),
            platform: None,
            lane: Lane::Interactive,
            idempotency_key: None,
            traceparent: None,
        };
        self.store.create_scan(&scan).await.unwrap();
        let digest = image.digest();
        let recorded = NewImage {
            digest,
            root_digest: digest,
            config_digest: digest,
            platform: "linux/amd64".to_owned(),
            created: None,
            labels: BTreeMap::new(),
            config: Default::default(),
            layers: vec![ImageLayer {
                digest,
                size: 1,
                media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(),
                foreign: true,
            }],
            tag: Some(Tag {
                repository: self.repository(),
                name: tag.to_owned(),
            }),
            repository: self.repository(),
        };
        let images = [recorded];
        self.store
            .record_images(scan.id, &images, "1")
            .await
            .unwrap();
        digest
    }

    /// One round; with one request a round, one step of a walk.
    async fn rounds(&self, count: usize) {
        for _ in 0..count {
            assert_eq!(self.walk.reconcile().await.unwrap(), Round::Idle);
        }
    }

    async fn tags(&self) -> Vec<String> {
        let page = page();
        let tags = self.store.tags(OWNER, &self.repository(), &page).await;
        let tags = tags.unwrap().unwrap().items.into_iter();
        tags.map(|tag| tag.name).collect()
    }

    /// References of scans in the bulk lane: those that nobody asked for.
    async fn submitted(&self) -> Vec<String> {
        let (filter, page) = (ScanFilter::default(), page());
        let scans = self.store.scans(OWNER, &filter, &page).await;
        let scans = scans.unwrap().items.into_iter();
        let bulk = scans.filter(|scan| scan.lane == Lane::Bulk);
        bulk.map(|scan| scan.reference).collect()
    }

    async fn has(&self, image: Digest) -> bool {
        self.store.image(OWNER, image).await.unwrap().is_some()
    }
}

fn page() -> PageRequest {
    PageRequest {
        cursor: None,
        limit: 100,
    }
}

fn image(content: &str) -> Image {
    Image::new(vec![Layer::gzip(&[("a", content)])])
}

#[tokio::test]
async fn a_tag_that_moved_is_scanned_once() {
    let world = World::new().await;
    world.scanned("latest", "old").await;
    world.rounds(1).await;
    assert!(world.submitted().await.is_empty());
    world.registry.push("app", "latest", &image("new"));
    world.rounds(3).await;
    let reference = world.registry.reference("app", "latest");
    assert_eq!(world.submitted().await, [reference]);
    assert_eq!(world.store.pending_messages(10).await.unwrap().len(), 2);
    assert_eq!(world.tags().await, ["latest"]);
}

#[tokio::test]
async fn what_the_registry_has_no_more_is_gone() {
    let world = World::new().await;
    let kept = world.scanned("1", "one").await;
    let untagged = world.scanned("2", "two").await;
    let gone = world.scanned("3", "three").await;
    for name in ["2".to_owned(), "3".to_owned(), gone.to_string()] {
        world.registry.remove_manifest("app", &name);
    }
    world.rounds(6).await;
    assert_eq!(world.tags().await, ["1"]);
    assert!(world.has(kept).await);
    assert!(world.has(untagged).await);
    assert!(!world.has(gone).await);
}

#[tokio::test]
async fn a_registry_that_fails_changes_nothing() {
    let world = World::new().await;
    let image = world.scanned("1", "one").await;
    world.registry.remove_manifest("app", "1");
    for status in [500, 403, 400, 401] {
        let fault = Fault::Status(status, None);
        world.registry.fail("/manifests/", fault, 1);
    }
    let walk = Walk {
        tenant: OWNER,
        repository: world.repository(),
        cursor: None,
    };
    let again = WalkStep::Continue(None, Duration::ZERO);
    for asked in 1..=4 {
        world.rounds(1).await;
        assert_eq!(world.registry.count("/manifests/1"), asked);
        world.walk.paused.lock().await.clear();
        world.store.save_walk(&walk, &again).await.unwrap();
    }
    assert_eq!(world.tags().await, ["1"]);
    assert!(world.has(image).await);
}

#[tokio::test]
async fn a_walk_goes_on_where_its_requests_were_used_up() {
    let world = World::with_requests(2).await;
    for tag in ["1", "2", "3"] {
        world.scanned(tag, tag).await;
    }
    // Each is asked for without itself, and then whole, as this registry says no digests.
    world.rounds(1).await;
    let heads = |world: &World| {
        let requests = world.registry.requests();
        let heads = requests.iter().filter(|request| request.method == "HEAD");
        heads
            .map(|request| request.path.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(heads(&world), ["1", "2"]);
    world.rounds(1).await;
    assert_eq!(heads(&world)[..3], ["1", "2", "3"]);
}

#[tokio::test]
async fn a_registry_that_asks_for_patience_is_left_alone() {
    let world = World::with_requests(5).await;
    world.scanned("1", "one").await;
    let patience = Fault::Status(429, Some("3600".to_owned()));
    world.registry.fail("/manifests/1", patience, 1);
    world.rounds(3).await;
    assert_eq!(world.registry.count("/manifests/1"), 1);
    let paused = world.walk.pause_of(&world.repository()).await.unwrap();
    assert!(paused > Duration::from_secs(3500), "{paused:?}");
}
