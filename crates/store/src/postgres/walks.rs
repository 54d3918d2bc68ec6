//! Walks through repositories at their registries.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use uuid::Uuid;

use super::PostgresStore;
use super::columns::{interval, read_digest};
use super::statements::statements;
use crate::error::Result;
use crate::{Tag, TenantId, Walk, WalkStep, Walks};

statements! {
    /// What is not at a registry begins with how its source is read.
    TAKE = "UPDATE repositories SET walk_due_at = now() + $1
        WHERE id = (SELECT id FROM repositories
                    WHERE walk_due_at <= now()
                      AND name NOT LIKE 'oci:%' AND name NOT LIKE 'oci-archive:%'
                      AND name NOT LIKE 'docker-archive:%' AND name NOT LIKE 'rootfs:%'
                      AND name NOT LIKE 'sbom:%'
                    ORDER BY walk_due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING tenant_id, name, walk_cursor";
    SAVE = "UPDATE repositories SET walk_cursor = $3, walk_due_at = now() + $4
        WHERE tenant_id = $1 AND name = $2";
    CONFIRM = "UPDATE tags SET digest = $4, last_seen = greatest(last_seen, $5)
        WHERE repository_id = (SELECT id FROM repositories WHERE tenant_id = $1 AND name = $2)
          AND name = $3 AND valid_to IS NULL";
    UNTAGGED = "SELECT images.digest FROM repository_images AS held
        JOIN images ON images.id = held.image_id
        WHERE held.repository_id = (SELECT id FROM repositories
                                    WHERE tenant_id = $1 AND name = $2)
          AND held.gone_at IS NULL AND images.digest > $3
          AND NOT EXISTS (SELECT 1 FROM tags
                          WHERE tags.image_id = held.image_id AND tags.valid_to IS NULL
                            AND tags.repository_id = held.repository_id)
        ORDER BY images.digest LIMIT $4";
}

#[async_trait]
impl Walks for PostgresStore {
    async fn take_walk(&self, hold: Duration) -> Result<Option<Walk>> {
        let row: Option<(Uuid, String, Option<String>)> = self
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
        Ok(row.map(|(tenant, repository, cursor)| Walk {
            tenant: TenantId(tenant),
            repository,
            cursor,
        }))
    }

    async fn save_walk(&self, walk: &Walk, step: &WalkStep) -> Result<()> {
        let (cursor, wait) = match step {
            WalkStep::Continue(cursor, wait) => (cursor.as_deref(), *wait),
            WalkStep::Complete(wait) => (None, *wait),
        };
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(SAVE)
                        .bind(walk.tenant.0)
                        .bind(&walk.repository)
                        .bind(cursor)
                        .bind(interval(wait))
                        .execute(c)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn tag_confirmed(
        &self,
        tenant: TenantId,
        tag: &Tag,
        digest: Digest,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(CONFIRM)
                        .bind(tenant.0)
                        .bind(&tag.repository)
                        .bind(&tag.name)
                        .bind(digest.as_bytes().as_slice())
                        .bind(at)
                        .execute(c)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn untagged_images(
        &self,
        tenant: TenantId,
        repository: &str,
        after: Option<Digest>,
        limit: u32,
    ) -> Result<Vec<Digest>> {
        let after = after.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec());
        let after = after.as_slice();
        let digests: Vec<Vec<u8>> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(UNTAGGED)
                        .bind(tenant.0)
                        .bind(repository)
                        .bind(after)
                        .bind(i64::from(limit))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }
}
