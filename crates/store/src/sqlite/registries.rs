//! Registries.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::columns::{micros, now, read_time, read_uuid};
use crate::error::Result;
use crate::stored_registry::{MAX_REGISTRIES, decode_registry, encode_registry};
use crate::{
    CreatedRegistry, DiscoveryTurn, NewRegistry, Registries, RegistryChange, RegistryId,
    RegistryResource, TenantId, WalkStep,
};

#[derive(FromRow)]
struct RegistryRow {
    id: Vec<u8>,
    host: String,
    settings: String,
    created_at: i64,
    updated_at: i64,
}

impl RegistryRow {
    fn read(self) -> Result<RegistryResource> {
        Ok(RegistryResource {
            id: RegistryId(read_uuid(&self.id)?),
            host: self.host,
            settings: decode_registry(&self.settings)?,
            created_at: read_time(self.created_at)?,
            updated_at: read_time(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
struct TurnRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    host: String,
    settings: String,
    discovery_cursor: Option<String>,
    discovery_due_at: i64,
}

impl TurnRow {
    fn read(self) -> Result<DiscoveryTurn> {
        Ok(DiscoveryTurn {
            tenant: TenantId(read_uuid(&self.tenant_id)?),
            registry: RegistryId(read_uuid(&self.id)?),
            host: self.host,
            repositories: decode_registry(&self.settings)?
                .discovery
                .unwrap_or_default(),
            cursor: self.discovery_cursor,
            held_until: read_time(self.discovery_due_at)?,
        })
    }
}

#[async_trait]
impl Registries for SqliteStore {
    async fn create_registry(&self, registry: &NewRegistry) -> Result<CreatedRegistry> {
        let registry = registry.clone();
        self.write(|c| Box::pin(async move { create(c, &registry).await }))
            .await
    }

    async fn registries(&self, tenant: TenantId) -> Result<Vec<RegistryResource>> {
        let rows: Vec<RegistryRow> = sqlx::query_as(
            "SELECT id, host, settings, created_at, updated_at FROM registries
             WHERE tenant_id = ?1 ORDER BY host",
        )
        .bind(tenant.0)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(RegistryRow::read).collect()
    }

    async fn registry(&self, tenant: TenantId, id: RegistryId) -> Result<Option<RegistryResource>> {
        let row: Option<RegistryRow> = sqlx::query_as(
            "SELECT id, host, settings, created_at, updated_at FROM registries
             WHERE tenant_id = ?1 AND id = ?2",
        )
        .bind(tenant.0)
        .bind(id.0)
        .fetch_optional(self.readers())
        .await?;
        row.map(RegistryRow::read).transpose()
    }

    async fn registry_of_host(
        &self,
        tenant: TenantId,
        host: &str,
    ) -> Result<Option<RegistryResource>> {
        let row: Option<RegistryRow> = sqlx::query_as(
            "SELECT id, host, settings, created_at, updated_at FROM registries
             WHERE tenant_id = ?1 AND host = ?2",
        )
        .bind(tenant.0)
        .bind(host)
        .fetch_optional(self.readers())
        .await?;
        row.map(RegistryRow::read).transpose()
    }

    async fn change_registry(
        &self,
        tenant: TenantId,
        id: RegistryId,
        change: &RegistryChange,
    ) -> Result<bool> {
        let change = change.clone();
        self.write(move |c| Box::pin(async move { change_one(c, tenant, id, change).await }))
            .await
    }

    async fn delete_registry(&self, tenant: TenantId, id: RegistryId) -> Result<bool> {
        self.write(move |c| {
            Box::pin(async move {
                let deleted =
                    sqlx::query("DELETE FROM registries WHERE tenant_id = ?1 AND id = ?2")
                        .bind(tenant.0)
                        .bind(id.0)
                        .execute(c)
                        .await?;
                Ok(deleted.rows_affected() > 0)
            })
        })
        .await
    }

    async fn take_discovery(&self, hold: Duration) -> Result<Option<DiscoveryTurn>> {
        let row: Option<TurnRow> = self
            .write(move |c| {
                Box::pin(async move {
                    Ok(sqlx::query_as(
                        "UPDATE registries SET discovery_due_at = ?1 + ?2
                         WHERE id = (SELECT id FROM registries WHERE discovery_due_at <= ?1
                                     ORDER BY discovery_due_at, id LIMIT 1)
                         RETURNING id, tenant_id, host, settings, discovery_cursor,
                                   discovery_due_at",
                    )
                    .bind(now())
                    .bind(micros(hold))
                    .fetch_optional(c)
                    .await?)
                })
            })
            .await?;
        row.map(TurnRow::read).transpose()
    }

    async fn save_discovery(&self, turn: &DiscoveryTurn, step: &WalkStep) -> Result<()> {
        let (turn, step) = (turn.clone(), step.clone());
        self.write(move |c| {
            Box::pin(async move {
                let (cursor, wait) = match step {
                    WalkStep::Continue(cursor, wait) => (cursor, wait),
                    WalkStep::Complete(wait) => (None, wait),
                };
                sqlx::query(
                    "UPDATE registries SET discovery_cursor = ?3, discovery_due_at = ?4
                     WHERE id = ?1 AND discovery_due_at = ?2",
                )
                .bind(turn.registry.0)
                .bind(turn.held_until.timestamp_micros())
                .bind(cursor)
                .bind(now().saturating_add(micros(wait)))
                .execute(c)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn create(c: &mut SqliteConnection, new: &NewRegistry) -> Result<CreatedRegistry> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM registries WHERE tenant_id = ?1")
        .bind(new.tenant.0)
        .fetch_one(&mut *c)
        .await?;
    if count >= MAX_REGISTRIES {
        return Ok(CreatedRegistry::TooMany);
    }
    let now = now();
    let created = sqlx::query(
        "INSERT INTO registries
             (id, tenant_id, host, settings, discovery_due_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (tenant_id, host) DO NOTHING",
    )
    .bind(new.id.0)
    .bind(new.tenant.0)
    .bind(&new.host)
    .bind(encode_registry(&new.settings)?)
    .bind(new.settings.discovery.is_some().then_some(now))
    .bind(now)
    .execute(c)
    .await?;
    Ok(match created.rows_affected() {
        0 => CreatedRegistry::HostTaken,
        _ => CreatedRegistry::New,
    })
}

async fn change_one(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: RegistryId,
    change: RegistryChange,
) -> Result<bool> {
    let known: Option<String> =
        sqlx::query_scalar("SELECT settings FROM registries WHERE tenant_id = ?1 AND id = ?2")
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
    let now = now();
    sqlx::query("UPDATE registries SET settings = ?2, updated_at = ?3 WHERE id = ?1")
        .bind(id.0)
        .bind(encode_registry(&settings)?)
        .bind(now)
        .execute(&mut *c)
        .await?;
    if discovers_anew {
        sqlx::query(
            "UPDATE registries SET discovery_due_at = ?2, discovery_cursor = NULL WHERE id = ?1",
        )
        .bind(id.0)
        .bind(settings.discovery.is_some().then_some(now))
        .execute(c)
        .await?;
    }
    Ok(true)
}
