//! API keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::{PgConnection, PgQueryResult};
use uuid::Uuid;

use super::PostgresStore;
use super::columns::corrupt;
use super::statements::statements;
use crate::error::Result;
use crate::{ApiKey, KeyId, Keys, NewApiKey, TenantId};

statements! {
    CREATE = "INSERT INTO api_keys (id, tenant_id, name, prefix, hash, created_at)
              VALUES ($1, $2, $3, $4, $5, now())";
    /// Keys are read meanwhile, but nobody else creates one.
    LOCK = "LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE";
    CREATE_FIRST = "INSERT INTO api_keys (id, tenant_id, name, prefix, hash, created_at)
                    SELECT $1, $2, $3, $4, $5, now()
                    WHERE NOT EXISTS (SELECT 1 FROM api_keys)";
    BY_PREFIX = "SELECT id, tenant_id, name, prefix, hash, created_at, revoked_at
                 FROM api_keys WHERE prefix = $1";
    BY_TENANT = "SELECT id, tenant_id, name, prefix, hash, created_at, revoked_at
                 FROM api_keys WHERE tenant_id = $1 ORDER BY created_at, id";
    REVOKE = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
              WHERE tenant_id = $1 AND id = $2";
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    prefix: String,
    hash: Vec<u8>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl KeyRow {
    fn read(self) -> Result<ApiKey> {
        Ok(ApiKey {
            id: KeyId(self.id),
            tenant: TenantId(self.tenant_id),
            name: self.name,
            prefix: self.prefix,
            hash: <[u8; 32]>::try_from(self.hash.as_slice())
                .map_err(|_| corrupt("hash", hex::encode(&self.hash)))?,
            created_at: self.created_at,
            revoked_at: self.revoked_at,
        })
    }
}

#[async_trait]
impl Keys for PostgresStore {
    async fn create_key(&self, key: &NewApiKey) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    insert(c, CREATE, key).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn create_first_key(&self, key: &NewApiKey) -> Result<bool> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move {
                    sqlx::query(LOCK).execute(&mut *c).await?;
                    Ok(insert(c, CREATE_FIRST, key).await?.rows_affected() > 0)
                })
            })
            .await
    }

    async fn keys_by_prefix(&self, prefix: &str) -> Result<Vec<ApiKey>> {
        let rows: Vec<KeyRow> = self
            .session
            .run(move |c, _| {
                Box::pin(
                    async move { Ok(sqlx::query_as(BY_PREFIX).bind(prefix).fetch_all(c).await?) },
                )
            })
            .await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>> {
        let rows: Vec<KeyRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(BY_TENANT)
                        .bind(tenant.0)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    async fn revoke_key(&self, tenant: TenantId, id: KeyId) -> Result<bool> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let revoked = sqlx::query(REVOKE)
                        .bind(tenant.0)
                        .bind(id.0)
                        .execute(c)
                        .await?;
                    Ok(revoked.rows_affected() > 0)
                })
            })
            .await
    }
}

async fn insert(
    c: &mut PgConnection,
    statement: &'static str,
    key: &NewApiKey,
) -> Result<PgQueryResult> {
    Ok(sqlx::query(statement)
        .bind(key.id.0)
        .bind(key.tenant.0)
        .bind(&key.name)
        .bind(&key.prefix)
        .bind(key.hash.as_slice())
        .execute(c)
        .await?)
}
