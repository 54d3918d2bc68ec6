//! Registries as JSON: what is secret is told to be there, and never shown.

use chrono::{DateTime, Utc};
use scanyard_store::{RegistryCredentials, RegistryResource, RegistryTransport};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A registry, and how it is reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Registry)]
pub struct RegistryView {
    /// Its id.
    pub id: Uuid,
    /// Its host, as references have it.
    #[schema(example = "registry.example.com:5000")]
    pub host: String,
    /// Registries that have the same repositories and are asked first, in this order.
    pub mirrors: Vec<String>,
    /// Whether it is reached without TLS.
    pub plain_http: bool,
    /// Whether an authority of its own is trusted.
    pub has_authority: bool,
    /// Whether it is shown a certificate.
    pub has_client_certificate: bool,
    /// `none`, `basic` or `token`.
    #[schema(example = "basic")]
    pub credentials: &'static str,
    /// The user's name, with `basic`.
    pub username: Option<String>,
    /// Patterns of the repositories that may be pulled; empty for all.
    pub repositories: Vec<String>,
    /// Whether it may have a private, loopback or link-local address.
    pub private_addresses: bool,
    /// Hosts beside its own that may sell its tokens.
    pub token_hosts: Vec<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was changed the last time.
    pub updated_at: DateTime<Utc>,
}

impl From<RegistryResource> for RegistryView {
    fn from(registry: RegistryResource) -> Self {
        let settings = registry.settings;
        let (plain_http, has_authority, has_client_certificate) = match &settings.transport {
            RegistryTransport::PlainHttp => (true, false, false),
            RegistryTransport::Tls {
                authority,
                certificate,
            } => (false, authority.is_some(), certificate.is_some()),
        };
        let (credentials, username) = match settings.credentials {
            RegistryCredentials::None => ("none", None),
            RegistryCredentials::Basic { username, .. } => ("basic", Some(username)),
            RegistryCredentials::Token(_) => ("token", None),
        };
        Self {
            id: registry.id.0,
            host: registry.host,
            mirrors: settings.mirrors,
            plain_http,
            has_authority,
            has_client_certificate,
            credentials,
            username,
            repositories: settings.repositories,
            private_addresses: settings.private_addresses,
            token_hosts: settings.token_hosts,
            created_at: registry.created_at,
            updated_at: registry.updated_at,
        }
    }
}
