//! Who leads in a role.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::PostgresStore;
use super::columns::interval;
use super::statements::statements;
use crate::Leadership;
use crate::error::Result;

statements! {
    LEAD = "INSERT INTO leaders (role, holder, expires_at) VALUES ($1, $2, clock_timestamp() + $3)
            ON CONFLICT (role) DO UPDATE
            SET holder = excluded.holder, expires_at = clock_timestamp() + $3
            WHERE leaders.holder = excluded.holder OR leaders.expires_at <= clock_timestamp()";
    RESIGN = "DELETE FROM leaders WHERE role = $1 AND holder = $2";
}

#[async_trait]
impl Leadership for PostgresStore {
    async fn try_lead(&self, role: &str, holder: Uuid, lease: Duration) -> Result<bool> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let led = sqlx::query(LEAD)
                        .bind(role)
                        .bind(holder)
                        .bind(interval(lease))
                        .execute(c)
                        .await?;
                    Ok(led.rows_affected() > 0)
                })
            })
            .await
    }

    async fn resign(&self, role: &str, holder: Uuid) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(RESIGN)
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
