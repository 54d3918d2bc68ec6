//! Deletions: what a tenant or a registry no longer has.
//!
//! Whoever makes an image gone holds the tenant's row of it, as whoever records it does, so that the
//! later of the two sees what the other wrote about repositories.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::postgres::PgConnection;

use super::statements::statements;
use super::{PostgresStore, tags};
use crate::error::Result;
use crate::{Lifecycle, Page, PageRequest, RepositorySummary, Tag, TagDetail, TagPeriod, TenantId};

statements! {
    LET_GO = "UPDATE tenant_images SET gone_at = greatest(now(), last_seen)
        WHERE tenant_id = $1 AND image_id = (SELECT id FROM images WHERE digest = $2)
          AND gone_at IS NULL
        RETURNING image_id";
    LET_GO_OF_REPOSITORIES = "UPDATE repository_images SET gone_at = greatest(now(), last_seen)
        WHERE tenant_id = $1 AND image_id = $2 AND gone_at IS NULL";
    LET_GO_OF_TAGS = "UPDATE tags SET valid_to = greatest(now(), valid_from)
        WHERE tenant_id = $1 AND image_id = $2 AND valid_to IS NULL";
    /// As whoever moves the tag locks it.
    LOCK_TAG = "SELECT pg_advisory_xact_lock(
            hashtextextended(concat_ws(' ', $1::uuid, $2::text, $3::text), 0))";
    END_TAG = "UPDATE tags SET valid_to = greatest(valid_from, least($3, now()))
        WHERE repository_id = $1 AND name = $2 AND valid_to IS NULL AND last_seen <= $3";
    LOCK_IMAGE = "SELECT image_id FROM tenant_images
        WHERE tenant_id = $1 AND image_id = (SELECT id FROM images WHERE digest = $2)
        FOR NO KEY UPDATE";
    END_TAGS_OF_IMAGE = "UPDATE tags SET valid_to = greatest(valid_from, least($4, now()))
        WHERE repository_id = $1 AND (image_id = $2 OR digest = $3)
          AND valid_to IS NULL AND last_seen <= $4";
    LEAVE_REPOSITORY = "UPDATE repository_images
        SET gone_at = greatest(first_seen, least($3, now()))
        WHERE repository_id = $1 AND image_id = $2 AND gone_at IS NULL AND last_seen <= $3";
    /// An image goes when its last repository lets go of it.
    GO = "UPDATE tenant_images
        SET gone_at = (SELECT max(held.gone_at) FROM repository_images AS held
                       WHERE held.image_id = $2 AND held.tenant_id = $1)
        WHERE tenant_id = $1 AND image_id = $2 AND gone_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM repository_images AS held
                          WHERE held.image_id = $2 AND held.tenant_id = $1
                            AND held.gone_at IS NULL)";
}

#[async_trait]
impl Lifecycle for PostgresStore {
    async fn repositories(
        &self,
        tenant: TenantId,
        page: &PageRequest,
    ) -> Result<Page<RepositorySummary>> {
        self.session
            .run(move |c, _| Box::pin(async move { tags::repositories(c, tenant, page).await }))
            .await
    }

    async fn tags(
        &self,
        tenant: TenantId,
        repository: &str,
        page: &PageRequest,
    ) -> Result<Option<Page<TagDetail>>> {
        self.session
            .run(move |c, _| Box::pin(async move { tags::tags(c, tenant, repository, page).await }))
            .await
    }

    async fn tag_history(
        &self,
        tenant: TenantId,
        tag: &Tag,
        page: &PageRequest,
    ) -> Result<Page<TagPeriod>> {
        self.session
            .run(move |c, _| Box::pin(async move { tags::tag_history(c, tenant, tag, page).await }))
            .await
    }

    async fn let_go_of_image(&self, tenant: TenantId, image: Digest) -> Result<bool> {
        self.session
            .transaction(move |c, _| Box::pin(async move { let_go(c, tenant, image).await }))
            .await
    }

    async fn tag_deleted(&self, tenant: TenantId, tag: &Tag, at: DateTime<Utc>) -> Result<()> {
        self.session
            .transaction(move |c, _| Box::pin(async move { end_tag(c, tenant, tag, at).await }))
            .await
    }

    async fn image_deleted_in_repository(
        &self,
        tenant: TenantId,
        repository: &str,
        digest: Digest,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { leave_repository(c, tenant, repository, digest, at).await })
            })
            .await
    }
}

async fn let_go(c: &mut PgConnection, tenant: TenantId, image: Digest) -> Result<bool> {
    let image: Option<i64> = sqlx::query_scalar(LET_GO)
        .bind(tenant.0)
        .bind(image.as_bytes().as_slice())
        .fetch_optional(&mut *c)
        .await?;
    let Some(image) = image else {
        return Ok(false);
    };
    for statement in [LET_GO_OF_REPOSITORIES, LET_GO_OF_TAGS] {
        sqlx::query(statement)
            .bind(tenant.0)
            .bind(image)
            .execute(&mut *c)
            .await?;
    }
    Ok(true)
}

async fn end_tag(
    c: &mut PgConnection,
    tenant: TenantId,
    tag: &Tag,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(repository) = tags::repository_id(c, tenant, &tag.repository).await? else {
        return Ok(());
    };
    sqlx::query(LOCK_TAG)
        .bind(tenant.0)
        .bind(&tag.repository)
        .bind(&tag.name)
        .execute(&mut *c)
        .await?;
    sqlx::query(END_TAG)
        .bind(repository)
        .bind(&tag.name)
        .bind(at)
        .execute(c)
        .await?;
    Ok(())
}

async fn leave_repository(
    c: &mut PgConnection,
    tenant: TenantId,
    repository: &str,
    digest: Digest,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(repository) = tags::repository_id(c, tenant, repository).await? else {
        return Ok(());
    };
    let digest = digest.as_bytes().as_slice();
    let image: Option<i64> = sqlx::query_scalar(LOCK_IMAGE)
        .bind(tenant.0)
        .bind(digest)
        .fetch_optional(&mut *c)
        .await?;
    if let Some(image) = image {
        sqlx::query(LEAVE_REPOSITORY)
            .bind(repository)
            .bind(image)
            .bind(at)
            .execute(&mut *c)
            .await?;
        sqlx::query(GO)
            .bind(tenant.0)
            .bind(image)
            .execute(&mut *c)
            .await?;
    }
    sqlx::query(END_TAGS_OF_IMAGE)
        .bind(repository)
        .bind(image)
        .bind(digest)
        .bind(at)
        .execute(c)
        .await?;
    Ok(())
}
