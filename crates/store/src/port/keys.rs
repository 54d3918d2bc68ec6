//! Tenants and API keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::Result;

/// Who owns scans, images and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub Uuid);

impl TenantId {
    /// The tenant of an installation that has only one.
    pub const DEFAULT: TenantId = TenantId(Uuid::nil());
}

/// Names an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub Uuid);

/// A key to be stored. The key itself is never stored, only its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Its public first part, by which it is found.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Its public first part.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// API keys.
#[async_trait]
pub trait Keys: Send + Sync + 'static {
    /// Stores a key.
    async fn create_key(&self, key: &NewApiKey) -> Result<()>;

    /// Stores a key only if there is none at all; whether it did. One start of several at the same
    /// time wins.
    async fn create_first_key(&self, key: &NewApiKey) -> Result<bool>;

    /// The keys with this prefix, revoked ones too.
    async fn keys_by_prefix(&self, prefix: &str) -> Result<Vec<ApiKey>>;

    /// A tenant's keys, the oldest first.
    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>>;

    /// Revokes a key; false when the tenant has no such key.
    async fn revoke_key(&self, tenant: TenantId, id: KeyId) -> Result<bool>;
}
