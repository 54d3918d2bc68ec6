//! Images: listed and read.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use scanyard_package::{Coverage, Digest, Severity};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{FromRow, QueryBuilder};

use super::SqliteStore;
use super::assemble::Assembly;
use super::columns::{CoverageRow, DistroRow, read_count, read_digest, read_size, read_time};
use crate::error::Result;
use crate::words::read_cursor;
use crate::{
    ConfigEvidence, ImageDetail, ImageFilter, ImageLayer, ImageSummary, Images, PackageSet, Page,
    PageRequest, SeverityCounts, StoreError, Tag, TenantId,
};

const SELECT: &str = "SELECT images.id, images.digest, images.platform, images.coverage_gaps,
    tenant_images.first_seen, tenant_images.last_seen,
    distros.os_id, distros.version AS distro_version, distros.id_like, distros.name AS distro_name,
    distros.channels,
    sets.packages,
    CASE WHEN sets.revision > 0 THEN max(sets.revision, (SELECT revision FROM fleet)) END AS revision,
    sets.critical, sets.high, sets.medium, sets.low, sets.negligible,
    sets.unknown, sets.undetermined, sets.coverage_gaps AS set_coverage_gaps
    FROM tenant_images
    JOIN images ON images.id = tenant_images.image_id
    LEFT JOIN distros ON distros.id = images.distro_id
    LEFT JOIN package_sets AS sets ON sets.id = images.package_set_id";

/// A tenant's image, as [`SELECT`] gives it.
#[derive(FromRow)]
pub(super) struct ImageRow {
    pub(super) id: i64,
    digest: Vec<u8>,
    platform: String,
    coverage_gaps: i64,
    first_seen: i64,
    last_seen: i64,
    #[sqlx(flatten)]
    distro: DistroRow,
    packages: Option<i64>,
    revision: Option<i64>,
    critical: Option<i64>,
    high: Option<i64>,
    medium: Option<i64>,
    low: Option<i64>,
    negligible: Option<i64>,
    unknown: Option<i64>,
    undetermined: Option<i64>,
    set_coverage_gaps: Option<i64>,
}

impl ImageRow {
    /// The image without its repositories and tags.
    fn read(self) -> Result<ImageSummary> {
        let count = |count: Option<i64>| read_count(count.unwrap_or_default());
        let revision = self.revision.filter(|revision| *revision > 0);
        let counts = SeverityCounts {
            affected: [
                count(self.critical),
                count(self.high),
                count(self.medium),
                count(self.low),
                count(self.negligible),
                count(self.unknown),
            ],
            undetermined: count(self.undetermined),
        };
        Ok(ImageSummary {
            digest: read_digest(&self.digest)?,
            platform: self.platform,
            repositories: Vec::new(),
            tags: Vec::new(),
            distro: self.distro.read(),
            packages: self.packages.map(read_count),
            counts: revision.map(|_| counts),
            coverage_gaps: self
                .set_coverage_gaps
                .map(|gaps| read_count(gaps + self.coverage_gaps)),
            revision,
            first_seen: read_time(self.first_seen)?,
            last_seen: read_time(self.last_seen)?,
        })
    }
}

#[async_trait]
impl Images for SqliteStore {
    async fn images(
        &self,
        tenant: TenantId,
        filter: &ImageFilter,
        page: &PageRequest,
    ) -> Result<Page<ImageSummary>> {
        let mut snapshot = self.readers().begin().await?;
        let rows = list_rows(&mut snapshot, tenant, filter, page).await?;
        let page = Page::cut(rows, page.limit, |row| {
            format!("{}.{}", row.last_seen, row.id)
        });
        Ok(Page {
            items: read_images(&mut snapshot, tenant, page.items).await?,
            next: page.next,
        })
    }

    async fn image(&self, tenant: TenantId, digest: Digest) -> Result<Option<ImageDetail>> {
        let mut snapshot = self.readers().begin().await?;
        let rows: Vec<ImageRow> = QueryBuilder::<Sqlite>::new(SELECT)
            .push(" WHERE tenant_images.gone_at IS NULL AND tenant_images.tenant_id = ")
            .push_bind(tenant.0)
            .push(" AND images.digest = ")
            .push_bind(digest.as_bytes().as_slice())
            .build_query_as()
            .fetch_all(&mut *snapshot)
            .await?;
        match read_images(&mut snapshot, tenant, rows).await?.pop() {
            Some(summary) => Ok(Some(read_detail(&mut snapshot, summary).await?)),
            None => Ok(None),
        }
    }

    async fn image_layers(&self, image: Digest) -> Result<Option<Vec<ImageLayer>>> {
        let mut snapshot = self.readers().begin().await?;
        let layers = read_layers(&mut snapshot, image).await?;
        Ok((!layers.is_empty() || self.is_image(image).await?).then_some(layers))
    }

    async fn assemble_image(
        &self,
        image: Digest,
        cataloger_set: &str,
        set: &PackageSet,
        coverage: &[Coverage],
    ) -> Result<()> {
        let assembly = Assembly::new(image, cataloger_set, set, coverage);
        self.write(move |c| Box::pin(async move { assembly.run(c).await }))
            .await
    }

    async fn assembled_set(&self, image: Digest, cataloger_set: &str) -> Result<Option<Digest>> {
        let digest: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT package_sets.digest FROM images
             JOIN package_sets ON package_sets.id = images.package_set_id
             WHERE images.digest = ?1 AND images.cataloger_set = ?2",
        )
        .bind(image.as_bytes().as_slice())
        .bind(cataloger_set)
        .fetch_optional(self.readers())
        .await?;
        digest.map(|digest| read_digest(&digest)).transpose()
    }

    async fn image_coverage(&self, image: Digest) -> Result<Vec<Coverage>> {
        let rows: Vec<CoverageRow> = sqlx::query_as(
            "SELECT kind, subject, detail FROM image_coverage
             WHERE image_id = (SELECT id FROM images WHERE digest = ?1) ORDER BY position",
        )
        .bind(image.as_bytes().as_slice())
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(CoverageRow::read).collect()
    }
}

async fn list_rows(
    c: &mut SqliteConnection,
    tenant: TenantId,
    filter: &ImageFilter,
    page: &PageRequest,
) -> Result<Vec<ImageRow>> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    query
        .push(" WHERE tenant_images.gone_at IS NULL AND tenant_images.tenant_id = ")
        .push_bind(tenant.0);
    if let Some(repository) = &filter.repository {
        query
            .push(
                " AND EXISTS (SELECT 1 FROM repositories
                  JOIN repository_images ON repository_images.repository_id = repositories.id
                  WHERE repositories.tenant_id = tenant_images.tenant_id
                    AND repository_images.image_id = tenant_images.image_id
                    AND repository_images.gone_at IS NULL
                    AND repositories.name = ",
            )
            .push_bind(repository)
            .push(")");
    }
    if let Some(severity) = filter.min_severity {
        // Findings so severe, in the order of the columns.
        let columns = Severity::WORST_FIRST
            .into_iter()
            .filter(|known| *known >= severity)
            .map(|known| format!("sets.{}", known.name()));
        let sum = columns.collect::<Vec<_>>().join(" + ");
        query.push(" AND ").push(sum).push(" > 0");
    }
    if let Some(cursor) = &page.cursor {
        let (last_seen, id) = read_cursor(cursor)?;
        query
            .push(" AND (tenant_images.last_seen, tenant_images.image_id) < (")
            .push_bind(last_seen)
            .push(", ")
            .push_bind(id)
            .push(")");
    }
    query.push(" ORDER BY tenant_images.last_seen DESC, tenant_images.image_id DESC LIMIT ");
    query.push_bind(i64::from(page.limit) + 1);
    Ok(query.build_query_as().fetch_all(c).await?)
}

/// A tenant's images of these ids, in their order.
pub(super) async fn read_images_by_id(
    c: &mut SqliteConnection,
    tenant: TenantId,
    ids: &[i64],
) -> Result<Vec<ImageSummary>> {
    let mut rows: HashMap<i64, ImageRow> = QueryBuilder::<Sqlite>::new(SELECT)
        .push(" WHERE tenant_images.tenant_id = ")
        .push_bind(tenant.0)
        .push(" AND tenant_images.image_id IN (SELECT value FROM json_each(")
        .push_bind(serde_json::Value::from(ids).to_string())
        .push("))")
        .build_query_as::<ImageRow>()
        .fetch_all(&mut *c)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let rows = ids.iter().filter_map(|id| rows.remove(id)).collect();
    read_images(c, tenant, rows).await
}

/// Fills in repositories and tags, for all of them at once.
async fn read_images(
    c: &mut SqliteConnection,
    tenant: TenantId,
    rows: Vec<ImageRow>,
) -> Result<Vec<ImageSummary>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let json = serde_json::Value::from(ids.as_slice()).to_string();
    let repositories: Vec<(i64, String)> = sqlx::query_as(
        "SELECT repository_images.image_id, repositories.name FROM json_each(?2) AS ids
         JOIN repository_images ON repository_images.image_id = ids.value
             AND repository_images.tenant_id = ?1 AND repository_images.gone_at IS NULL
         JOIN repositories ON repositories.id = repository_images.repository_id
         ORDER BY repositories.name",
    )
    .bind(tenant.0)
    .bind(&json)
    .fetch_all(&mut *c)
    .await?;
    let tags: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT tags.image_id, repositories.name, tags.name FROM json_each(?2) AS ids
         JOIN tags ON tags.image_id = ids.value AND tags.tenant_id = ?1 AND tags.valid_to IS NULL
         JOIN repositories ON repositories.id = tags.repository_id
         ORDER BY repositories.name, tags.name",
    )
    .bind(tenant.0)
    .bind(&json)
    .fetch_all(&mut *c)
    .await?;
    let mut images: Vec<ImageSummary> = rows
        .into_iter()
        .map(ImageRow::read)
        .collect::<Result<_>>()?;
    let places: HashMap<i64, usize> = ids.into_iter().zip(0..).collect();
    for (id, name) in repositories {
        images[places[&id]].repositories.push(name);
    }
    for (id, repository, name) in tags {
        images[places[&id]].tags.push(Tag { repository, name });
    }
    Ok(images)
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

async fn read_detail(c: &mut SqliteConnection, summary: ImageSummary) -> Result<ImageDetail> {
    let row: DetailRow = sqlx::query_as(
        "SELECT config_digest, created, labels, config_secrets, config_checks, cataloger_set,
                (SELECT digest FROM package_sets WHERE id = package_set_id) AS package_set
         FROM images WHERE digest = ?1",
    )
    .bind(summary.digest.as_bytes().as_slice())
    .fetch_one(&mut *c)
    .await?;
    let labels: BTreeMap<String, String> = serde_json::from_str(&row.labels)
        .map_err(|error| StoreError::Corrupt(format!("labels of an image: {error}")))?;
    Ok(ImageDetail {
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
    })
}

async fn read_layers(c: &mut SqliteConnection, image: Digest) -> Result<Vec<ImageLayer>> {
    let rows: Vec<(Vec<u8>, i64, String, bool)> = sqlx::query_as(
        "SELECT layers.digest, image_layers.size, media_types.name, image_layers.is_foreign
         FROM image_layers
         JOIN layers ON layers.id = image_layers.layer_id
         JOIN media_types ON media_types.id = image_layers.media_type_id
         WHERE image_layers.image_id = (SELECT id FROM images WHERE digest = ?1)
         ORDER BY image_layers.position",
    )
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
