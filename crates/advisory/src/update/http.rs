//! Requests that are made again, continued where they broke off, and never longer than expected.

use std::io::SeekFrom;
use std::path::Path;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::header::{
    CONTENT_RANGE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
    RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// However long a server asks us to wait, no longer than this.
const MAX_WAIT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{url} is not there")]
    NotFound { url: String },
    #[error("{url} answers {status}")]
    Status {
        url: String,
        status: StatusCode,
        wait: Option<Duration>,
    },
    #[error("{url}: {reason}")]
    Transport { url: String, reason: String },
    #[error("{url} is longer than {limit} bytes")]
    TooLong { url: String, limit: u64 },
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
}

impl FetchError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Status { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::NotFound { .. } | Self::TooLong { .. } | Self::Write(_) => false,
        }
    }

    fn wait(&self) -> Duration {
        match self {
            Self::Status { wait, .. } => wait.unwrap_or_default().min(MAX_WAIT),
            _ => Duration::ZERO,
        }
    }
}

/// What a server says of the state of a file, to be asked later whether that is still so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Validators {
    /// When the file was last changed, as its server says.
    pub(super) fn last_modified(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.last_modified.as_deref()?).ok()
    }

    fn of(response: &Response) -> Self {
        Self {
            etag: header(response, ETAG.as_str()),
            last_modified: header(response, LAST_MODIFIED.as_str()),
        }
    }
}

/// What came of asking for a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// It is as it was.
    Unchanged,
    /// It was written anew.
    Changed(Validators),
}

/// Fetches over HTTP.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    retries: usize,
}

impl Http {
    pub(super) fn new(idle_timeout: Duration, retries: usize) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("scanyard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(idle_timeout)
            .build()?;
        Ok(Self { client, retries })
    }

    /// The body at a URL, of no more than `limit` bytes.
    pub(super) async fn bytes(&self, url: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut delays = self.delays();
        loop {
            match self.try_bytes(url, limit).await {
                Err(error) if error.is_retryable() => match delays.next() {
                    Some(delay) => tokio::time::sleep(delay.max(error.wait())).await,
                    None => return Err(error),
                },
                outcome => return outcome,
            }
        }
    }

    async fn try_bytes(&self, url: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut response = accepted(url, self.client.get(url).send().await)?;
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| transport(url, error))?
        {
            body.extend_from_slice(&chunk);
            check_length(url, body.len() as u64, limit)?;
        }
        Ok(body)
    }

    /// Writes the body at a URL to a file; what broke off is continued, not begun anew.
    pub(super) async fn file(&self, url: &str, path: &Path, limit: u64) -> Result<(), FetchError> {
        self.file_if_changed(url, path, None, limit).await?;
        Ok(())
    }

    /// The same, unless the server says that the file is still what these validators are of.
    pub(super) async fn file_if_changed(
        &self,
        url: &str,
        path: &Path,
        known: Option<&Validators>,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let mut download = Download {
            file: File::create(path).await?,
            length: 0,
            etag: None,
        };
        let mut delays = self.delays();
        loop {
            match self.try_file(url, &mut download, known, limit).await {
                Err(error) if error.is_retryable() => match delays.next() {
                    Some(delay) => tokio::time::sleep(delay.max(error.wait())).await,
                    None => return Err(error),
                },
                outcome => return outcome,
            }
        }
    }

    async fn try_file(
        &self,
        url: &str,
        download: &mut Download,
        known: Option<&Validators>,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let mut request = self.client.get(url);
        // Without a tag nothing tells whether the rest is of the same file.
        if let (1.., Some(etag)) = (download.length, &download.etag) {
            request = request
                .header(RANGE, format!("bytes={}-", download.length))
                .header(IF_RANGE, etag);
        } else if let Some(known) = known {
            request = conditional(request, known);
        }
        let sent = request.send().await;
        if known.is_some()
            && let Ok(response) = &sent
            && response.status() == StatusCode::NOT_MODIFIED
        {
            return Ok(Fetched::Unchanged);
        }
        let mut response = accepted(url, sent)?;
        let validators = Validators::of(&response);
        if !continues(&response, download.length) {
            download.restart(header(&response, ETAG.as_str())).await?;
        }
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| transport(url, error))?
        {
            download.length += chunk.len() as u64;
            check_length(url, download.length, limit)?;
            download.file.write_all(&chunk).await?;
        }
        download.file.flush().await?;
        Ok(Fetched::Changed(validators))
    }

    fn delays(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(20))
            .with_max_times(self.retries)
            .with_jitter()
            .build()
    }
}

/// A tag decides where there is one; a server need not look at the time then.
fn conditional(request: RequestBuilder, known: &Validators) -> RequestBuilder {
    match (&known.etag, &known.last_modified) {
        (Some(etag), _) => request.header(IF_NONE_MATCH, etag),
        (None, Some(time)) => request.header(IF_MODIFIED_SINCE, time),
        (None, None) => request,
    }
}

struct Download {
    file: File,
    length: u64,
    etag: Option<String>,
}

impl Download {
    async fn restart(&mut self, etag: Option<String>) -> std::io::Result<()> {
        self.file.set_len(0).await?;
        self.file.seek(SeekFrom::Start(0)).await?;
        self.length = 0;
        // A weak tag does not promise the same bytes.
        self.etag = etag.filter(|etag| !etag.starts_with("W/"));
        Ok(())
    }
}

fn continues(response: &Response, from: u64) -> bool {
    let range = header(response, CONTENT_RANGE.as_str());
    response.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

fn accepted(url: &str, sent: reqwest::Result<Response>) -> Result<Response, FetchError> {
    let response = sent.map_err(|error| transport(url, error))?;
    let status = response.status();
    if status == StatusCode::NOT_FOUND {
        return Err(FetchError::NotFound { url: url.into() });
    }
    if !status.is_success() {
        let wait = header(&response, RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
        return Err(FetchError::Status {
            url: url.into(),
            status,
            wait: wait.map(Duration::from_secs),
        });
    }
    Ok(response)
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

fn check_length(url: &str, length: u64, limit: u64) -> Result<(), FetchError> {
    match length > limit {
        true => Err(FetchError::TooLong {
            url: url.into(),
            limit,
        }),
        false => Ok(()),
    }
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn transport(url: &str, error: reqwest::Error) -> FetchError {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    FetchError::Transport {
        url: url.into(),
        reason: cause.to_string(),
    }
}
