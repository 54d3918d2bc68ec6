//! Credentials that are good for one scan.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::PostgresStore;
use super::statements::statements;
use crate::error::Result;
use crate::{ScanCredentials, ScanId, SealedSecret, TenantId};

statements! {
    KEEP = "INSERT INTO scan_credentials (scan_id, tenant_id, sealed_by, sealed, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (scan_id) DO UPDATE SET sealed_by = excluded.sealed_by,
            sealed = excluded.sealed, expires_at = excluded.expires_at
        WHERE scan_credentials.tenant_id = excluded.tenant_id";
    FIND = "SELECT sealed_by, sealed FROM scan_credentials
        WHERE scan_id = $1 AND expires_at > now()";
    SWEEP = "DELETE FROM scan_credentials WHERE expires_at <= now()
        OR EXISTS (SELECT FROM scans WHERE scans.id = scan_credentials.scan_id
                   AND scans.state IN ('done', 'failed', 'cancelled'))";
}

#[async_trait]
impl ScanCredentials for PostgresStore {
    async fn keep_scan_credential(
        &self,
        tenant: TenantId,
        scan: ScanId,
        secret: &SealedSecret,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(KEEP)
                        .bind(scan.0)
                        .bind(tenant.0)
                        .bind(&secret.sealed_by)
                        .bind(&secret.sealed)
                        .bind(expires_at)
                        .execute(c)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn scan_credential(&self, scan: ScanId) -> Result<Option<SealedSecret>> {
        let row: Option<(String, Vec<u8>)> = self
            .session
            .run(move |c, _| {
                Box::pin(
                    async move { Ok(sqlx::query_as(FIND).bind(scan.0).fetch_optional(c).await?) },
                )
            })
            .await?;
        Ok(row.map(|(sealed_by, sealed)| SealedSecret { sealed_by, sealed }))
    }

    async fn sweep_scan_credentials(&self) -> Result<u64> {
        self.session
            .run(move |c, _| {
                Box::pin(async move { Ok(sqlx::query(SWEEP).execute(c).await?.rows_affected()) })
            })
            .await
    }
}
