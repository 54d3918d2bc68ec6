//! What requests to registries share: connections, and tokens until they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::redirect::{Action, Attempt, Policy};
use scanyard_egress::Egress;

use super::{Credentials, RegistryOptions};

/// Redirects that are followed from one request.
const MAX_REDIRECTS: usize = 10;
/// Tokens kept at most; a scan needs one.
const MAX_TOKENS: usize = 10_000;
/// Clients kept at most: one for each kind of connection that registries want.
const MAX_CLIENTS: usize = 256;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections and tokens. Clones share them; tokens are kept apart by credentials.
#[derive(Clone, Default)]
pub struct Session(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    clients: HashMap<ClientKey, reqwest::Client>,
    tokens: HashMap<TokenKey, Token>,
}

#[derive(PartialEq, Eq, Hash)]
struct ClientKey {
    tls_verify: bool,
    read_timeout: Duration,
    proxy: bool,
    egress: Egress,
    redirects: Redirects,
    certificates: [u8; 32],
}

/// Which redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Redirects {
    /// All that are safe to follow.
    Followed,
    /// Those that stay at the host that was asked.
    WithinHost,
}

/// What a token is good for, and who bought it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    pub realm: String,
    pub service: Option<String>,
    pub scope: String,
    pub credentials: Option<Credentials>,
}

struct Token {
    value: String,
    expires: Instant,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A client for these options. A registry on this machine is not behind a proxy.
    pub(super) fn client(
        &self,
        options: &RegistryOptions,
        loopback: bool,
        redirects: Redirects,
    ) -> reqwest::Result<reqwest::Client> {
        let key = ClientKey {
            tls_verify: options.tls_verify,
            read_timeout: options.read_timeout,
            proxy: !loopback,
            egress: options.egress,
            redirects,
            certificates: options.certificates.fingerprint(),
        };
        let mut shared = self.shared();
        if let Some(client) = shared.clients.get(&key) {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("scanyard/", env!("CARGO_PKG_VERSION")))
            .tls_danger_accept_invalid_certs(!options.tls_verify)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(options.read_timeout)
            .redirect(follow(options.egress, redirects))
            // Blobs are often gzip; their bytes must arrive as they are.
            .no_gzip();
        if loopback {
            builder = builder.no_proxy();
        }
        if options.egress != Egress::Anywhere {
            builder = builder.dns_resolver(options.egress.resolver());
        }
        let client = options.certificates.apply(builder)?.build()?;
        if shared.clients.len() >= MAX_CLIENTS {
            // Whoever uses one has a clone of it.
            shared.clients.clear();
        }
        shared.clients.insert(key, client.clone());
        Ok(client)
    }

    pub(super) fn token(&self, key: &TokenKey) -> Option<String> {
        let shared = self.shared();
        let token = shared.tokens.get(key)?;
        (token.expires > Instant::now()).then(|| token.value.clone())
    }

    pub(super) fn keep_token(&self, key: TokenKey, value: String, lifetime: Duration) {
        let now = Instant::now();
        let mut shared = self.shared();
        if shared.tokens.len() >= MAX_TOKENS {
            shared.tokens.retain(|_, token| token.expires > now);
        }
        if shared.tokens.len() < MAX_TOKENS {
            let expires = now + lifetime;
            shared.tokens.insert(key, Token { value, expires });
        }
    }

    /// Forgets a token that the registry did not take.
    pub(super) fn drop_token(&self, key: &TokenKey) {
        self.shared().tokens.remove(key);
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows redirects to where we may go, though never from TLS to plain text. Credentials stay
/// behind when the host changes: the HTTP client sees to that, and a test watches it.
fn follow(egress: Egress, redirects: Redirects) -> Policy {
    Policy::custom(move |attempt| {
        let stays = |url: &reqwest::Url| {
            let origin = |url: &reqwest::Url| {
                (
                    url.host_str().map(str::to_owned),
                    url.port_or_known_default(),
                )
            };
            origin(url) == origin(attempt.url())
        };
        if redirects == Redirects::WithinHost && !attempt.previous().last().is_some_and(stays) {
            return attempt.stop();
        }
        match egress.check_host(attempt.url()) {
            Ok(()) => follow_safely(attempt),
            Err(refused) => attempt.error(refused),
        }
    })
}

fn follow_safely(attempt: Attempt<'_>) -> Action {
    let leaves_tls = attempt.url().scheme() != "https"
        && attempt.previous().iter().any(|url| url.scheme() == "https");
    if leaves_tls {
        return attempt.error("it redirects from https to http");
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("it redirects without end");
    }
    attempt.follow()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: Option<&str>) -> TokenKey {
        TokenKey {
            realm: "https://auth.example.com".into(),
            service: None,
            scope: "repository:a:pull".into(),
            credentials: user.map(|user| Credentials {
                username: user.into(),
                password: "p".into(),
            }),
        }
    }

    #[test]
    fn tokens_are_kept_apart_by_credentials() {
        let session = Session::default();
        session.keep_token(key(Some("ann")), "t".into(), Duration::from_secs(60));
        assert_eq!(
            session.clone().token(&key(Some("ann"))).as_deref(),
            Some("t")
        );
        assert_eq!(session.token(&key(Some("bob"))), None);
        assert_eq!(session.token(&key(None)), None);
    }

    #[test]
    fn expired_and_dropped_tokens_are_gone() {
        let session = Session::default();
        session.keep_token(key(None), "t".into(), Duration::ZERO);
        assert_eq!(session.token(&key(None)), None);
        session.keep_token(key(None), "t".into(), Duration::from_secs(60));
        session.drop_token(&key(None));
        assert_eq!(session.token(&key(None)), None);
    }
}
