//! Images: listed and read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::{Coverage, Digest};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::PostgresStore;
use super::assemble::Assembly;
use super::columns::{CoverageRow, read_digest, read_size, read_time};
use super::image_rows::{ImageRow, is_image, read_images, select_images};
use super::statements::statements;
use crate::error::Result;
use crate::words::{read_cursor, severity_rank};
use crate::{
    ConfigEvidence, ImageDetail, ImageFilter, ImageLayer, ImageSummary, Images, PackageSet, Page,
    PageRequest, StoreError, TenantId,
};

/// Later than any image was seen: the cursor of the first page.
const LAST: i64 = 250_000_000_000_000_000;

statements! {
    BY_DIGEST = select_images!("WHERE tenant_images.tenant_id = $1 AND tenant_images.gone_at IS NULL
          AND images.digest = $2");
    /// Tenant, cursor (a time and an id), how many, the least severity; then the repository.
    LIST = select_images!("WHERE tenant_images.tenant_id = $1 AND tenant_images.gone_at IS NULL
          AND (tenant_images.last_seen, tenant_images.image_id) < ($2, $3)
          AND coalesce(sets.worst, 0) >= $5
        ORDER BY tenant_images.last_seen DESC, tenant_images.image_id DESC LIMIT $4");
    LIST_REPOSITORY = select_images!("WHERE tenant_images.tenant_id = $1
          AND tenant_images.gone_at IS NULL
          AND (tenant_images.last_seen, tenant_images.image_id) < ($2, $3)
          AND coalesce(sets.worst, 0) >= $5
          AND tenant_images.image_id IN (
              SELECT image_id FROM repository_images
              WHERE repository_id = (SELECT id FROM repositories
                                     WHERE tenant_id = $1 AND name = $6)
                AND repository_images.gone_at IS NULL)
        ORDER BY tenant_images.last_seen DESC, tenant_images.image_id DESC LIMIT $4");
    DETAIL = "SELECT config_digest, created, labels, config_secrets, config_checks, cataloger_set,
               (SELECT digest FROM package_sets WHERE id = package_set_id) AS package_set
        FROM images WHERE digest = $1";
    LAYERS = "SELECT layers.digest, image_layers.size, media_types.name, image_layers.is_foreign
        FROM image_layers
        JOIN layers ON layers.id = image_layers.layer_id
        JOIN media_types ON media_types.id = image_layers.media_type_id
        WHERE image_layers.image_id = (SELECT id FROM images WHERE digest = $1)
        ORDER BY image_layers.position";
    ASSEMBLED_SET = "SELECT package_sets.digest FROM images
        JOIN package_sets ON package_sets.id = images.package_set_id
        WHERE images.digest = $1 AND images.cataloger_set = $2";
    COVERAGE = "SELECT kind, subject, detail FROM image_coverage
        WHERE image_id = (SELECT id FROM images WHERE digest = $1) ORDER BY position";
}

#[async_trait]
impl Images for PostgresStore {
    async fn images(
        &self,
        tenant: TenantId,
        filter: &ImageFilter,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let rows = list_rows(c, tenant, filter, page).await?;
                    let page = Page::cut(rows, page.limit, |row| {
                        format!("{}.{}", row.last_seen.timestamp_micros(), row.id)
                    });
                    Ok(Page {
                        items: read_images(c, tenant, page.items).await?,
                        next: page.next,
                    })
                })
            })
            .await
    }

    async fn image(&self, tenant: TenantId, digest: Digest) -> Result<Option<ImageDetail>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let rows: Vec<ImageRow> = sqlx::query_as(BY_DIGEST)
                        .bind(tenant.0)
                        .bind(digest.as_bytes().as_slice())
                        .fetch_all(&mut *c)
                        .await?;
                    match read_images(c, tenant, rows).await?.pop() {
                        Some(summary) => read_detail(c, summary).await,
                        None => Ok(None),
                    }
                })
            })
            .await
    }

    async fn image_layers(&self, image: Digest) -> Result<Option<Vec<ImageLayer>>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let layers = read_layers(c, image).await?;
                    Ok((!layers.is_empty() || is_image(c, image).await?).then_some(layers))
                })
            })
            .await
    }

    async fn assemble_image(
        &self,
        image: Digest,
        cataloger_set: &str,
        set: &PackageSet,
        coverage: &[Coverage],
    ) -> Result<()> {
        let assembly = &Assembly::new(image, cataloger_set, set, coverage);
        self.session
            .transaction(move |c, _| Box::pin(async move { assembly.run(c).await }))
            .await
    }

    async fn assembled_set(&self, image: Digest, cataloger_set: &str) -> Result<Option<Digest>> {
        let digest: Option<Vec<u8>> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(ASSEMBLED_SET)
                        .bind(image.as_bytes().as_slice())
                        .bind(cataloger_set)
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        digest.map(|digest| read_digest(&digest)).transpose()
    }

    async fn image_coverage(&self, image: Digest) -> Result<Vec<Coverage>> {
        let rows: Vec<CoverageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(COVERAGE)
                        .bind(image.as_bytes().as_slice())
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        rows.into_iter().map(CoverageRow::read).collect()
    }
}

async fn list_rows(
    c: &mut PgConnection,
    tenant: TenantId,
    filter: &ImageFilter,
    page: &PageRequest,
) -> Result<Vec<ImageRow>> {
    let (last_seen, id) = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (LAST, i64::MAX),
    };
    let last_seen: DateTime<Utc> = read_time(last_seen).map_err(|_| StoreError::InvalidCursor)?;
    let statement = match filter.repository {
        Some(_) => LIST_REPOSITORY,
        None => LIST,
    };
    let query = sqlx::query_as(statement)
        .bind(tenant.0)
        .bind(last_seen)
        .bind(id)
        .bind(i64::from(page.limit) + 1)
        .bind(filter.min_severity.map_or(0, severity_rank));
    let query = match &filter.repository {
        Some(repository) => query.bind(repository),
        None => query,
    };
    Ok(query.fetch_all(c).await?)
}

#[derive(FromRow)]
struct DetailRow {
    config_digest: Vec<u8>,
    created: Option<String>,
    labels: String,
    config_secrets: Option<Vec<u8>>,
    config_checks: Option<Vec<u8>>,
    package_set: Option<Vec<u8>>,
    cataloger_set: Option<String>,
}

async fn read_detail(c: &mut PgConnection, summary: ImageSummary) -> Result<Option<ImageDetail>> {
    let row: Option<DetailRow> = sqlx::query_as(DETAIL)
        .bind(summary.digest.as_bytes().as_slice())
        .fetch_optional(&mut *c)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let labels: BTreeMap<String, String> = serde_json::from_str(&row.labels)
        .map_err(|error| StoreError::Corrupt(format!("labels of an image: {error}")))?;
    Ok(Some(ImageDetail {
        config_digest: read_digest(&row.config_digest)?,
        created: row.created,
        labels,
        config: ConfigEvidence {
            secrets: row.config_secrets,
            checks: row.config_checks,
        },
        layers: read_layers(c, summary.digest).await?,
        package_set: row
            .package_set
            .map(|digest| read_digest(&digest))
            .transpose()?,
        cataloger_set: row.cataloger_set,
        summary,
    }))
}

async fn read_layers(c: &mut PgConnection, image: Digest) -> Result<Vec<ImageLayer>> {
    let rows: Vec<(Vec<u8>, i64, String, bool)> = sqlx::query_as(LAYERS)
        .bind(image.as_bytes().as_slice())
        .fetch_all(c)
        .await?;
    rows.into_iter()
        .map(|(digest, size, media_type, foreign)| {
            Ok(ImageLayer {
                digest: read_digest(&digest)?,
                size: read_size(size),
                media_type,
                foreign,
            })
        })
        .collect()
}
