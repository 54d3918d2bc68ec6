//! Hooks: who may tell us of pushes and deletions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::TenantId;
use crate::error::Result;

/// Names a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(pub Uuid);

/// What is kept of a hook's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookSecret {
    /// Its SHA-256, where the sender sends the secret itself.
    Hashed([u8; 32]),
    /// The secret, encrypted, where the sender signs with it. The store cannot read it.
    Sealed {
        /// The key that opens it.
        key_id: String,
        /// What came out.
        content: Vec<u8>,
    },
}

/// A hook to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHook {
    /// Its id.
    pub id: HookId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The kind of sender: `harbor`.
    pub kind: String,
    /// The host under which images are pulled; `None` for the one that deliveries name.
    pub registry: Option<String>,
    /// Patterns of the repositories that may be told of; empty for all.
    pub repositories: Vec<String>,
    /// What its deliveries are authenticated with.
    pub secret: HookSecret,
}

/// A hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its id.
    pub id: HookId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The kind of sender.
    pub kind: String,
    /// The host under which images are pulled.
    pub registry: Option<String>,
    /// Patterns of the repositories that may be told of.
    pub repositories: Vec<String>,
    /// What its deliveries are authenticated with.
    pub secret: HookSecret,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// Hooks.
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// Stores a hook; false when the tenant has as many as it may.
    async fn create_hook(&self, hook: &NewHook) -> Result<bool>;

    /// A tenant's hooks, the oldest first.
    async fn hooks(&self, tenant: TenantId) -> Result<Vec<Hook>>;

    /// A hook, whoever's: a delivery says for which it is, and proves it afterwards.
    async fn hook_of_any_tenant(&self, id: HookId) -> Result<Option<Hook>>;

    /// Removes a hook; false when the tenant has none of this id.
    async fn delete_hook(&self, tenant: TenantId, id: HookId) -> Result<bool>;
}
