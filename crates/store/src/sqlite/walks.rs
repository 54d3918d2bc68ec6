//! Walks through repositories at their registries.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::SqliteStore;
use super::columns::{micros, now, read_digest, read_uuid};
use crate::error::Result;
use crate::{Tag, TenantId, Walk, WalkStep, Walks};

#[async_trait]
impl Walks for SqliteStore {
    async fn take_walk(&self, hold: Duration) -> Result<Option<Walk>> {
        let row: Option<(Vec<u8>, String, Option<String>)> = self
            .write(move |c| {
                Box::pin(async move {
                    // What is not at a registry begins with how its source is read.
                    Ok(sqlx::query_as(
                        "UPDATE repositories SET walk_due_at = ?1 + ?2
                         WHERE id = (SELECT id FROM repositories
                                     WHERE walk_due_at <= ?1
                                       AND name NOT LIKE 'oci:%' AND name NOT LIKE 'oci-archive:%'
                                       AND name NOT LIKE 'docker-archive:%'
                                       AND name NOT LIKE 'rootfs:%' AND name NOT LIKE 'sbom:%'
                                     ORDER BY walk_due_at, id LIMIT 1)
                         RETURNING tenant_id, name, walk_cursor",
                    )
                    .bind(now())
                    .bind(micros(hold))
                    .fetch_optional(c)
                    .await?)
                })
            })
            .await?;
        row.map(|(tenant, repository, cursor)| {
            Ok(Walk {
                tenant: TenantId(read_uuid(&tenant)?),
                repository,
                cursor,
            })
        })
        .transpose()
    }

    async fn save_walk(&self, walk: &Walk, step: &WalkStep) -> Result<()> {
        let (walk, step) = (walk.clone(), step.clone());
        self.write(move |c| {
            Box::pin(async move {
                let (cursor, wait) = match step {
                    WalkStep::Continue(cursor, wait) => (cursor, wait),
                    WalkStep::Complete(wait) => (None, wait),
                };
                sqlx::query(
                    "UPDATE repositories SET walk_cursor = ?3, walk_due_at = ?4
                     WHERE tenant_id = ?1 AND name = ?2",
                )
                .bind(walk.tenant.0)
                .bind(&walk.repository)
                .bind(cursor)
                .bind(now().saturating_add(micros(wait)))
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
        let tag = tag.clone();
        self.write(move |c| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE tags SET digest = ?4, last_seen = max(last_seen, ?5)
                     WHERE repository_id = (SELECT id FROM repositories
                                            WHERE tenant_id = ?1 AND name = ?2)
                       AND name = ?3 AND valid_to IS NULL",
                )
                .bind(tenant.0)
                .bind(&tag.repository)
                .bind(&tag.name)
                .bind(digest.as_bytes().as_slice())
                .bind(at.timestamp_micros())
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
        let digests: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT images.digest FROM repository_images AS held
             JOIN images ON images.id = held.image_id
             WHERE held.repository_id = (SELECT id FROM repositories
                                         WHERE tenant_id = ?1 AND name = ?2)
               AND held.gone_at IS NULL AND images.digest > ?3
               AND NOT EXISTS (SELECT 1 FROM tags
                               WHERE tags.image_id = held.image_id AND tags.valid_to IS NULL
                                 AND tags.repository_id = held.repository_id)
             ORDER BY images.digest LIMIT ?4",
        )
        .bind(tenant.0)
        .bind(repository)
        .bind(after.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()))
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await?;
        digests.iter().map(|digest| read_digest(digest)).collect()
    }
}
