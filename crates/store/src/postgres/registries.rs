//! Registries.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::PostgresStore;
use super::columns::interval;
use super::statements::statements;
use crate::error::Result;
use crate::stored_registry::{MAX_REGISTRIES, decode_registry, encode_registry};
use crate::{
    CreatedRegistry, DiscoveryTurn, NewRegistry, Registries, RegistryChange, RegistryId,
    RegistryResource, TenantId, WalkStep,
};

statements! {
    /// One of a tenant's at a time, so that none is over the limit.
    LOCK_TENANT = "SELECT pg_advisory_xact_lock(hashtextextended('registries ' || $1::text, 0))";
    COUNT = "SELECT count(*) FROM registries WHERE tenant_id = $1";
    CREATE = "INSERT INTO registries
            (id, tenant_id, host, settings, discovery_due_at, created_at, updated_at)
        VALUES ($1, $2, $3, $4, CASE WHEN $5::bool THEN now() END, now(), now())
        ON CONFLICT (tenant_id, host) DO NOTHING";
    LIST = "SELECT id, host, settings, created_at, updated_at FROM registries
        WHERE tenant_id = $1 ORDER BY host";
    ONE = "SELECT id, host, settings, created_at, updated_at FROM registries
        WHERE tenant_id = $1 AND id = $2";
    OF_HOST = "SELECT id, host, settings, created_at, updated_at FROM registries
        WHERE tenant_id = $1 AND host = $2";
    LOCK = "SELECT settings FROM registries WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    CHANGE = "UPDATE registries SET settings = $2, updated_at = now() WHERE id = $1";
    DISCOVER_ANEW = "UPDATE registries
        SET discovery_due_at = CASE WHEN $2::bool THEN now() END, discovery_cursor = NULL
        WHERE id = $1";
    DELETE = "DELETE FROM registries WHERE tenant_id = $1 AND id = $2";
    TAKE = "UPDATE registries SET discovery_due_at = now() + $1
        WHERE id = (SELECT id FROM registries WHERE discovery_due_at <= now()
                    ORDER BY discovery_due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id, tenant_id, host, settings, discovery_cursor, discovery_due_at";
    SAVE = "UPDATE registries SET discovery_cursor = $3, discovery_due_at = now() + $4
        WHERE id = $1 AND discovery_due_at = $2";
}

#[derive(FromRow)]
struct RegistryRow {
    id: Uuid,
    host: String,
    settings: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl RegistryRow {
    fn read(self) -> Result<RegistryResource> {
        Ok(RegistryResource {
            id: RegistryId(self.id),
            host: self.host,
            settings: decode_registry(&self.settings)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

#[derive(FromRow)]
struct TurnRow {
    id: Uuid,
    tenant_id: Uuid,
    host: String,
    settings: String,
    discovery_cursor: Option<String>,
    discovery_due_at: DateTime<Utc>,
}

impl TurnRow {
    fn read(self) -> Result<DiscoveryTurn> {
        Ok(DiscoveryTurn {
            tenant: TenantId(self.tenant_id),
            registry: RegistryId(self.id),
            host: self.host,
            repositories: decode_registry(&self.settings)?
                .discovery
                .unwrap_or_default(),
            cursor: self.discovery_cursor,
            held_until: self.discovery_due_at,
        })
    }
}

#[async_trait]
impl Registries for PostgresStore {
    async fn create_registry(&self, registry: &NewRegistry) -> Result<CreatedRegistry> {
        self.session
            .transaction(move |c, _| Box::pin(async move { create(c, registry).await }))
            .await
    }

    async fn registries(&self, tenant: TenantId) -> Result<Vec<RegistryResource>> {
        let rows: Vec<RegistryRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query_as(LIST).bind(tenant.0).fetch_all(c).await?) })
            })
            .await?;
        rows.into_iter().map(RegistryRow::read).collect()
    }

    async fn registry(&self, tenant: TenantId, id: RegistryId) -> Result<Option<RegistryResource>> {
        let row: Option<RegistryRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(ONE)
                        .bind(tenant.0)
                        .bind(id.0)
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(RegistryRow::read).transpose()
    }

    async fn registry_of_host(
        &self,
        tenant: TenantId,
        host: &str,
    ) -> Result<Option<RegistryResource>> {
        let row: Option<RegistryRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(OF_HOST)
                        .bind(tenant.0)
                        .bind(host)
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(RegistryRow::read).transpose()
    }

    async fn change_registry(
        &self,
        tenant: TenantId,
        id: RegistryId,
        change: &RegistryChange,
    ) -> Result<bool> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { change_one(c, tenant, id, change.clone()).await })
            })
            .await
    }

    async fn delete_registry(&self, tenant: TenantId, id: RegistryId) -> Result<bool> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let deleted = sqlx::query(DELETE).bind(tenant.0).bind(id.0).execute(c);
                    Ok(deleted.await?.rows_affected() > 0)
                })
            })
            .await
    }

    async fn take_discovery(&self, hold: Duration) -> Result<Option<DiscoveryTurn>> {
        let row: Option<TurnRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(TAKE)
                        .bind(interval(hold))
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(TurnRow::read).transpose()
    }

    async fn save_discovery(&self, turn: &DiscoveryTurn, step: &WalkStep) -> Result<()> {
        let (cursor, wait) = match step {
            WalkStep::Continue(cursor, wait) => (cursor.as_deref(), *wait),
            WalkStep::Complete(wait) => (None, *wait),
        };
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(SAVE)
                        .bind(turn.registry.0)
                        .bind(turn.held_until)
                        .bind(cursor)
                        .bind(interval(wait))
                        .execute(c)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn create(c: &mut PgConnection, new: &NewRegistry) -> Result<CreatedRegistry> {
    sqlx::query(LOCK_TENANT)
        .bind(new.tenant.0.to_string())
        .execute(&mut *c)
        .await?;
    let count: i64 = sqlx::query_scalar(COUNT)
        .bind(new.tenant.0)
        .fetch_one(&mut *c)
        .await?;
    if count >= MAX_REGISTRIES {
        return Ok(CreatedRegistry::TooMany);
    }
    let created = sqlx::query(CREATE)
        .bind(new.id.0)
        .bind(new.tenant.0)
        .bind(&new.host)
        .bind(encode_registry(&new.settings)?)
        .bind(new.settings.discovery.is_some())
        .execute(c)
        .await?;
    Ok(match created.rows_affected() {
        0 => CreatedRegistry::HostTaken,
        _ => CreatedRegistry::New,
    })
}

async fn change_one(
    c: &mut PgConnection,
    tenant: TenantId,
    id: RegistryId,
    change: RegistryChange,
) -> Result<bool> {
    let known: Option<String> = sqlx::query_scalar(LOCK)
        .bind(tenant.0)
        .bind(id.0)
        .fetch_optional(&mut *c)
        .await?;
    let Some(known) = known else {
        return Ok(false);
    };
    let mut settings = decode_registry(&known)?;
    let discovers_anew = change.discovery.is_some();
    change.apply(&mut settings);
    sqlx::query(CHANGE)
        .bind(id.0)
        .bind(encode_registry(&settings)?)
        .execute(&mut *c)
        .await?;
    if discovers_anew {
        sqlx::query(DISCOVER_ANEW)
            .bind(id.0)
            .bind(settings.discovery.is_some())
            .execute(c)
            .await?;
    }
    Ok(true)
}
