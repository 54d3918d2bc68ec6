//! What a client shows to a registry that challenged it.

use std::sync::{MutexGuard, PoisonError};

use super::challenge::Challenge;
use super::credentials::{BearerToken, Credentials};
use super::request::Client;
use super::retry::Refused;
use super::session::TokenKey;
use super::token;
use url::Url;

use crate::OciError;

/// Who we say that we are.
pub enum Authorization {
    Basic(String),
    /// A token that was given to us.
    Given(BearerToken),
    Token {
        key: TokenKey,
        token: String,
        /// Bought for this request.
        is_new: bool,
    },
}

impl Client {
    /// Remembers what the registry asks for.
    pub(super) fn learn(&self, challenge: Challenge) {
        *self.challenge() = Some(challenge);
    }

    fn challenge(&self) -> MutexGuard<'_, Option<Challenge>> {
        let challenge = &self.0.challenge;
        challenge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last challenge asked for.
    pub(super) async fn authorization(&self) -> Result<Option<Authorization>, Refused> {
        if let Some(given) = &self.0.options.bearer {
            return Ok(Some(Authorization::Given(given.clone())));
        }
        let Some(challenge) = self.challenge().clone() else {
            return Ok(None);
        };
        let credentials = self.credentials().await;
        let (realm, service, scope) = match challenge {
            Challenge::Basic => {
                let credentials = credentials.ok_or_else(|| self.denied())?;
                return Ok(Some(Authorization::Basic(token::basic(&credentials))));
            }
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => (realm, service, scope),
        };
        self.check_realm(&realm, credentials.is_some()).await?;
        let scope = scope.unwrap_or_else(|| self.0.place.scope());
        let key = TokenKey {
            realm,
            service,
            scope,
            credentials,
        };
        let session = &self.0.options.session;
        if let Some(token) = session.token(&key) {
            let is_new = false;
            return Ok(Some(Authorization::Token { key, token, is_new }));
        }
        tracing::debug!(realm = %key.realm, anonymous = key.credentials.is_none(), "buying a token");
        let bought = token::buy(&self.0.token_http, self.registry(), &key).await?;
        let (token, lifetime) = bought.ok_or_else(|| self.denied())?;
        session.keep_token(key.clone(), token.clone(), lifetime);
        let is_new = true;
        Ok(Some(Authorization::Token { key, token, is_new }))
    }

    /// Passwords that a registry over TLS asks for do not go out in plain text, and none goes to a
    /// host that only the registry's answer speaks for.
    async fn check_realm(&self, realm: &str, with_credentials: bool) -> Result<(), Refused> {
        let base = self.base().await?;
        let realm = Url::parse(realm).ok();
        let realm = realm.filter(|url| match url.scheme() {
            "https" => true,
            "http" => base.scheme() == "http",
            _ => false,
        });
        let Some(realm) = realm else {
            return Err(Refused::Final(OciError::Unexpected {
                registry: self.registry().to_owned(),
                detail: "its token service has no https address".to_owned(),
            }));
        };
        let options = &self.0.options;
        options
            .egress
            .check_host(&realm)
            .map_err(|refused| self.not_allowed(refused.to_string()))?;
        let host = realm.host_str().unwrap_or_default();
        let is_own = base.host_str() == Some(host);
        if is_own || options.token_hosts.allows(host, with_credentials) {
            return Ok(());
        }
        Err(self.not_allowed(format!(
            "its tokens are sold by {host}, which is not known to sell them"
        )))
    }

    pub(super) fn not_allowed(&self, detail: String) -> Refused {
        Refused::Final(OciError::NotAllowed {
            registry: self.registry().to_owned(),
            detail,
        })
    }

    async fn credentials(&self) -> Option<Credentials> {
        let inner = &self.0;
        let found = inner.credentials.get_or_init(|| async {
            match &inner.options.credentials {
                Some(given) => Some(given.clone()),
                None => {
                    let (registry, repository) = (self.registry(), inner.place.repository());
                    inner
                        .options
                        .credential_files
                        .find(registry, repository)
                        .await
                }
            }
        });
        found.await.clone()
    }
}
