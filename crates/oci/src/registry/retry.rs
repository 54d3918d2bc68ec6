//! Whether another try can help, and when.

use std::error::Error;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::RegistryOptions;
use crate::OciError;

/// A wait that is worth a word.
const NOTICEABLE: Duration = Duration::from_secs(2);

/// Why a request brought nothing.
#[derive(Debug)]
pub enum Refused {
    /// Another try brings the same.
    Final(OciError),
    /// Another try can help, after this long if the registry said so.
    Later(OciError, Option<Duration>),
    /// Nobody listens there. One more try helps when the registry just restarts, and further ones
    /// only keep people waiting for the word that the address is wrong.
    NobodyThere(OciError),
}

impl From<OciError> for Refused {
    fn from(error: OciError) -> Self {
        Refused::Final(error)
    }
}

impl Refused {
    /// For a status that says neither yes nor no.
    pub fn from_status(registry: &str, status: StatusCode, after: Option<Duration>) -> Self {
        let registry = registry.to_owned();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let limited = OciError::RateLimited {
                registry,
                retry_after: after,
            };
            return Refused::Later(limited, after);
        }
        let detail = format!("it answers {status}");
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Refused::Later(OciError::Unavailable { registry, detail }, after);
        }
        Refused::Final(OciError::Unexpected { registry, detail })
    }

    /// For a request without an answer.
    pub fn from_http(registry: &str, error: &reqwest::Error) -> Self {
        let (registry, detail) = (registry.to_owned(), last_cause(error));
        if let Some(refused) = refusal(error) {
            let detail = refused.to_string();
            return Refused::Final(OciError::NotAllowed { registry, detail });
        }
        if is_untrusted(error) {
            return Refused::Final(OciError::Untrusted { registry, detail });
        }
        if error.is_redirect() || error.is_builder() {
            return Refused::Final(OciError::Unexpected { registry, detail });
        }
        let unavailable = OciError::Unavailable { registry, detail };
        if error.is_connect() && !error.is_timeout() {
            return Refused::NobodyThere(unavailable);
        }
        Refused::Later(unavailable, None)
    }

    /// The error, and after which wait to try again; no wait when there is nothing to hope for.
    pub fn next_try(self, options: &RegistryOptions, attempt: u32) -> (OciError, Option<Duration>) {
        let (error, asked, tries) = match self {
            Refused::Final(error) => return (error, None),
            Refused::Later(error, asked) => (error, asked, options.retries),
            Refused::NobodyThere(error) => (error, None, options.retries.min(1)),
        };
        let wait = (attempt < tries).then(|| delay(options, attempt, asked));
        (error, wait)
    }
}

/// Waits before another try. A wait that people notice is said.
pub async fn wait(registry: &str, error: &OciError, wait: Duration) {
    if wait >= NOTICEABLE {
        tracing::warn!(%registry, %error, ?wait, "asking the registry again after a wait");
    } else {
        tracing::debug!(%registry, %error, ?wait, "asking the registry again");
    }
    tokio::time::sleep(wait).await;
}

/// The last cause of an HTTP error is the one that people understand.
fn last_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Why we did not go where a name or a redirect leads.
fn refusal(error: &reqwest::Error) -> Option<&scanyard_egress::Refused> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

/// Whether TLS did not like the registry's certificate. An input or output error hides what it
/// carries from the chain of sources.
fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let carried = error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref());
        let tls = match carried {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => error.downcast_ref::<rustls::Error>(),
        };
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = match carried {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// Seconds or a date (RFC 9110 section 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// How long to wait before try number `attempt`, counted from nought.
pub fn delay(options: &RegistryOptions, attempt: u32, asked: Option<Duration>) -> Duration {
    let backoff = options.backoff.saturating_mul(2u32.saturating_pow(attempt));
    asked.unwrap_or(backoff).min(options.max_retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = SystemTime::now() + Duration::from_secs(3600);
        let wait = after(&httpdate::fmt_http_date(later)).unwrap();
        assert!(wait > Duration::from_secs(3000), "{wait:?}");
        assert_eq!(after("soon"), None);
    }

    #[test]
    fn waits_double_and_are_bounded() {
        let options = RegistryOptions {
            backoff: Duration::from_millis(250),
            max_retry_after: Duration::from_secs(60),
            ..RegistryOptions::default()
        };
        assert_eq!(delay(&options, 0, None), Duration::from_millis(250));
        assert_eq!(delay(&options, 3, None), Duration::from_secs(2));
        assert_eq!(delay(&options, 40, None), Duration::from_secs(60));
        let asked = Some(Duration::from_secs(86_400));
        assert_eq!(delay(&options, 0, asked), Duration::from_secs(60));
    }

    #[test]
    fn where_nobody_listens_there_is_one_more_try() {
        let options = RegistryOptions::default();
        let unavailable = || OciError::Unavailable {
            registry: "r".into(),
            detail: "refused".into(),
        };
        let waits = |refused: Refused, attempt| refused.next_try(&options, attempt).1.is_some();
        assert!(waits(Refused::NobodyThere(unavailable()), 0));
        assert!(!waits(Refused::NobodyThere(unavailable()), 1));
        assert!(waits(Refused::Later(unavailable(), None), 1));
        assert!(!waits(Refused::Later(unavailable(), None), options.retries));
        assert!(!waits(Refused::Final(unavailable()), 0));
    }

    #[test]
    fn only_what_can_pass_is_tried_again() {
        let retryable = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            matches!(Refused::from_status("r", status, None), Refused::Later(..))
        };
        assert!([429, 500, 502, 503, 504, 408].into_iter().all(retryable));
        assert!(![400, 405, 410, 418].into_iter().any(retryable));
    }
}
