//! Hooks.

use async_trait::async_trait;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::columns::{now, read_time, read_uuid};
use crate::error::Result;
use crate::stored_hook::{
    MAX_HOOKS, read_repositories, read_secret, write_repositories, write_secret,
};
use crate::{Hook, HookId, Hooks, NewHook, TenantId};

/// A select of hooks with this rest of a statement.
macro_rules! select_hooks {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, name, kind, registry, repositories, secret_hash, sealed_by,
                    sealed_secret, created_at
             FROM hooks ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct HookRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    name: String,
    kind: String,
    registry: Option<String>,
    repositories: String,
    secret_hash: Option<Vec<u8>>,
    sealed_by: Option<String>,
    sealed_secret: Option<Vec<u8>>,
    created_at: i64,
}

impl HookRow {
    fn read(self) -> Result<Hook> {
        Ok(Hook {
            id: HookId(read_uuid(&self.id)?),
            tenant: TenantId(read_uuid(&self.tenant_id)?),
            name: self.name,
            kind: self.kind,
            registry: self.registry,
            repositories: read_repositories(&self.repositories),
            secret: read_secret(self.secret_hash, self.sealed_by, self.sealed_secret)?,
            created_at: read_time(self.created_at)?,
        })
    }
}

#[async_trait]
impl Hooks for SqliteStore {
    async fn create_hook(&self, hook: &NewHook) -> Result<bool> {
        let hook = hook.clone();
        self.write(|c| Box::pin(async move { create(c, &hook).await }))
            .await
    }

    async fn hooks(&self, tenant: TenantId) -> Result<Vec<Hook>> {
        let rows: Vec<HookRow> = sqlx::query_as(select_hooks!(
            "WHERE tenant_id = ?1 ORDER BY created_at, id"
        ))
        .bind(tenant.0)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(HookRow::read).collect()
    }

    async fn hook_of_any_tenant(&self, id: HookId) -> Result<Option<Hook>> {
        let row: Option<HookRow> = sqlx::query_as(select_hooks!("WHERE id = ?1"))
            .bind(id.0)
            .fetch_optional(self.readers())
            .await?;
        row.map(HookRow::read).transpose()
    }

    async fn delete_hook(&self, tenant: TenantId, id: HookId) -> Result<bool> {
        self.write(move |c| {
            Box::pin(async move {
                let deleted = sqlx::query("DELETE FROM hooks WHERE tenant_id = ?1 AND id = ?2")
                    .bind(tenant.0)
                    .bind(id.0)
                    .execute(c)
                    .await?;
                Ok(deleted.rows_affected() > 0)
            })
        })
        .await
    }
}

async fn create(c: &mut SqliteConnection, hook: &NewHook) -> Result<bool> {
    let (hash, sealed_by, sealed) = write_secret(&hook.secret);
    let created = sqlx::query(
        "INSERT INTO hooks
             (id, tenant_id, name, kind, registry, repositories, secret_hash, sealed_by,
              sealed_secret, created_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
         WHERE (SELECT count(*) FROM hooks WHERE tenant_id = ?2) < ?11",
    )
    .bind(hook.id.0)
    .bind(hook.tenant.0)
    .bind(&hook.name)
    .bind(&hook.kind)
    .bind(&hook.registry)
    .bind(write_repositories(hook))
    .bind(hash)
    .bind(sealed_by)
    .bind(sealed)
    .bind(now())
    .bind(MAX_HOOKS)
    .execute(c)
    .await?;
    Ok(created.rows_affected() > 0)
}
