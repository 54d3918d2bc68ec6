//! A gateway over adapters in a directory of its own, and requests as text.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use scanyard_access::RegistryRules;
use scanyard_egress::Egress;
use scanyard_gateway::{
    AuthMode, ExploitPredictions, Gateway, LoadedAdvisories, NewKey, Parts, Settings, router,
};
use scanyard_inventory::{CatalogerSet, FileEvidence, FoldedLayer, LayerInventory, fold};
use scanyard_matching::{Finding, FixState, Status};
use scanyard_package::{Coverage, Digest, Distro, Package, PackageKind, Severity};
use scanyard_queue::EmbeddedQueue;
use scanyard_sealing::SealingKeys;
use scanyard_store::{
    Claim, Concerned, ConfigEvidence, Fleet, ImageLayer, Images, Keys, LayerInventories,
    MatchedPackage, Matches, NewImage, PackageSet, ScanId, Scans, SqliteStore, StoredLayer, Tag,
    TenantId,
};
use scanyard_telemetry::{Metrics, install_metrics};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

pub struct TestGateway {
    pub store: SqliteStore,
    pub queue: EmbeddedQueue,
    pub shutdown: CancellationToken,
    pub gateway: Gateway,
    pub router: Router,
    /// A key of the default tenant.
    pub key: String,
    _directory: TempDir,
}

/// What is answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and problem code.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["remedy"].is_string() && problem["detail"].is_string());
        format!(
            "{} {}",
            self.status.as_u16(),
            problem["code"].as_str().unwrap()
        )
    }
}

pub fn quick_settings() -> Settings {
    Settings {
        first_poll: Duration::from_millis(1),
        slowest_poll: Duration::from_millis(5),
        ..Settings::default()
    }
}

impl TestGateway {
    pub async fn start() -> Self {
        Self::start_with(AuthMode::Keys, quick_settings()).await
    }

    pub async fn start_with(auth: AuthMode, settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("scanyard.db"))
            .await
            .unwrap();
        let queue = EmbeddedQueue::new(
            store.database().clone(),
            scanyard_queue::Settings::default(),
        );
        let shutdown = CancellationToken::new();
        let (_, advisories) = watch::channel(Some(Arc::new(LoadedAdvisories {
            revision: digest(900),
            date: None,
            records: vec![("Debian:12".to_owned(), 3)],
            predictions: ExploitPredictions::new(|_| None),
        })));
        let gateway = Gateway::new(Parts {
            store: Arc::new(store.clone()),
            queue: Arc::new(queue.clone()),
            advisories,
            metrics: metrics(),
            auth,
            allow_local_sources: false,
            registry_rules: RegistryRules {
                allowed: vec!["*".to_owned()],
                private_addresses: false,
            },
            sealing: Some(Arc::new(sealing_keys())),
            egress: Egress::PublicOnly,
            settings,
            shutdown: shutdown.clone(),
        });
        let key = create_key(&store, TenantId::DEFAULT).await;
        Self {
            store,
            queue,
            shutdown,
            router: router(gateway.clone()),
            gateway,
            key,
            _directory: directory,
        }
    }

    /// Sends `METHOD PATH` with a key of the default tenant and, where there is one, a JSON body.
    pub async fn send(&self, line: &str, body: &str) -> Answer {
        self.send_as(&self.key, line, body, &[]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), "").await
    }

    pub async fn send_as(
        &self,
        key: &str,
        line: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.send_request(request).await
    }

    pub async fn send_request(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, 1 << 24).await.unwrap(),
        }
    }

    /// Submits an image as the key's owner; the scan's id.
    pub async fn submit(&self, key: &str, reference: &str) -> ScanId {
        let body = format!(r#"{{"reference":"{reference}"}}"#);
        let answer = self.send_as(key, "POST /v1/scans", &body, &[]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        ScanId(answer.json()["id"].as_str().unwrap().parse().unwrap())
    }
}

pub fn sealing_keys() -> SealingKeys {
    SealingKeys::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap()
}

/// One recorder for the process: there can be no second one.
fn metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| install_metrics().unwrap()).clone()
}

pub async fn create_key(store: &SqliteStore, tenant: TenantId) -> String {
    let key = NewKey::generate(tenant, "test").unwrap();
    store.create_key(&key.stored).await.unwrap();
    key.plaintext
}

pub fn other_tenant() -> TenantId {
    TenantId(Uuid::from_u128(7))
}

pub fn digest(number: u64) -> Digest {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::from_bytes(bytes)
}

/// The image of the tests: one layer, Debian 12 with openssl, beside a layer that is never pulled.
pub fn image() -> NewImage {
    let layer = |number, foreign| ImageLayer {
        digest: digest(number),
        size: 100,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        foreign,
    };
    NewImage {
        digest: digest(1),
        root_digest: digest(1),
        config_digest: digest(2),
        platform: "linux/amd64".to_owned(),
        created: None,
        labels: BTreeMap::new(),
        config: ConfigEvidence::default(),
        layers: vec![layer(10, true), layer(11, false)],
        tag: Some(Tag {
            repository: "registry.test/app".to_owned(),
            name: "1".to_owned(),
        }),
        repository: "registry.test/app".to_owned(),
    }
}

fn inventory() -> LayerInventory {
    let package = Package::new(PackageKind::Deb, "openssl", "3.0.9-1");
    let os_release = FileEvidence {
        distro: Some(Distro::new("debian", "12")),
        ..FileEvidence::default()
    };
    LayerInventory {
        files: BTreeMap::from([
            ("etc/os-release".to_owned(), os_release),
            (
                "var/lib/dpkg/status".to_owned(),
                FileEvidence::of_packages(vec![package]),
            ),
        ]),
        ..LayerInventory::default()
    }
}

/// What a worker does for a scan until its image is known.
pub async fn record(store: &SqliteStore, scan: ScanId) {
    store
        .record_images(scan, &[image()], CatalogerSet::STANDARD.name())
        .await
        .unwrap();
}

/// The rest of a worker's work: catalog, assemble, finish.
pub async fn assemble(store: &SqliteStore, coverage: &[Coverage]) {
    let hour = Duration::from_secs(3600);
    let claim = store
        .claim_layer(digest(11), CatalogerSet::STANDARD.name(), hour)
        .await
        .unwrap();
    let Claim::Acquired(lease) = claim else {
        panic!("the layer is not free: {claim:?}");
    };
    let inventory = inventory();
    let layer = StoredLayer {
        digest: digest(11),
        diff_id: digest(12),
        compressed_bytes: 100,
        decompressed_bytes: 300,
        inventory: inventory.encode(),
    };
    assert!(store.commit_layer(&lease, &layer).await.unwrap());
    let folded = fold(&[FoldedLayer {
        digest: digest(11),
        inventory: &inventory,
    }]);
    let set = PackageSet {
        digest: folded.package_set_digest(),
        packages: folded
            .packages
            .iter()
            .map(|located| (folded.purl(located), located.package.clone()))
            .collect(),
        distro: folded.distro,
    };
    store
        .assemble_image(digest(1), CatalogerSet::STANDARD.name(), &set, coverage)
        .await
        .unwrap();
}

/// Matches every package at a first revision: openssl is affected.
pub async fn match_all(store: &SqliteStore) {
    let revision = store.activate_revision(digest(900), None).await.unwrap();
    let packages = store
        .concerned_packages(revision.sequence, &Concerned::All)
        .await
        .unwrap();
    let matched: Vec<_> = packages
        .into_iter()
        .map(|id| MatchedPackage {
            id,
            findings: vec![finding()],
            coverage: Vec::new(),
            keys: Vec::new(),
        })
        .collect();
    store
        .save_matches(revision.sequence, &matched)
        .await
        .unwrap();
    store
        .refresh_summaries(None, revision.sequence, 100)
        .await
        .unwrap();
}

fn finding() -> Finding {
    Finding {
        id: "CVE-2023-5363".to_owned(),
        aliases: vec!["DSA-5532-1".to_owned()],
        advisory: "DEBIAN-CVE-2023-5363".to_owned(),
        status: Status::Affected,
        reason: "3.0.9-1 is before 3.0.11-1~deb12u2".to_owned(),
        severity: Severity::High,
        severity_source: Some("DEBIAN-CVE-2023-5363".to_owned()),
        cvss: None,
        urgency: None,
        known_exploited: false,
        fix_state: FixState::Fixed,
        fixed_versions: vec!["3.0.11-1~deb12u2".to_owned()],
        published: None,
        modified: None,
    }
}

/// Names of server-sent events with the state in their data.
pub fn events(text: &str) -> Vec<(String, String)> {
    text.split("\n\n")
        .filter_map(|event| {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let data: Value = serde_json::from_str(field("data: ")?).unwrap();
            let state = data["state"].as_str().unwrap().to_owned();
            Some((field("event: ")?.to_owned(), state))
        })
        .collect()
}

/// A finished scan of the image, with a finding.
pub async fn finished_scan(gateway: &TestGateway) -> ScanId {
    let scan = gateway.submit(&gateway.key, "registry.test/app:1").await;
    record(&gateway.store, scan).await;
    assemble(&gateway.store, &[]).await;
    match_all(&gateway.store).await;
    gateway.store.finish_scans(digest(1)).await.unwrap();
    scan
}
