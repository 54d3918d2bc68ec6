//! Hooks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::PostgresStore;
use super::statements::statements;
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

statements! {
    /// One of a tenant's at a time, so that none is over the limit.
    LOCK_TENANT = "SELECT pg_advisory_xact_lock(hashtextextended('hooks ' || $1::text, 0))";
    CREATE = "INSERT INTO hooks
            (id, tenant_id, name, kind, registry, repositories, secret_hash, sealed_by,
             sealed_secret, created_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, now()
        WHERE (SELECT count(*) FROM hooks WHERE tenant_id = $2) < $10";
    LIST = select_hooks!("WHERE tenant_id = $1 ORDER BY created_at, id");
    ONE = select_hooks!("WHERE id = $1");
    DELETE = "DELETE FROM hooks WHERE tenant_id = $1 AND id = $2";
}

#[derive(FromRow)]
struct HookRow {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    kind: String,
    registry: Option<String>,
    repositories: String,
    secret_hash: Option<Vec<u8>>,
    sealed_by: Option<String>,
    sealed_secret: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
}

impl HookRow {
    fn read(self) -> Result<Hook> {
        Ok(Hook {
            id: HookId(self.id),
            tenant: TenantId(self.tenant_id),
            name: self.name,
            kind: self.kind,
            registry: self.registry,
            repositories: read_repositories(&self.repositories),
            secret: read_secret(self.secret_hash, self.sealed_by, self.sealed_secret)?,
            created_at: self.created_at,
        })
    }
}

#[async_trait]
impl Hooks for PostgresStore {
    async fn create_hook(&self, hook: &NewHook) -> Result<bool> {
        self.session
            .transaction(move |c, _| Box::pin(async move { create(c, hook).await }))
            .await
    }

    async fn hooks(&self, tenant: TenantId) -> Result<Vec<Hook>> {
        let rows: Vec<HookRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_as(LIST).bind(tenant.0).fetch_all(c).await?) })
            })
            .await?;
        rows.into_iter().map(HookRow::read).collect()
    }

    async fn hook_of_any_tenant(&self, id: HookId) -> Result<Option<Hook>> {
        let row: Option<HookRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_as(ONE).bind(id.0).fetch_optional(c).await?) })
            })
            .await?;
        row.map(HookRow::read).transpose()
    }

    async fn delete_hook(&self, tenant: TenantId, id: HookId) -> Result<bool> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let deleted = sqlx::query(DELETE)
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

async fn create(c: &mut PgConnection, hook: &NewHook) -> Result<bool> {
    sqlx::query(LOCK_TENANT)
        .bind(hook.tenant.0.to_string())
        .execute(&mut *c)
        .await?;
    let (hash, sealed_by, sealed) = write_secret(&hook.secret);
    let created = sqlx::query(CREATE)
        .bind(hook.id.0)
        .bind(hook.tenant.0)
        .bind(&hook.name)
        .bind(&hook.kind)
        .bind(&hook.registry)
        .bind(write_repositories(hook))
        .bind(hash)
        .bind(sealed_by)
        .bind(sealed)
        .bind(MAX_HOOKS)
        .execute(c)
        .await?;
    Ok(created.rows_affected() > 0)
}
