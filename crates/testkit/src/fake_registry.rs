//! A registry in this process that counts, and fails on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use scanyard_package::Digest;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::layer::sha256;
use crate::{Image, Index, fake_catalog};

/// Who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// This user, with name and password in each request.
    Basic(String, String),
    /// Everybody, with a token.
    AnonymousToken,
    /// This user, with a token that name and password buy.
    UserToken(String, String),
    /// Who has a token that this refresh token buys.
    RefreshToken(String),
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Another status, perhaps with `Retry-After`.
    Status(u16, Option<String>),
    /// The connection breaks after so many bytes, or some fewer.
    CutAfter(usize),
    /// A well-formed answer of no more than so many bytes.
    Short(usize),
    /// These bytes instead.
    Body(Vec<u8>),
    /// Zeros without end.
    Endless,
    /// Elsewhere: a whole address, to which the path is added.
    Redirect(String),
    /// No answer at all.
    Silence,
    /// The whole content, whatever range was asked for.
    IgnoreRange,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header, if there was one.
    pub authorization: Option<String>,
    /// The header, if there was one.
    pub range: Option<String>,
}

struct Content {
    media_type: String,
    bytes: Bytes,
}

struct Inner {
    address: String,
    access: Access,
    token_seconds: u64,
    tokens_issued: usize,
    contents: HashMap<String, Content>,
    faults: Vec<(String, Fault, usize)>,
    requests: Vec<Request>,
}

type Shared = Arc<Mutex<Inner>>;

/// A registry on a free port of this machine, plain HTTP. It ends when it is dropped.
pub struct FakeRegistry {
    shared: Shared,
    server: JoinHandle<()>,
}

impl Drop for FakeRegistry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeRegistry {
    /// Starts one that everybody may read.
    pub async fn start() -> Self {
        Self::with_access(Access::Open).await
    }

    /// Starts one.
    pub async fn with_access(access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Mutex::new(Inner {
            address: listener.local_addr().unwrap().to_string(),
            access,
            token_seconds: 300,
            tokens_issued: 0,
            contents: HashMap::new(),
            faults: Vec::new(),
            requests: Vec::new(),
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { shared, server }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.inner().address.clone()
    }

    /// A reference to a tag of this registry.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.address())
    }

    /// Stores an image with its blobs, under its digest and a tag.
    pub fn push(&self, repository: &str, tag: &str, image: &Image) {
        self.push_blobs(repository, image);
        let bytes = image.manifest();
        self.push_manifest(repository, tag, &image.media_type(), bytes.clone());
        self.push_manifest(
            repository,
            &sha256(&bytes).to_string(),
            &image.media_type(),
            bytes,
        );
    }

    /// Stores an index with its images.
    pub fn push_index(&self, repository: &str, tag: &str, index: &Index) {
        for image in index.images() {
            self.push(repository, &image.digest().to_string(), image);
        }
        self.push_manifest(repository, tag, index.media_type(), index.manifest());
    }

    /// Stores any document as a manifest.
    pub fn push_manifest(&self, repository: &str, name: &str, media_type: &str, bytes: Vec<u8>) {
        self.put(
            format!("/v2/{repository}/manifests/{name}"),
            media_type,
            bytes,
        );
    }

    /// Takes a manifest away, under one of its names.
    pub fn remove_manifest(&self, repository: &str, name: &str) {
        let path = format!("/v2/{repository}/manifests/{name}");
        self.inner().contents.remove(&path);
    }

    /// Takes a blob away.
    pub fn remove_blob(&self, repository: &str, digest: &Digest) {
        let path = format!("/v2/{repository}/blobs/{digest}");
        self.inner().contents.remove(&path);
    }

    /// The next `times` requests whose path contains this go wrong. Faults take their turns in the
    /// order in which they were named.
    pub fn fail(&self, path_contains: &str, fault: Fault, times: usize) {
        let mut inner = self.inner();
        inner.faults.push((path_contains.to_owned(), fault, times));
    }

    /// How long tokens say that they last.
    pub fn set_token_seconds(&self, seconds: u64) {
        self.inner().token_seconds = seconds;
    }

    /// Makes tokens issued so far worthless.
    pub fn revoke_tokens(&self) {
        self.inner().tokens_issued += 1;
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.inner().requests.clone()
    }

    /// How many requests had this in their path.
    pub fn count(&self, path_contains: &str) -> usize {
        let matches = |r: &&Request| r.path.contains(path_contains);
        self.inner().requests.iter().filter(matches).count()
    }

    /// How often a blob was asked for with GET, in any repository.
    pub fn blob_requests(&self, digest: &Digest) -> usize {
        let path = format!("/blobs/{digest}");
        let matches = |r: &&Request| r.method == "GET" && r.path.contains(&path);
        self.inner().requests.iter().filter(matches).count()
    }

    /// Stores any bytes as a blob.
    pub fn push_blob(&self, repository: &str, bytes: Vec<u8>) -> Digest {
        let digest = sha256(&bytes);
        let path = format!("/v2/{repository}/blobs/{digest}");
        self.put(path, "application/octet-stream", bytes);
        digest
    }

    fn push_blobs(&self, repository: &str, image: &Image) {
        for (digest, bytes) in image.blobs() {
            let path = format!("/v2/{repository}/blobs/{digest}");
            self.put(path, "application/octet-stream", bytes);
        }
    }

    fn put(&self, path: String, media_type: &str, bytes: Vec<u8>) {
        let content = Content {
            media_type: media_type.to_owned(),
            bytes: bytes.into(),
        };
        self.inner().contents.insert(path, content);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock().unwrap()
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let response = shared
        .lock()
        .unwrap()
        .respond(&method, &uri, query.as_deref(), &headers, &body);
    match response {
        Some(response) => response,
        // Long enough for any client to lose its patience.
        None => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

impl Inner {
    fn respond(
        &mut self,
        method: &Method,
        uri: &Uri,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Response> {
        let header = |name: header::HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let request = Request {
            method: method.to_string(),
            path: uri.to_string(),
            authorization: header(header::AUTHORIZATION),
            range: header(header::RANGE),
        };
        self.requests.push(request.clone());
        let fault = self.take_fault(&request.path);
        match &fault {
            Some(Fault::Status(status, after)) => {
                return Some(status_with_retry(*status, after.as_deref()));
            }
            Some(Fault::Redirect(to)) => {
                let location = format!("{to}{}", request.path);
                let headers = [(header::LOCATION, location)];
                return Some((StatusCode::TEMPORARY_REDIRECT, headers).into_response());
            }
            Some(Fault::Silence) => return None,
            _ => {}
        }
        if uri.path() == "/token" {
            let form = String::from_utf8_lossy(body);
            return Some(self.token(&request, query.unwrap_or_default(), &form));
        }
        if let Some(refusal) = self.refuse(&request) {
            return Some(refusal);
        }
        let stored = self.contents.keys();
        if let Some(list) = fake_catalog::list(uri.path(), query.unwrap_or_default(), stored) {
            return Some(match fault {
                Some(Fault::Endless) => endless().into_response(),
                _ => list,
            });
        }
        Some(self.content(uri.path(), method, &request, fault))
    }

    fn take_fault(&mut self, path: &str) -> Option<Fault> {
        let (_, fault, left) = self
            .faults
            .iter_mut()
            .find(|(part, _, left)| *left > 0 && path.contains(part.as_str()))?;
        *left -= 1;
        Some(fault.clone())
    }

    fn token(&mut self, request: &Request, query: &str, form: &str) -> Response {
        let allowed = match &self.access {
            Access::UserToken(user, password) => {
                request.authorization == Some(basic(user, password))
            }
            Access::RefreshToken(token) => form.contains(&format!("refresh_token={token}")),
            _ => true,
        };
        if !allowed || !(query.contains("scope=") || form.contains("scope=")) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        self.tokens_issued += 1;
        let document = serde_json::json!({
            "token": format!("token-{}", self.tokens_issued),
            "expires_in": self.token_seconds,
        });
        axum::Json(document).into_response()
    }

    fn refuse(&self, request: &Request) -> Option<Response> {
        let (expected, challenge) = match &self.access {
            Access::Open => return None,
            Access::Basic(user, password) => {
                (basic(user, password), r#"Basic realm="fake""#.into())
            }
            _ => {
                let challenge = format!(
                    r#"Bearer realm="http://{}/token",service="fake",scope="repository:any:pull""#,
                    self.address
                );
                (format!("Bearer token-{}", self.tokens_issued), challenge)
            }
        };
        if request.authorization.as_deref() == Some(&expected) {
            return None;
        }
        let headers = [(header::WWW_AUTHENTICATE, challenge)];
        Some((StatusCode::UNAUTHORIZED, headers).into_response())
    }

    fn content(
        &self,
        path: &str,
        method: &Method,
        request: &Request,
        fault: Option<Fault>,
    ) -> Response {
        if path == "/v2/" {
            return StatusCode::OK.into_response();
        }
        let Some(content) = self.contents.get(path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let whole = match &fault {
            Some(Fault::Body(bytes)) => Bytes::from(bytes.clone()),
            _ => content.bytes.clone(),
        };
        let from = match &fault {
            Some(Fault::IgnoreRange) => None,
            _ => request.range.as_deref().and_then(first_byte),
        };
        let rest = whole.slice(from.unwrap_or(0).min(whole.len())..);
        let mut response = Response::builder()
            .status(if from.is_some() { 206 } else { 200 })
            .header(header::CONTENT_TYPE, &content.media_type);
        if let Some(from) = from {
            let range = format!("bytes {from}-{}/{}", whole.len() - 1, whole.len());
            response = response.header(header::CONTENT_RANGE, range);
        }
        let rest = match fault {
            Some(Fault::Short(count)) => rest.slice(..count.min(rest.len())),
            _ => rest,
        };
        let length = rest.len();
        let body = match fault {
            _ if method == Method::HEAD => Body::empty(),
            Some(Fault::CutAfter(count)) => cut(rest.slice(..count.min(length))),
            Some(Fault::Endless) => return response.body(endless()).unwrap(),
            _ => Body::from(rest),
        };
        response = response.header(header::CONTENT_LENGTH, length);
        response.body(body).unwrap()
    }
}

fn status_with_retry(status: u16, after: Option<&str>) -> Response {
    let mut response = Response::builder().status(status);
    if let Some(after) = after {
        response = response.header(header::RETRY_AFTER, after);
    }
    response.body(Body::empty()).unwrap()
}

/// A body that ends in an error takes with it what is not sent yet, hence the pause.
fn cut(part: Bytes) -> Body {
    let whole = stream::once(async move { Ok(part) });
    let broken = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("cut on purpose"))
    });
    Body::from_stream(whole.chain(broken))
}

fn endless() -> Body {
    let zeros = Bytes::from(vec![0; 64 << 10]);
    Body::from_stream(stream::repeat_with(move || {
        Ok::<_, std::convert::Infallible>(zeros.clone())
    }))
}

fn first_byte(range: &str) -> Option<usize> {
    range
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

fn basic(user: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {pair}")
}
