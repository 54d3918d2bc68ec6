//! Buying tokens: from a token service, with a password, an identity token or nothing.

use std::time::Duration;

use base64::Engine;
use http::{StatusCode, header};
use serde::Deserialize;

use super::Credentials;
use super::credentials::IDENTITY_TOKEN_USER;
use super::retry::{Refused, retry_after};
use super::session::TokenKey;
use crate::OciError;

/// Largest answer of a token service. Tokens have a few kilobytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long a token lasts that does not say so, by the specification.
const DEFAULT_LIFETIME: u64 = 60;
/// Tokens are not used in their last seconds.
const MARGIN: u64 = 5;
/// What tokens are trusted to say at most.
const MAX_LIFETIME: u64 = 24 * 3600;

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// The header that carries name and password.
pub fn basic(credentials: &Credentials) -> String {
    let pair = format!("{}:{}", credentials.username, credentials.password);
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    format!("Basic {encoded}")
}

/// Buys a token. `None` if the service refuses to sell.
pub async fn buy(
    http: &reqwest::Client,
    registry: &str,
    key: &TokenKey,
) -> Result<Option<(String, Duration)>, Refused> {
    let failed = |error: reqwest::Error| Refused::from_http(registry, &error);
    let mut fields = vec![("scope", key.scope.as_str())];
    if let Some(service) = &key.service {
        fields.push(("service", service));
    }
    let request = match &key.credentials {
        Some(credentials) if credentials.username == IDENTITY_TOKEN_USER => {
            fields.push(("grant_type", "refresh_token"));
            fields.push(("client_id", "scanyard"));
            fields.push(("refresh_token", &credentials.password));
            http.post(&key.realm).form(&fields)
        }
        Some(credentials) => http
            .get(&key.realm)
            .query(&fields)
            .header(header::AUTHORIZATION, basic(credentials)),
        None => http.get(&key.realm).query(&fields),
    };
    let mut response = request.send().await.map_err(failed)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Ok(None),
        // A wrong identity token is a bad request in OAuth's eyes.
        StatusCode::BAD_REQUEST if key.credentials.is_some() => return Ok(None),
        status => {
            let after = retry_after(response.headers());
            return Err(Refused::from_status(registry, status, after));
        }
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            return Err(Refused::Final(OciError::Limit {
                what: format!("the token of {registry}"),
                limit: format!("{MAX_ANSWER} bytes"),
            }));
        }
    }
    read(registry, &bytes).map(Some).map_err(Refused::Final)
}

fn read(registry: &str, bytes: &[u8]) -> Result<(String, Duration), OciError> {
    let unexpected = |detail: &str| OciError::Unexpected {
        registry: registry.to_owned(),
        detail: detail.to_owned(),
    };
    // The answer holds a token, so the error must not quote it.
    let answer: Answer = serde_json::from_slice(bytes)
        .map_err(|_| unexpected("its token service answers no valid JSON"))?;
    let filled = |text: &String| !text.is_empty();
    let token = answer
        .token
        .filter(filled)
        .or(answer.access_token.filter(filled));
    let token = token.ok_or_else(|| unexpected("its token service answers without a token"))?;
    let lifetime = answer.expires_in.filter(|seconds| *seconds > 0);
    let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
    Ok((token, Duration::from_secs(lifetime.saturating_sub(MARGIN))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_the_token_are_known_and_lifetimes_are_bounded() {
        let read = |text: &str| read("r.example.com", text.as_bytes());
        let (token, lifetime) = read(r#"{"access_token": "a", "expires_in": 300}"#).unwrap();
        assert_eq!((token.as_str(), lifetime.as_secs()), ("a", 295));
        let (token, lifetime) = read(r#"{"token": "t", "access_token": "a"}"#).unwrap();
        assert_eq!((token.as_str(), lifetime.as_secs()), ("t", 55));
        let (_, lifetime) = read(r#"{"token": "t", "expires_in": 18446744073709551615}"#).unwrap();
        assert!(lifetime.as_secs() <= MAX_LIFETIME);
        assert!(read(r#"{"token": ""}"#).is_err());
        assert!(!read("secret").unwrap_err().to_string().contains("secret"));
    }
}
