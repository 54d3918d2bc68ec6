//! Who leads in a role.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::SqliteStore;
use super::columns::{micros, now};
use crate::Leadership;
use crate::error::Result;

#[async_trait]
impl Leadership for SqliteStore {
    async fn try_lead(&self, role: &str, holder: Uuid, lease: Duration) -> Result<bool> {
        let role = role.to_owned();
        self.write(move |c| {
            Box::pin(async move {
                let now = now();
                let led = sqlx::query(
                    "INSERT INTO leaders (role, holder, expires_at) VALUES (?1, ?2, ?4)
                     ON CONFLICT (role) DO UPDATE
                     SET holder = excluded.holder, expires_at = excluded.expires_at
                     WHERE holder = excluded.holder OR expires_at <= ?3",
                )
                .bind(role)
                .bind(holder)
                .bind(now)
                .bind(now.saturating_add(micros(lease)))
                .execute(c)
                .await?;
                Ok(led.rows_affected() > 0)
            })
        })
        .await
    }

    async fn resign(&self, role: &str, holder: Uuid) -> Result<()> {
        let role = role.to_owned();
        self.write(move |c| {
            Box::pin(async move {
                sqlx::query("DELETE FROM leaders WHERE role = ?1 AND holder = ?2")
                    .bind(role)
                    .bind(holder)
                    .execute(c)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
