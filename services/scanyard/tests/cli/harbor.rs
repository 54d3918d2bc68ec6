//! Harbor's sequence of requests, as its client sends them.

use reqwest::{Client, RequestBuilder, StatusCode};
use scanyard_package::Digest;
use scanyard_testkit::{Access, FakeRegistry, Image, Layer};
use serde_json::{Value, json};
use tokio::task::{JoinSet, spawn_blocking};

use crate::service::Served;
use crate::world::{DEBIAN, STATUS, sandbox};

const ARTIFACTS: usize = 50;
const VULNERABILITIES: &str = "application/vnd.security.vulnerability.report; version=1.1";
const SBOM: &str = "application/vnd.security.sbom.report+json; version=1.0";

fn artifact(index: usize) -> Image {
    let base = Layer::gzip(&[("etc/os-release", DEBIAN), ("var/lib/dpkg/status", STATUS)]);
    let own = Layer::gzip(&[("srv/own", &index.to_string())]);
    Image::new(vec![base, own])
}

/// A request as Harbor's client sends it: with the key, and no redirect is followed.
#[derive(Clone)]
struct Harbor {
    http: Client,
    url: String,
    key: String,
}

impl Harbor {
    fn new(served: &Served) -> Self {
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            url: served.url.clone(),
            key: served.key.clone(),
        }
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth("harbor", Some(&self.key))
    }

    async fn submit(&self, registry: &str, digest: &Digest) -> String {
        let request = self
            .http
            .post(format!("{}/api/v1/scan", self.url))
            .json(&json!({
                "registry": {
                    "url": format!("http://{registry}"),
                    // Of "robot" and "right".
                    "authorization": "Basic cm9ib3Q6cmlnaHQ=",
                },
                "artifact": {
                    "repository": "library/app",
                    "digest": digest.to_string(),
                    "mime_type": "application/vnd.oci.image.manifest.v1+json",
                },
            }));
        let answer = self.with_key(request).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let accepted: Value = answer.json().await.unwrap();
        accepted["id"].as_str().unwrap().to_owned()
    }

    /// Asks until there is a report.
    async fn report(&self, id: &str, accept: &str, query: &str) -> Value {
        loop {
            let url = format!("{}/api/v1/scan/{id}/report{query}", self.url);
            let request = self.http.get(url).header("accept", accept);
            let answer = self.with_key(request).send().await.unwrap();
            match answer.status() {
                StatusCode::OK => return answer.json().await.unwrap(),
                StatusCode::FOUND => {
                    let wait = answer.headers()["refresh-after"].to_str().unwrap();
                    assert!(wait.parse::<i8>().unwrap() > 0);
                }
                status => panic!("{status}: {}", answer.text().await.unwrap()),
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn fifty_artifacts_at_once_are_scanned_once_each() {
    let access = Access::Basic("robot".into(), "right".into());
    let registry = FakeRegistry::with_access(access).await;
    for index in 0..ARTIFACTS {
        registry.push("library/app", &format!("t{index}"), &artifact(index));
    }
    let served = spawn_blocking(|| {
        let sandbox = sandbox();
        let served = Served::start(&sandbox);
        (sandbox, served)
    });
    let (_sandbox, served) = served.await.unwrap();
    let harbor = Harbor::new(&served);
    let mut artifacts = JoinSet::new();
    for index in 0..ARTIFACTS {
        let (harbor, address) = (harbor.clone(), registry.address());
        artifacts.spawn(async move {
            let image = artifact(index);
            let id = harbor.submit(&address, &image.digest()).await;
            let report = harbor.report(&id, VULNERABILITIES, "").await;
            assert_eq!(report["artifact"]["digest"], image.digest().to_string());
            assert!(!report["vulnerabilities"].as_array().unwrap().is_empty());
            let query = "?sbom_media_type=application%2Fvnd.cyclonedx%2Bjson";
            let bill = harbor.report(&id, SBOM, query).await;
            assert!(bill["sbom"]["components"].is_array());
        });
    }
    while let Some(ended) = artifacts.join_next().await {
        ended.unwrap();
    }
    let (_, scans) = served.get("/v1/scans?limit=100").await;
    let scans = scans["items"].as_array().unwrap();
    assert_eq!(scans.len(), ARTIFACTS);
    assert!(scans.iter().all(|scan| scan["state"] == "done"));
}

#[tokio::test]
async fn a_bill_that_harbor_keeps_is_reported_as_the_image_that_it_is_of() {
    let registry = FakeRegistry::start().await;
    let subject = artifact(0).digest();
    let bill = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [{
            "type": "library", "name": "left", "group": "@scope", "version": "1.2.0",
            "purl": "pkg:npm/%40scope/left@1.2.0",
        }],
    });
    let layer = registry.push_blob("library/app", bill.to_string().into_bytes());
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "artifactType": "application/vnd.goharbor.harbor.sbom.v1",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": [{"mediaType": "application/vnd.goharbor.harbor.sbom.v1",
            "size": 1, "digest": layer.to_string()}],
        "subject": {"mediaType": media_type, "size": 1, "digest": subject.to_string()},
    });
    let manifest = manifest.to_string().into_bytes();
    let digest = registry.push_blob("library/app", manifest.clone());
    registry.push_manifest("library/app", &digest.to_string(), media_type, manifest);
    let served = spawn_blocking(|| {
        let sandbox = sandbox();
        let served = Served::start(&sandbox);
        (sandbox, served)
    });
    let (_sandbox, served) = served.await.unwrap();
    let harbor = Harbor::new(&served);
    let id = harbor.submit(&registry.address(), &digest).await;
    let report = harbor.report(&id, VULNERABILITIES, "").await;
    assert_eq!(
        report["artifact"]["digest"],
        subject.to_string(),
        "{report}"
    );
    assert_eq!(
        report["vulnerabilities"][0]["package"], "@scope/left",
        "{report}"
    );
}
