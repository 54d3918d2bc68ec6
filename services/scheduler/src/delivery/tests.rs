//! Messages from the change to the receiver, over a real store and real connections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scanyard_egress::Egress;
use scanyard_matching::{Finding, FixState, Status};
use scanyard_notification::{OpenTarget, SigningSecret, seal};
use scanyard_package::{Digest, Package, PackageKind, Severity};
use scanyard_protocol::Lane;
use scanyard_sealing::SealingKeys;
use scanyard_store::*;
use scanyard_testkit::{Received, Receiver, Reply};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::DeliverySettings;
use crate::reconcilers::telling;
use crate::run_reconciler;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// What the second revision says of the image's package.
const NEWS: [&str; 3] = ["CVE-1", "CVE-2", "CVE-3"];

struct World {
    store: Arc<SqliteStore>,
    receiver: Receiver,
    keys: Arc<SealingKeys>,
    _directory: TempDir,
}

fn content(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn finding(id: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        advisory: id.to_owned(),
        status: Status::Affected,
        reason: String::new(),
        severity: Severity::High,
        severity_source: None,
        cvss: None,
        urgency: None,
        known_exploited: false,
        fix_state: FixState::NotFixed,
        fixed_versions: Vec::new(),
        published: None,
        modified: None,
    }
}

impl World {
    /// An image of one package, of which nothing is known yet.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("scanyard.db");
        let key = SealingKeys::generate().unwrap();
        let key = std::str::from_utf8(key.expose()).unwrap();
        let world = Self {
            store: Arc::new(SqliteStore::open(&file).await.unwrap()),
            receiver: Receiver::start().await,
            keys: Arc::new(SealingKeys::parse(key).unwrap()),
            _directory: directory,
        };
        world.scan().await;
        world.revise(10, &[]).await;
        world
    }

    async fn scan(&self) {
        let scan = NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant: TenantId::DEFAULT,
            reference: "registry.test/app".to_owned(),
            platform: None,
            lane: Lane::Interactive,
            idempotency_key: None,
            traceparent: None,
        };
        self.store.create_scan(&scan).await.unwrap();
        let image = NewImage {
            digest: content(1),
            root_digest: content(1),
            config_digest: content(2),
            platform: "linux/amd64".to_owned(),
            created: None,
            labels: BTreeMap::new(),
            config: ConfigEvidence {
                secrets: None,
                checks: None,
            },
            layers: Vec::new(),
            tag: None,
            repository: "registry.test/app".to_owned(),
        };
        self.store
            .record_images(scan.id, &[image], "1")
            .await
            .unwrap();
        let package = Package::new(PackageKind::Npm, "left", "1.0.0");
        let set = PackageSet {
            digest: content(3),
            distro: None,
            packages: vec![(package.purl(None), package)],
        };
        self.store
            .assemble_image(content(1), "1", &set, &[])
            .await
            .unwrap();
    }

    async fn revise(&self, number: u8, said: &[&str]) {
        let store = &self.store;
        let revision = store
            .activate_revision(content(number), None)
            .await
            .unwrap();
        let revision = revision.sequence;
        let ids = store
            .concerned_packages(revision, &Concerned::All)
            .await
            .unwrap();
        let matched: Vec<_> = ids
            .into_iter()
            .map(|id| MatchedPackage {
                id,
                findings: said.iter().map(|id| finding(id)).collect(),
                coverage: Vec::new(),
                keys: Vec::new(),
            })
            .collect();
        store.save_matches(revision, &matched).await.unwrap();
        let completed = store.complete_revision(revision, &Concerned::All).await;
        assert!(completed.unwrap().is_some());
    }

    async fn subscribe(&self, path: &str) -> SubscriptionId {
        let id = SubscriptionId(Uuid::now_v7());
        let target = OpenTarget {
            url: self.receiver.url(path).parse().unwrap(),
            secret: Some(SigningSecret::parse(SECRET).unwrap()),
        };
        let new = NewSubscription {
            id,
            tenant: TenantId::DEFAULT,
            name: path.to_owned(),
            form: MessageForm::CloudEvents,
            target: seal(&self.keys, id, &target).unwrap(),
            filter: ChangeFilter::default(),
        };
        assert!(self.store.create_subscription(&new).await.unwrap());
        id
    }

    fn settings(&self) -> DeliverySettings {
        DeliverySettings {
            keys: Some(Arc::clone(&self.keys)),
            egress: Egress::Anywhere,
            interval: Duration::from_millis(5),
            timeout: Duration::from_secs(3600),
            lease: Duration::ZERO,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(5),
            ..DeliverySettings::default()
        }
    }

    fn run(&self, settings: DeliverySettings) -> Running {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let store: Arc<dyn Store> = self.store.clone();
        for reconciler in telling(&store, &settings) {
            tasks.spawn(run_reconciler(reconciler, stop.clone()));
        }
        Running { stop, tasks }
    }

    async fn deliveries(&self, id: SubscriptionId, state: DeliveryState) -> Vec<Delivery> {
        let page = PageRequest {
            cursor: None,
            limit: 100,
        };
        let listed = self
            .store
            .deliveries(TenantId::DEFAULT, id, Some(state), &page);
        listed.await.unwrap().unwrap().items
    }

    async fn until(&self, id: SubscriptionId, state: DeliveryState, count: usize) -> Vec<Delivery> {
        loop {
            let deliveries = self.deliveries(id, state).await;
            if deliveries.len() >= count {
                return deliveries;
            }
            tokio::task::yield_now().await;
        }
    }
}

struct Running {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    /// Stops in the middle of whatever it does.
    async fn kill(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// HMAC as RFC 2104 has it, out of SHA-256 alone.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block.to_vec()
    };
    let inner = [pad(0x36), message.to_vec()].concat();
    let inner = digest(&SHA256, &inner);
    let outer = [pad(0x5c), inner.as_ref().to_vec()].concat();
    digest(&SHA256, &outer).as_ref().to_vec()
}

fn assert_signed(received: &Received) {
    let key = STANDARD.decode(&SECRET["whsec_".len()..]).unwrap();
    let signed = format!(
        "{}.{}.{}",
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
        std::str::from_utf8(&received.body).unwrap()
    );
    let expected = format!("v1,{}", STANDARD.encode(hmac(&key, signed.as_bytes())));
    assert_eq!(received.header("webhook-signature"), expected);
}

fn ids(received: &[Received]) -> BTreeSet<String> {
    let ids = received.iter().map(|r| r.header("webhook-id").to_owned());
    ids.collect()
}

fn vulnerabilities(received: &[Received]) -> BTreeSet<String> {
    let subject = |received: &Received| {
        let event: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
        assert_eq!(event["id"], received.header("webhook-id"));
        event["subject"].as_str().unwrap().to_owned()
    };
    received.iter().map(subject).collect()
}

fn news() -> BTreeSet<String> {
    NEWS.map(str::to_owned).into()
}

#[tokio::test]
async fn what_is_refused_comes_again_as_it_was_signed_and_under_the_same_id() {
    let world = World::new().await;
    let id = world.subscribe("/hook").await;
    let replies = [
        Reply::Status(500, None),
        Reply::Status(429, Some(0)),
        Reply::Status(302, None),
    ];
    world.receiver.answer("/hook", &replies);
    world.revise(11, &NEWS).await;
    let running = world.run(world.settings());
    let delivered = world.until(id, DeliveryState::Delivered, 3).await;
    running.kill().await;
    let received = world.receiver.received("/hook");
    assert_eq!(
        received.len(),
        6,
        "three tries that failed, three that did not"
    );
    received.iter().for_each(assert_signed);
    assert_eq!(vulnerabilities(&received), news());
    let mut bodies = BTreeMap::new();
    for message in &received {
        let first = bodies
            .entry(message.header("webhook-id"))
            .or_insert(&message.body);
        assert_eq!(*first, &message.body);
    }
    let listed: BTreeSet<_> = delivered.iter().map(|d| d.id.0.clone()).collect();
    assert_eq!(listed, ids(&received));
}

#[tokio::test]
async fn a_receiver_that_never_answers_keeps_nobody_waiting() {
    let world = World::new().await;
    let silent = world.subscribe("/silent").await;
    let other = world.subscribe("/other").await;
    world.receiver.always("/silent", Reply::Silence);
    world.revise(11, &NEWS).await;
    let running = world.run(world.settings());
    world.receiver.wait_for("/silent", 1).await;
    world.until(other, DeliveryState::Delivered, 3).await;
    assert_eq!(
        world.deliveries(silent, DeliveryState::Waiting).await.len(),
        3
    );
    running.kill().await;
    assert_eq!(world.receiver.received("/silent").len(), 1);
}

#[tokio::test]
async fn whoever_is_killed_half_way_loses_nothing_and_repeats_under_the_same_id() {
    let world = World::new().await;
    let id = world.subscribe("/hook").await;
    let replies = [Reply::Status(204, None), Reply::Silence];
    world.receiver.answer("/hook", &replies);
    world.revise(11, &NEWS).await;
    let running = world.run(world.settings());
    world.receiver.wait_for("/hook", 2).await;
    running.kill().await;
    let running = world.run(world.settings());
    world.until(id, DeliveryState::Delivered, 3).await;
    running.kill().await;
    let received = world.receiver.received("/hook");
    assert_eq!(received.len(), 4, "the second was sent twice");
    assert_eq!(ids(&received).len(), 3);
    assert_eq!(vulnerabilities(&received), news());
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_asked_no_more() {
    let world = World::new().await;
    let id = world.subscribe("/hook").await;
    world.receiver.always("/hook", Reply::Status(410, None));
    world.revise(11, &NEWS).await;
    let running = world.run(world.settings());
    world.until(id, DeliveryState::Dead, 1).await;
    running.kill().await;
    let subscription = world.store.subscription(TenantId::DEFAULT, id).await;
    assert_eq!(
        subscription.unwrap().unwrap().state,
        SubscriptionState::Gone
    );
    assert_eq!(world.receiver.received("/hook").len(), 1);
}

#[tokio::test]
async fn a_message_is_given_up_after_a_bounded_number_of_tries_and_can_be_redriven() {
    let world = World::new().await;
    let id = world.subscribe("/hook").await;
    world.receiver.always("/hook", Reply::Status(500, None));
    world.revise(11, &NEWS).await;
    let settings = DeliverySettings {
        max_tries: 3,
        ..world.settings()
    };
    let running = world.run(settings);
    let dead = world.until(id, DeliveryState::Dead, 3).await;
    assert!(dead.iter().all(|d| d.tries == 3 && d.status == Some(500)));
    assert_eq!(world.receiver.received("/hook").len(), 9);
    world.receiver.answer("/hook", &[]);
    for delivery in &dead {
        let redriven = world
            .store
            .redrive_delivery(TenantId::DEFAULT, &delivery.id);
        assert!(redriven.await.unwrap());
    }
    world.until(id, DeliveryState::Delivered, 3).await;
    running.kill().await;
}

#[tokio::test]
async fn a_private_address_is_not_reached_and_a_test_says_why() {
    let world = World::new().await;
    let id = world.subscribe("/hook").await;
    let settings = DeliverySettings {
        egress: Egress::PublicOnly,
        ..world.settings()
    };
    let test = world.store.add_test_delivery(TenantId::DEFAULT, id).await;
    let running = world.run(settings);
    let dead = world.until(id, DeliveryState::Dead, 1).await;
    running.kill().await;
    assert_eq!(Some(&dead[0].id), test.unwrap().as_ref());
    let problem = dead[0].problem.as_deref().unwrap();
    assert!(problem.contains("must begin with https"), "{problem}");
    assert!(world.receiver.received("/hook").is_empty());
}
