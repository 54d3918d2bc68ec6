//! Requests to a repository or a catalog: authenticated, retried, bounded.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Response;
use tokio::sync::OnceCell;
use url::Url;

use super::RegistryOptions;
use super::authorization::Authorization;
use super::challenge::Challenge;
use super::credentials::Credentials;
use super::place::Place;
use super::retry::{self, Refused, retry_after};
use super::session::Redirects;
use crate::OciError;

/// A client of one place. Clones are the same client.
#[derive(Debug, Clone)]
pub struct Client(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) http: reqwest::Client,
    /// Buys tokens: what it sends is secret, so it is not led to another host.
    pub(super) token_http: reqwest::Client,
    pub(super) options: RegistryOptions,
    pub(super) place: Place,
    base: OnceCell<Url>,
    pub(super) credentials: OnceCell<Option<Credentials>>,
    pub(super) challenge: Mutex<Option<Challenge>>,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    method: &'a Method,
    path: &'a str,
    accept: Option<&'a str>,
    from: u64,
}

impl Client {
    pub fn new(place: Place, options: RegistryOptions) -> Result<Self, OciError> {
        let client = |redirects| {
            let made = options
                .session
                .client(&options, place.is_loopback(), redirects);
            made.map_err(|error| OciError::Unexpected {
                registry: place.registry().to_owned(),
                detail: error.to_string(),
            })
        };
        Ok(Self(Arc::new(Inner {
            http: client(Redirects::Followed)?,
            token_http: client(Redirects::WithinHost)?,
            options,
            place,
            base: OnceCell::new(),
            credentials: OnceCell::new(),
            challenge: Mutex::default(),
        })))
    }

    pub fn options(&self) -> &RegistryOptions {
        &self.0.options
    }

    pub fn registry(&self) -> &str {
        self.0.place.registry()
    }

    /// A small document whole. One that breaks off is asked for again.
    pub async fn get_small(
        &self,
        path: &str,
        accept: Option<&str>,
        limit: u64,
    ) -> Result<Vec<u8>, OciError> {
        let (_, bytes) = self.get_whole(path, accept, limit).await?;
        Ok(bytes)
    }

    /// A small document with the headers of its answer.
    pub async fn get_small_with_headers(
        &self,
        path: &str,
        limit: u64,
    ) -> Result<(HeaderMap, Vec<u8>), OciError> {
        self.get_whole(path, None, limit).await
    }

    async fn get_whole(
        &self,
        path: &str,
        accept: Option<&str>,
        limit: u64,
    ) -> Result<(HeaderMap, Vec<u8>), OciError> {
        let mut attempt = 0;
        loop {
            let response = self.get(path, accept, 0).await?;
            let headers = response.headers().clone();
            match self.read_small(path, response, limit).await {
                Ok(bytes) => return Ok((headers, bytes)),
                Err(refused) => self.pause(refused, attempt).await?,
            }
            attempt += 1;
        }
    }

    async fn read_small(
        &self,
        path: &str,
        mut response: Response,
        limit: u64,
    ) -> Result<Vec<u8>, Refused> {
        let mut bytes = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| Refused::from_http(self.registry(), &error))?;
            let Some(chunk) = chunk else {
                return Ok(bytes);
            };
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(Refused::Final(OciError::Limit {
                    what: path.to_owned(),
                    limit: format!("{limit} bytes"),
                }));
            }
        }
    }

    /// Asks for something of the place, from a byte on, trying again while that can help.
    /// A registry that does not know ranges sends everything, with status 200.
    pub async fn get(
        &self,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response, OciError> {
        let method = &Method::GET;
        self.ask(Ask {
            method,
            path,
            accept,
            from,
        })
        .await
    }

    /// The headers of a document, without itself.
    pub async fn head(&self, path: &str, accept: Option<&str>) -> Result<HeaderMap, OciError> {
        let (method, from) = (&Method::HEAD, 0);
        let response = self.ask(Ask {
            method,
            path,
            accept,
            from,
        });
        Ok(response.await?.headers().clone())
    }

    /// Whether the repository has something.
    pub async fn has(&self, path: &str) -> Result<bool, OciError> {
        let (method, accept, from) = (&Method::HEAD, None, 0);
        match self
            .ask(Ask {
                method,
                path,
                accept,
                from,
            })
            .await
        {
            Ok(_) => Ok(true),
            Err(OciError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn ask(&self, ask: Ask<'_>) -> Result<Response, OciError> {
        let mut attempt = 0;
        loop {
            match self.ask_once(ask).await {
                Ok(response) => return Ok(response),
                Err(refused) => self.pause(refused, attempt).await?,
            }
            attempt += 1;
        }
    }

    /// Waits until it is time for another try, or fails if that cannot help.
    async fn pause(&self, refused: Refused, attempt: u32) -> Result<(), OciError> {
        match refused.next_try(&self.0.options, attempt) {
            (error, Some(wait)) => {
                retry::wait(self.registry(), &error, wait).await;
                Ok(())
            }
            (error, None) => Err(error),
        }
    }

    /// Asks, and again after a challenge. A token that was kept may have been revoked meanwhile, so
    /// there is a third time with a new one.
    async fn ask_once(&self, ask: Ask<'_>) -> Result<Response, Refused> {
        let mut known = self.authorization().await?;
        loop {
            let response = self.send(ask, known.as_ref()).await?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return self.check(ask, response);
            }
            match known {
                None => {}
                Some(Authorization::Token { key, is_new, .. }) => {
                    self.0.options.session.drop_token(&key);
                    if is_new {
                        return Err(self.denied());
                    }
                }
                Some(Authorization::Basic(_) | Authorization::Given(_)) => {
                    return Err(self.denied());
                }
            }
            let challenge = Challenge::find(response.headers()).ok_or_else(|| self.denied())?;
            self.learn(challenge);
            known = self.authorization().await?;
        }
    }

    async fn send(
        &self,
        ask: Ask<'_>,
        authorization: Option<&Authorization>,
    ) -> Result<Response, Refused> {
        let base = self.base().await?;
        let url = format!("{base}{}", self.0.place.path(ask.path));
        let mut request = self.0.http.request(ask.method.clone(), url);
        if let Some(accept) = ask.accept {
            request = request.header(header::ACCEPT, accept);
        }
        if ask.from > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", ask.from));
        }
        request = match authorization {
            Some(Authorization::Basic(header)) => request.header(header::AUTHORIZATION, header),
            Some(Authorization::Token { token, .. }) => request.bearer_auth(token),
            Some(Authorization::Given(token)) => request.bearer_auth(&token.0),
            None => request,
        };
        let response = request.send().await;
        response.map_err(|error| Refused::from_http(self.registry(), &error))
    }

    fn check(&self, ask: Ask<'_>, response: Response) -> Result<Response, Refused> {
        if let Some(missing) = self.0.place.missing(ask.path, response.status()) {
            return Err(Refused::Final(missing));
        }
        Err(match response.status() {
            StatusCode::OK => return Ok(response),
            StatusCode::PARTIAL_CONTENT if ask.from > 0 => return Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.denied(),
            status => {
                Refused::from_status(self.registry(), status, retry_after(response.headers()))
            }
        })
    }

    pub(super) fn denied(&self) -> Refused {
        Refused::Final(OciError::Denied {
            registry: self.registry().to_owned(),
            what: self.0.place.to_string(),
        })
    }

    /// The registry's address. One on this machine may speak plain HTTP unasked.
    pub(super) async fn base(&self) -> Result<&Url, Refused> {
        let found = self.0.base.get_or_try_init(|| async {
            let host = match self.registry() {
                "docker.io" => "registry-1.docker.io",
                host => host,
            };
            let with_tls = self.check_base("https", host)?;
            let plain = self.0.options.plain_http
                || (self.0.place.is_loopback() && self.speaks_plain_http(host).await?);
            match plain {
                true => self.check_base("http", host),
                false => Ok(with_tls),
            }
        });
        found.await
    }

    fn check_base(&self, scheme: &str, host: &str) -> Result<Url, Refused> {
        let url = Url::parse(&format!("{scheme}://{host}/")).map_err(|error| {
            Refused::Final(OciError::Unexpected {
                registry: host.to_owned(),
                detail: error.to_string(),
            })
        })?;
        let checked = self.0.options.egress.check_host(&url);
        checked.map_err(|refused| self.not_allowed(refused.to_string()))?;
        Ok(url)
    }

    /// Servers with TLS answer plain HTTP with "bad request", or not at all.
    async fn speaks_plain_http(&self, host: &str) -> Result<bool, Refused> {
        match self.0.http.get(format!("http://{host}/v2/")).send().await {
            Ok(response) => Ok(response.status() != StatusCode::BAD_REQUEST),
            Err(error) if error.is_connect() || error.is_timeout() => {
                Err(Refused::from_http(self.registry(), &error))
            }
            Err(_) => Ok(false),
        }
    }
}
