//! Hooks as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::Hook;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A hook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hook)]
pub struct HookView {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The kind of sender.
    #[schema(example = "harbor")]
    pub kind: String,
    /// The host under which images are pulled; null for the one that deliveries name.
    pub registry: Option<String>,
    /// Patterns of the repositories that may be told of; empty for all.
    pub repositories: Vec<String>,
    /// Where deliveries go, at this service.
    #[schema(example = "/v1/hooks/harbor/018f…")]
    pub path: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl From<Hook> for HookView {
    fn from(hook: Hook) -> Self {
        Self {
            id: hook.id.0,
            path: format!("/v1/hooks/{}/{}", hook.kind, hook.id.0),
            name: hook.name,
            kind: hook.kind,
            registry: hook.registry,
            repositories: hook.repositories,
            created_at: hook.created_at,
        }
    }
}
