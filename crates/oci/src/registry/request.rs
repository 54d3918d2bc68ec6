//! Requests to one repository: authenticated, retried, bounded.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::auth::{self, Challenge};
use super::{Credentials, RegistryOptions};
use crate::{OciError, Reference};

/// A client of one repository. Clones share its tokens.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    options: RegistryOptions,
    reference: Reference,
    base: Mutex<Option<String>>,
    authorization: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct TokenResponse {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    pub fn new(reference: &Reference, options: RegistryOptions) -> Result<Self, OciError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("scanyard/", env!("CARGO_PKG_VERSION")))
            .tls_danger_accept_invalid_certs(!options.tls_verify)
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(options.read_timeout)
            // Blobs are often gzip; their bytes must arrive as they are.
            .no_gzip()
            .build()
            .map_err(|error| unavailable(reference, &error))?;
        Ok(Self(Arc::new(Inner {
            http,
            options,
            reference: reference.clone(),
            base: Mutex::default(),
            authorization: Mutex::default(),
        })))
    }

    pub fn options(&self) -> &RegistryOptions {
        &self.0.options
    }

    /// A small document whole.
    pub async fn get_small(
        &self,
        path: &str,
        accept: Option<&str>,
        limit: u64,
    ) -> Result<Vec<u8>, OciError> {
        let mut response = self.get(path, accept, 0).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|e| unavailable(&self.0.reference, &e))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(OciError::Limit {
                    what: path.to_owned(),
                    limit: format!("{limit} bytes"),
                });
            }
        }
        Ok(bytes)
    }

    /// Asks for something of the repository, from a byte on, trying again while that can help.
    pub async fn get(
        &self,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response, OciError> {
        let mut attempt = 0;
        loop {
            let outcome = self.get_once(path, accept, from).await;
            let (error, wait) = match outcome {
                Ok(response) => return Ok(response),
                Err(Refused::Final(error)) => return Err(error),
                Err(Refused::Later(error, wait)) => (error, wait),
            };
            if attempt >= self.0.options.retries {
                return Err(error);
            }
            let backoff = Duration::from_millis(250) * 2u32.saturating_pow(attempt);
            let wait = wait.unwrap_or(backoff).min(self.0.options.max_retry_after);
            tracing::debug!(%path, %error, ?wait, "asking the registry again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn get_once(
        &self,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response, Refused> {
        let base = self.base().await?;
        let url = format!("{base}/v2/{}/{path}", self.0.reference.repository());
        let response = self.send(&url, accept, from).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.check(path, response, from);
        }
        self.authenticate(path, response.headers()).await?;
        let response = self.send(&url, accept, from).await?;
        self.check(path, response, from)
    }

    async fn send(&self, url: &str, accept: Option<&str>, from: u64) -> Result<Response, Refused> {
        let mut request = self.0.http.get(url);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(authorization) = self.0.authorization.lock().await.as_deref() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request
            .send()
            .await
            .map_err(|e| Refused::Later(unavailable(&self.0.reference, &e), None))
    }

    fn check(&self, path: &str, response: Response, from: u64) -> Result<Response, Refused> {
        let registry = self.0.reference.registry().to_owned();
        let status = response.status();
        let what = format!("{}/{} ({path})", registry, self.0.reference.repository());
        Err(match status {
            StatusCode::OK if from == 0 => return Ok(response),
            StatusCode::PARTIAL_CONTENT if from > 0 => return Ok(response),
            StatusCode::OK => {
                let detail = "it does not resume downloads".to_owned();
                Refused::Final(OciError::Unavailable { registry, detail })
            }
            StatusCode::NOT_FOUND => Refused::Final(OciError::NotFound(what)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Refused::Final(OciError::Denied {
                registry,
                what: self.0.reference.to_string(),
            }),
            StatusCode::TOO_MANY_REQUESTS => Refused::Later(
                OciError::RateLimited(registry),
                retry_after(response.headers()),
            ),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                let error = OciError::Unavailable {
                    registry,
                    detail: status.to_string(),
                };
                Refused::Later(error, retry_after(response.headers()))
            }
            status => Refused::Final(OciError::Unavailable {
                registry,
                detail: status.to_string(),
            }),
        })
    }

    /// The registry's address. One on this machine may speak plain HTTP unasked.
    async fn base(&self) -> Result<String, Refused> {
        let mut base = self.0.base.lock().await;
        if let Some(base) = base.as_deref() {
            return Ok(base.to_owned());
        }
        let host = match self.0.reference.registry() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let plain = self.0.options.plain_http
            || (self.0.reference.is_loopback() && self.speaks_plain_http(host).await?);
        let found = format!("{}://{host}", if plain { "http" } else { "https" });
        *base = Some(found.clone());
        Ok(found)
    }

    async fn speaks_plain_http(&self, host: &str) -> Result<bool, Refused> {
        match self.0.http.get(format!("http://{host}/v2/")).send().await {
            Ok(response) => Ok(response.status() != StatusCode::BAD_REQUEST),
            Err(error) if error.is_connect() => {
                Err(Refused::Later(unavailable(&self.0.reference, &error), None))
            }
            Err(_) => Ok(false),
        }
    }

    async fn authenticate(&self, path: &str, headers: &HeaderMap) -> Result<(), Refused> {
        let denied = || {
            let registry = self.0.reference.registry().to_owned();
            Refused::Final(OciError::Denied {
                registry,
                what: self.0.reference.to_string(),
            })
        };
        let challenge = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(auth::parse_challenge)
            .ok_or_else(denied)?;
        let credentials = match &self.0.options.credentials {
            Some(credentials) => Some(credentials.clone()),
            None if self.0.options.docker_config => {
                auth::docker_credentials(self.0.reference.registry()).await
            }
            None => None,
        };
        tracing::debug!(%path, anonymous = credentials.is_none(), "authenticating");
        let authorization = match challenge {
            Challenge::Basic => basic(&credentials.ok_or_else(denied)?),
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => {
                let scope = scope.unwrap_or_else(|| {
                    format!("repository:{}:pull", self.0.reference.repository())
                });
                let token = self
                    .token(&realm, service.as_deref(), &scope, credentials.as_ref())
                    .await?;
                format!("Bearer {}", token.ok_or_else(denied)?)
            }
        };
        *self.0.authorization.lock().await = Some(authorization);
        Ok(())
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        credentials: Option<&Credentials>,
    ) -> Result<Option<String>, Refused> {
        let later = |e: reqwest::Error| Refused::Later(unavailable(&self.0.reference, &e), None);
        let mut request = self.0.http.get(realm).query(&[("scope", scope)]);
        if let Some(service) = service {
            request = request.query(&[("service", service)]);
        }
        if let Some(credentials) = credentials {
            request = request.header(header::AUTHORIZATION, basic(credentials));
        }
        let response = request.send().await.map_err(later)?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Ok(None);
        }
        let response = response.error_for_status().map_err(later)?;
        let found: TokenResponse = response.json().await.map_err(later)?;
        Ok(found.token.or(found.access_token))
    }
}

/// Why a request brought nothing.
enum Refused {
    /// Another try brings the same.
    Final(OciError),
    /// Another try can help, after this long if the registry said so.
    Later(OciError, Option<Duration>),
}

impl From<OciError> for Refused {
    fn from(error: OciError) -> Self {
        Refused::Final(error)
    }
}

fn basic(credentials: &Credentials) -> String {
    use base64::Engine;
    let pair = format!("{}:{}", credentials.username, credentials.password);
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

/// Seconds or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The last cause of an HTTP error is the one that people understand.
fn unavailable(reference: &Reference, error: &reqwest::Error) -> OciError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    OciError::Unavailable {
        registry: reference.registry().to_owned(),
        detail: cause.to_string(),
    }
}
