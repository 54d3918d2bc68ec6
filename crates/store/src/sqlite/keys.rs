//! API keys.

use async_trait::async_trait;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::columns::{corrupt, now, read_time, read_uuid};
use crate::error::Result;
use crate::{ApiKey, KeyId, Keys, NewApiKey, TenantId};

#[derive(FromRow)]
struct KeyRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    name: String,
    prefix: String,
    hash: Vec<u8>,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl KeyRow {
    fn read(self) -> Result<ApiKey> {
        Ok(ApiKey {
            id: KeyId(read_uuid(&self.id)?),
            tenant: TenantId(read_uuid(&self.tenant_id)?),
            name: self.name,
            prefix: self.prefix,
            hash: <[u8; 32]>::try_from(self.hash.as_slice())
                .map_err(|_| corrupt("hash", hex::encode(&self.hash)))?,
            created_at: read_time(self.created_at)?,
            revoked_at: self.revoked_at.map(read_time).transpose()?,
        })
    }
}

#[async_trait]
impl Keys for SqliteStore {
    async fn create_key(&self, key: &NewApiKey) -> Result<()> {
        let key = key.clone();
        self.write(|c| Box::pin(async move { insert_key(c, &key).await }))
            .await
    }

    async fn create_first_key(&self, key: &NewApiKey) -> Result<bool> {
        let key = key.clone();
        self.write(|c| {
            Box::pin(async move {
                let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM api_keys)")
                    .fetch_one(&mut *c)
                    .await?;
                if !exists {
                    insert_key(c, &key).await?;
                }
                Ok(!exists)
            })
        })
        .await
    }

    async fn keys_by_prefix(&self, prefix: &str) -> Result<Vec<ApiKey>> {
        let rows: Vec<KeyRow> = sqlx::query_as("SELECT * FROM api_keys WHERE prefix = ?1")
            .bind(prefix)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>> {
        let rows: Vec<KeyRow> =
            sqlx::query_as("SELECT * FROM api_keys WHERE tenant_id = ?1 ORDER BY created_at, id")
                .bind(tenant.0)
                .fetch_all(self.readers())
                .await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    async fn revoke_key(&self, tenant: TenantId, id: KeyId) -> Result<bool> {
        self.write(move |c| {
            Box::pin(async move {
                let revoked = sqlx::query(
                    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3)
                     WHERE tenant_id = ?1 AND id = ?2",
                )
                .bind(tenant.0)
                .bind(id.0)
                .bind(now())
                .execute(c)
                .await?;
                Ok(revoked.rows_affected() > 0)
            })
        })
        .await
    }
}

async fn insert_key(c: &mut SqliteConnection, key: &NewApiKey) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_keys (id, tenant_id, name, prefix, hash, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(key.id.0)
    .bind(key.tenant.0)
    .bind(&key.name)
    .bind(&key.prefix)
    .bind(key.hash.as_slice())
    .bind(now())
    .execute(c)
    .await?;
    Ok(())
}
