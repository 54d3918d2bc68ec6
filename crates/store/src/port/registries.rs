//! Registries: how a tenant's images are reached.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{TenantId, WalkStep};
use crate::error::Result;

/// Names a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryId(pub Uuid);

/// A secret as it is stored: the store cannot read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The key that opens it.
    pub sealed_by: String,
    /// What came out of the encryption. The id of its row is bound to it.
    pub sealed: Vec<u8>,
}

/// What a registry is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RegistryCredentials {
    /// Nothing of the tenant's.
    #[default]
    None,
    /// A user's name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: SealedSecret,
    },
    /// An identity token, which buys short ones.
    Token(SealedSecret),
}

/// What we show to a registry that asks for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and those that it is signed by, as PEM.
    pub certificate: String,
    /// Its private key, as PEM.
    pub key: SealedSecret,
}

/// How connections to a registry are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryTransport {
    /// Without TLS.
    PlainHttp,
    /// With TLS.
    Tls {
        /// Certificates, as PEM, of authorities that are trusted beside the machine's.
        authority: Option<String>,
        /// What we show.
        certificate: Option<ClientCertificate>,
    },
}

impl Default for RegistryTransport {
    fn default() -> Self {
        RegistryTransport::Tls {
            authority: None,
            certificate: None,
        }
    }
}

/// How a registry is reached, and what of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistrySettings {
    /// Registries that have the same repositories, and are asked first, in this order.
    pub mirrors: Vec<String>,
    /// How connections are made.
    pub transport: RegistryTransport,
    /// What it is shown.
    pub credentials: RegistryCredentials,
    /// Patterns of the repositories that may be pulled; all, where there is none.
    pub repositories: Vec<String>,
    /// Whether it may have a private, loopback or link-local address.
    pub private_addresses: bool,
    /// Hosts beside its own that may sell its tokens.
    pub token_hosts: Vec<String>,
    /// Patterns of the repositories that are looked for at the registry itself; `None` where nobody
    /// looks.
    pub discovery: Option<Vec<String>>,
}

/// A registry to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRegistry {
    /// Its id.
    pub id: RegistryId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its host, as references have it: `docker.io`, `registry.example:5000`.
    pub host: String,
    /// How it is reached.
    pub settings: RegistrySettings,
}

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryResource {
    /// Its id.
    pub id: RegistryId,
    /// Its host, as references have it.
    pub host: String,
    /// How it is reached.
    pub settings: RegistrySettings,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was changed the last time.
    pub updated_at: DateTime<Utc>,
}

/// What became of a registry that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatedRegistry {
    /// It is stored.
    New,
    /// The tenant has one of this host.
    HostTaken,
    /// The tenant has as many as it may.
    TooMany,
}

/// What to change about a registry; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryChange {
    /// Other mirrors.
    pub mirrors: Option<Vec<String>>,
    /// Other connections.
    pub transport: Option<RegistryTransport>,
    /// Other credentials.
    pub credentials: Option<RegistryCredentials>,
    /// Other repositories.
    pub repositories: Option<Vec<String>>,
    /// Whether its address may be private.
    pub private_addresses: Option<bool>,
    /// Other hosts of tokens.
    pub token_hosts: Option<Vec<String>>,
    /// Whether and what is looked for.
    pub discovery: Option<Option<Vec<String>>>,
}

impl RegistryChange {
    /// The settings of a registry that begins with this; the rest is as usual.
    pub fn of_new(self) -> RegistrySettings {
        let mut settings = RegistrySettings::default();
        self.apply(&mut settings);
        settings
    }

    pub(crate) fn apply(self, settings: &mut RegistrySettings) {
        let RegistrySettings {
            mirrors,
            transport,
            credentials,
            repositories,
            private_addresses,
            token_hosts,
            discovery,
        } = settings;
        replace(mirrors, self.mirrors);
        replace(transport, self.transport);
        replace(credentials, self.credentials);
        replace(repositories, self.repositories);
        replace(private_addresses, self.private_addresses);
        replace(token_hosts, self.token_hosts);
        replace(discovery, self.discovery);
    }
}

fn replace<T>(known: &mut T, other: Option<T>) {
    if let Some(other) = other {
        *known = other;
    }
}

/// A piece of a discovery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryTurn {
    /// Whose registry it is.
    pub tenant: TenantId,
    /// The registry.
    pub registry: RegistryId,
    /// Its host.
    pub host: String,
    /// Patterns of the repositories that are looked for.
    pub repositories: Vec<String>,
    /// Where to go on, as the piece before said; `None` at the beginning.
    pub cursor: Option<String>,
    /// Until when it is this turn's, which keeps a late one from writing.
    pub held_until: DateTime<Utc>,
}

/// Registries.
#[async_trait]
pub trait Registries: Send + Sync + 'static {
    /// Stores a registry, unless the tenant has one of this host or as many as it may.
    async fn create_registry(&self, registry: &NewRegistry) -> Result<CreatedRegistry>;

    /// A tenant's registries, in the order of their hosts.
    async fn registries(&self, tenant: TenantId) -> Result<Vec<RegistryResource>>;

    /// One of them.
    async fn registry(&self, tenant: TenantId, id: RegistryId) -> Result<Option<RegistryResource>>;

    /// The one of a host.
    async fn registry_of_host(
        &self,
        tenant: TenantId,
        host: &str,
    ) -> Result<Option<RegistryResource>>;

    /// Changes one; false when the tenant has none of this id. What is looked for is looked for from
    /// the beginning where that is changed.
    async fn change_registry(
        &self,
        tenant: TenantId,
        id: RegistryId,
        change: &RegistryChange,
    ) -> Result<bool>;

    /// Removes one with its secrets; false when the tenant has none of this id.
    async fn delete_registry(&self, tenant: TenantId, id: RegistryId) -> Result<bool>;

    /// The registry that is due the longest of those in which repositories are looked for; it counts
    /// as being worked on for a while.
    async fn take_discovery(&self, hold: Duration) -> Result<Option<DiscoveryTurn>>;

    /// Stores how a discovery goes on, unless somebody else took it, or changed
    /// what is looked for, meanwhile.
    async fn save_discovery(&self, turn: &DiscoveryTurn, step: &WalkStep) -> Result<()>;
}
