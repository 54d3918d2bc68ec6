//! Credentials that are good for one scan.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::SqliteStore;
use super::columns::now;
use crate::error::Result;
use crate::{ScanCredentials, ScanId, SealedSecret, TenantId};

#[async_trait]
impl ScanCredentials for SqliteStore {
    async fn keep_scan_credential(
        &self,
        tenant: TenantId,
        scan: ScanId,
        secret: &SealedSecret,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        let secret = secret.clone();
        self.write(move |c| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO scan_credentials
                         (scan_id, tenant_id, sealed_by, sealed, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (scan_id) DO UPDATE SET sealed_by = excluded.sealed_by,
                         sealed = excluded.sealed, expires_at = excluded.expires_at
                     WHERE scan_credentials.tenant_id = excluded.tenant_id",
                )
                .bind(scan.0)
                .bind(tenant.0)
                .bind(&secret.sealed_by)
                .bind(&secret.sealed)
                .bind(expires_at.timestamp_micros())
                .execute(c)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn scan_credential(&self, scan: ScanId) -> Result<Option<SealedSecret>> {
        let row: Option<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT sealed_by, sealed FROM scan_credentials WHERE scan_id = ?1 AND expires_at > ?2",
        )
        .bind(scan.0)
        .bind(now())
        .fetch_optional(self.readers())
        .await?;
        Ok(row.map(|(sealed_by, sealed)| SealedSecret { sealed_by, sealed }))
    }

    async fn sweep_scan_credentials(&self) -> Result<u64> {
        self.write(|c| {
            Box::pin(async move {
                let swept = sqlx::query(
                    "DELETE FROM scan_credentials WHERE expires_at <= ?1
                         OR EXISTS (SELECT 1 FROM scans WHERE scans.id = scan_credentials.scan_id
                                    AND scans.state IN ('done', 'failed', 'cancelled'))",
                )
                .bind(now())
                .execute(c)
                .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
