//! Who is asking.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scanyard_store::TenantId;

use crate::api_key::PresentedKey;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

/// How callers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// By their API key.
    Keys,
    /// Not at all: everybody is the default tenant. Only served on loopback.
    Insecure,
}

/// Who asks, as [`authenticate`] found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Whose scans, images and keys the request is about.
    pub tenant: TenantId,
}

/// Lets a request through to the routes behind it only with a valid key.
pub async fn authenticate(
    State(gateway): State<Gateway>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&gateway, request.headers()).await?;
    request.extensions_mut().insert(Principal { tenant });
    Ok(next.run(request).await)
}

/// Whose key it is; the default tenant's where callers are not told apart.
pub async fn tenant_of(gateway: &Gateway, headers: &HeaderMap) -> Result<TenantId, Problem> {
    match gateway.auth() {
        AuthMode::Insecure => Ok(TenantId::DEFAULT),
        AuthMode::Keys => find_tenant(gateway, headers).await,
    }
}

async fn find_tenant(gateway: &Gateway, headers: &HeaderMap) -> Result<TenantId, Problem> {
    let text = presented_text(headers)?;
    let presented = PresentedKey::parse(&text).ok_or_else(no_key)?;
    let cache = gateway.key_cache();
    if let Some(tenant) = cache.get(&presented.hash) {
        return Ok(tenant);
    }
    let candidates = gateway.store().keys_by_prefix(presented.prefix).await?;
    let found = candidates
        .iter()
        .find(|key| presented.matches(&key.hash) && key.revoked_at.is_none())
        .ok_or_else(|| {
            Problem::new(Code::Unauthorized, "The API key is unknown or was revoked.")
        })?;
    cache.insert(presented.hash, found.tenant);
    Ok(found.tenant)
}

/// The key in `Authorization`: as a bearer token, or as the password of whatever user, for clients
/// that know nothing else.
fn presented_text(headers: &HeaderMap) -> Result<Cow<'_, str>, Problem> {
    let value = headers
        .get(AUTHORIZATION)
        .ok_or_else(|| Problem::new(Code::Unauthorized, "There is no Authorization header."))?;
    let value = value.to_str().ok().and_then(|value| value.split_once(' '));
    let key = value.and_then(|(scheme, rest)| {
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Cow::Borrowed(rest));
        }
        let basic = scheme.eq_ignore_ascii_case("basic");
        let pair = basic.then(|| STANDARD.decode(rest).ok())??;
        let pair = String::from_utf8(pair).ok()?;
        Some(Cow::Owned(pair.split_once(':')?.1.to_owned()))
    });
    key.ok_or_else(no_key)
}

fn no_key() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "The Authorization header holds no API key.",
    )
}

impl FromRequestParts<Gateway> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Principal>()
            .copied()
            .ok_or_else(|| Problem::internal("a route needs a principal but not a key"))
    }
}

/// Keys that were found valid a moment ago, so that not every request asks the store. They are
/// found by hash, which tells nobody anything about a key.
#[derive(Debug)]
pub struct KeyCache {
    entries: RwLock<HashMap<[u8; 32], (TenantId, Instant)>>,
    capacity: usize,
    time: Duration,
}

impl KeyCache {
    /// A cache of this many keys for this long.
    pub fn new(capacity: usize, time: Duration) -> Self {
        Self {
            entries: RwLock::default(),
            capacity,
            time,
        }
    }

    fn get(&self, hash: &[u8; 32]) -> Option<TenantId> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let (tenant, at) = entries.get(hash)?;
        (at.elapsed() < self.time).then_some(*tenant)
    }

    fn insert(&self, hash: [u8; 32], tenant: TenantId) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity {
            entries.retain(|_, (_, at)| at.elapsed() < self.time);
        }
        // Full of live keys: this one simply asks the store again next time.
        if entries.len() < self.capacity || entries.contains_key(&hash) {
            entries.insert(hash, (tenant, Instant::now()));
        }
    }

    /// Forgets every key, after one was revoked.
    pub fn clear(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_holds_no_more_than_it_may() {
        let cache = KeyCache::new(1, Duration::from_secs(3600));
        cache.insert([1; 32], TenantId::DEFAULT);
        cache.insert([2; 32], TenantId::DEFAULT);
        assert!(cache.get(&[1; 32]).is_some());
        assert!(cache.get(&[2; 32]).is_none());
        cache.clear();
        assert!(cache.get(&[1; 32]).is_none());
    }

    #[test]
    fn an_old_entry_asks_the_store_again() {
        let cache = KeyCache::new(1, Duration::ZERO);
        cache.insert([1; 32], TenantId::DEFAULT);
        assert!(cache.get(&[1; 32]).is_none());
    }
}
