//! Deletions: what a tenant or a registry no longer has.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::columns::now;
use super::{SqliteStore, tags};
use crate::error::Result;
use crate::{Lifecycle, Page, PageRequest, RepositorySummary, Tag, TagDetail, TagPeriod, TenantId};

#[async_trait]
impl Lifecycle for SqliteStore {
    async fn repositories(
        &self,
        tenant: TenantId,
        page: &PageRequest,
    ) -> Result<Page<RepositorySummary>> {
        let mut snapshot = self.readers().begin().await?;
        tags::repositories(&mut snapshot, tenant, page).await
    }

    async fn tags(
        &self,
        tenant: TenantId,
        repository: &str,
        page: &PageRequest,
    ) -> Result<Option<Page<TagDetail>>> {
        let mut snapshot = self.readers().begin().await?;
        tags::tags(&mut snapshot, tenant, repository, page).await
    }

    async fn tag_history(
        &self,
        tenant: TenantId,
        tag: &Tag,
        page: &PageRequest,
    ) -> Result<Page<TagPeriod>> {
        let mut snapshot = self.readers().begin().await?;
        tags::tag_history(&mut snapshot, tenant, tag, page).await
    }

    async fn let_go_of_image(&self, tenant: TenantId, image: Digest) -> Result<bool> {
        self.write(move |c| Box::pin(async move { let_go(c, tenant, image).await }))
            .await
    }

    async fn tag_deleted(&self, tenant: TenantId, tag: &Tag, at: DateTime<Utc>) -> Result<()> {
        let (tag, at) = (tag.clone(), at.timestamp_micros());
        self.write(move |c| Box::pin(async move { end_tag(c, tenant, &tag, at).await }))
            .await
    }

    async fn image_deleted_in_repository(
        &self,
        tenant: TenantId,
        repository: &str,
        digest: Digest,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let (repository, at) = (repository.to_owned(), at.timestamp_micros());
        self.write(move |c| {
            Box::pin(async move { leave_repository(c, tenant, &repository, digest, at).await })
        })
        .await
    }
}

async fn let_go(c: &mut SqliteConnection, tenant: TenantId, image: Digest) -> Result<bool> {
    let image: Option<i64> = sqlx::query_scalar(
        "UPDATE tenant_images SET gone_at = max(?3, last_seen)
         WHERE tenant_id = ?1 AND image_id = (SELECT id FROM images WHERE digest = ?2)
           AND gone_at IS NULL
         RETURNING image_id",
    )
    .bind(tenant.0)
    .bind(image.as_bytes().as_slice())
    .bind(now())
    .fetch_optional(&mut *c)
    .await?;
    let Some(image) = image else {
        return Ok(false);
    };
    let statements = [
        "UPDATE repository_images SET gone_at = max(?3, last_seen)
         WHERE tenant_id = ?1 AND image_id = ?2 AND gone_at IS NULL",
        "UPDATE tags SET valid_to = max(?3, valid_from)
         WHERE tenant_id = ?1 AND image_id = ?2 AND valid_to IS NULL",
    ];
    for statement in statements {
        query(statement)
            .bind(tenant.0)
            .bind(image)
            .bind(now())
            .execute(&mut *c)
            .await?;
    }
    Ok(true)
}

async fn end_tag(c: &mut SqliteConnection, tenant: TenantId, tag: &Tag, at: i64) -> Result<()> {
    query(
        "UPDATE tags SET valid_to = max(valid_from, min(?4, ?5))
         WHERE repository_id = (SELECT id FROM repositories WHERE tenant_id = ?1 AND name = ?2)
           AND name = ?3 AND valid_to IS NULL AND last_seen <= ?4",
    )
    .bind(tenant.0)
    .bind(&tag.repository)
    .bind(&tag.name)
    .bind(at)
    .bind(now())
    .execute(c)
    .await?;
    Ok(())
}

async fn leave_repository(
    c: &mut SqliteConnection,
    tenant: TenantId,
    repository: &str,
    digest: Digest,
    at: i64,
) -> Result<()> {
    let Some(repository) = tags::repository_id(c, tenant, repository).await? else {
        return Ok(());
    };
    let statements = [
        "UPDATE repository_images SET gone_at = max(first_seen, min(?4, ?5))
         WHERE repository_id = ?2 AND image_id = (SELECT id FROM images WHERE digest = ?3)
           AND gone_at IS NULL AND last_seen <= ?4",
        // An image goes when its last repository lets go of it.
        "UPDATE tenant_images
         SET gone_at = (SELECT max(held.gone_at) FROM repository_images AS held
                        WHERE held.image_id = tenant_images.image_id AND held.tenant_id = ?1)
         WHERE tenant_id = ?1 AND image_id = (SELECT id FROM images WHERE digest = ?3)
           AND gone_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM repository_images AS held
                           WHERE held.image_id = tenant_images.image_id AND held.tenant_id = ?1
                             AND held.gone_at IS NULL)",
        "UPDATE tags SET valid_to = max(valid_from, min(?4, ?5))
         WHERE repository_id = ?2
           AND (image_id = (SELECT id FROM images WHERE digest = ?3) OR digest = ?3)
           AND valid_to IS NULL AND last_seen <= ?4",
    ];
    for statement in statements {
        query(statement)
            .bind(tenant.0)
            .bind(repository)
            .bind(digest.as_bytes().as_slice())
            .bind(at)
            .bind(now())
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}
