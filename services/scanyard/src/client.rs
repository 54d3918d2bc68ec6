//! Talks to a running service over its REST API.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use scanyard_package::Digest;
use scanyard_report::Report;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use crate::exit::Failure;
use crate::progress::Amount;

/// Longest report that is read.
const MAX_REPORT: usize = 512 << 20;
/// How long the service may take to answer one request.
const TIMEOUT: Duration = Duration::from_secs(90);

/// How long an answer may take that is as long as the fleet is large.
const LONG_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// A service and the key to it.
#[derive(Debug, Clone)]
pub struct Client {
    server: Url,
    api_key: Option<String>,
    http: reqwest::Client,
}

/// A scan as the service tells it.
#[derive(Debug, Clone, Deserialize)]
pub struct Scan {
    /// Its id.
    pub id: Uuid,
    /// `queued`, `cataloging`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Manifest digests of its images.
    #[serde(default)]
    pub images: Vec<String>,
    /// How much is done.
    #[serde(default)]
    pub progress: ScanProgress,
    /// Why it failed.
    pub failure: Option<Problem>,
}

/// How much of a scan is done.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct ScanProgress {
    /// Layers of its images.
    pub layers: u64,
    /// Those that have an inventory.
    pub layers_done: u64,
    /// Their compressed bytes.
    pub bytes: u64,
    /// Bytes read so far.
    pub bytes_done: u64,
}

/// What went wrong, as the service words it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Problem {
    /// What happened.
    #[serde(default, alias = "message")]
    pub detail: String,
    /// What to do about it.
    #[serde(default)]
    pub remedy: String,
}

impl From<ScanProgress> for Amount {
    fn from(progress: ScanProgress) -> Self {
        Self {
            layers: progress.layers,
            layers_done: progress.layers_done,
            bytes: progress.bytes,
            bytes_done: progress.bytes_done,
        }
    }
}

impl Scan {
    /// Whether nothing will change any more.
    pub fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }

    /// The digests of its images.
    pub fn image_digests(&self) -> anyhow::Result<Vec<Digest>> {
        self.images
            .iter()
            .map(|text| {
                text.parse()
                    .context("the service named an image by no digest")
            })
            .collect()
    }
}

impl Client {
    /// A client of the service at an address.
    pub fn new(server: &str, api_key: Option<String>) -> anyhow::Result<Self> {
        let server = Url::parse(server)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Failure::new(
                    format!("{server:?} is not the address of a service"),
                    "write it as http://127.0.0.1:8080",
                )
            })?;
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .user_agent(concat!("scanyard/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up the connection")?;
        Ok(Self {
            server,
            api_key,
            http,
        })
    }

    /// Submits an image; the scan it became.
    pub async fn submit(&self, reference: &str, platform: Option<&str>) -> anyhow::Result<Scan> {
        let mut body = serde_json::json!({"reference": reference});
        if let Some(platform) = platform {
            body["platform"] = platform.into();
        }
        let request = self
            .request(Method::POST, "v1/scans")?
            // The same request sent again after a lost answer is the same scan.
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .json(&body);
        read(self.send(request).await?).await
    }

    /// Submits a bill of materials under a name; the scan it became.
    pub async fn submit_sbom(
        &self,
        name: &str,
        tag: Option<&str>,
        content: Vec<u8>,
    ) -> anyhow::Result<Scan> {
        let request = self
            .request(Method::POST, "v1/sboms")?
            .query(&[("name", Some(name)), ("tag", tag)])
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .header("Content-Type", "application/json")
            .body(content);
        read(self.send(request).await?).await
    }

    /// A scan as it is now.
    pub async fn scan(&self, id: Uuid) -> anyhow::Result<Scan> {
        let request = self.request(Method::GET, &format!("v1/scans/{id}"))?;
        read(self.send(request).await?).await
    }

    /// An image's report.
    pub async fn report(&self, image: Digest) -> anyhow::Result<Report> {
        let request = self
            .request(Method::GET, &format!("v1/images/{image}/report"))?
            .header("Accept", "application/json");
        read(self.send(request).await?).await
    }

    /// Waits until the service says that it is ready: store, queue and advisories.
    pub async fn wait_until_ready(&self, timeout: Duration) -> anyhow::Result<()> {
        let ready = async {
            loop {
                let request = self.request(Method::GET, "readyz")?;
                if self.send(request).await.is_ok() {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(timeout, ready)
            .await
            .context("the service did not become ready in time")?
    }

    /// A request with the key to the service.
    pub fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        let url = self.server.join(path).context("cannot form the address")?;
        let request = self.http.request(method, url);
        Ok(match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        })
    }

    /// Sends a request; its answer as JSON.
    pub async fn answer(&self, request: RequestBuilder) -> anyhow::Result<serde_json::Value> {
        read(self.send(request).await?).await
    }

    /// Sends a request whose answer has no body.
    pub async fn perform(&self, request: RequestBuilder) -> anyhow::Result<()> {
        self.send(request).await.map(drop)
    }

    /// Sends a request whose answer may be long, and gives it away piece by piece; what became of
    /// the last piece.
    pub async fn stream(
        &self,
        request: RequestBuilder,
        mut write: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> anyhow::Result<std::io::Result<()>> {
        let mut response = self.send(request.timeout(LONG_TIMEOUT)).await?;
        while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
            if let Err(error) = write(&chunk) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Sends a request; its answer, unless it is a problem.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|error| {
            Failure::new(
                format!("cannot reach {}: {}", self.server, last_cause(&error)),
                "start the service with `scanyard serve`, or name another with --server",
            )
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let problem: Problem = read(response).await.unwrap_or_default();
        Err(failure(status, problem).into())
    }
}

/// The last cause of an HTTP error is the one that people understand.
fn last_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} seconds", TIMEOUT.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn failure(status: StatusCode, problem: Problem) -> Failure {
    let message = if problem.detail.is_empty() {
        format!("the service answered {status}")
    } else {
        format!("the service answered {status}: {}", problem.detail)
    };
    let remedy = if status == StatusCode::UNAUTHORIZED {
        "give the key with SCANYARD_API_KEY or --api-key-file".to_owned()
    } else {
        problem.remedy
    };
    Failure::new(message, remedy)
}

/// Reads a bounded JSON answer.
async fn read<T: for<'de> Deserialize<'de>>(mut response: Response) -> anyhow::Result<T> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
        anyhow::ensure!(
            body.len() + chunk.len() <= MAX_REPORT,
            "the answer is larger than {} MiB",
            MAX_REPORT >> 20
        );
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).context("the answer is not what this version understands")
}
