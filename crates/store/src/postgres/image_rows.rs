//! A tenant's images as rows, with their repositories and tags.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::{DistroRow, read_count, read_digest};
use super::statements::statements;
use crate::error::Result;
use crate::{ImageSummary, SeverityCounts, Tag, TenantId};

/// A select of a tenant's images with this rest of a statement.
macro_rules! select_images {
    ($rest:literal) => {
        concat!(
            "SELECT images.id, images.digest, images.platform, images.coverage_gaps,
                    tenant_images.first_seen, tenant_images.last_seen,
                    distros.os_id, distros.version AS distro_version, distros.id_like,
                    distros.name AS distro_name, distros.channels,
                    sets.packages,
                    CASE WHEN sets.revision > 0
                         THEN greatest(sets.revision, (SELECT revision FROM fleet)) END AS revision,
                    sets.critical, sets.high, sets.medium, sets.low,
                    sets.negligible, sets.unknown, sets.undetermined,
                    sets.coverage_gaps AS set_coverage_gaps
             FROM tenant_images
             JOIN images ON images.id = tenant_images.image_id
             LEFT JOIN distros ON distros.id = images.distro_id
             LEFT JOIN package_sets AS sets ON sets.id = images.package_set_id ",
            $rest
        )
    };
}

pub(super) use select_images;

statements! {
    BY_ID = select_images!("WHERE tenant_images.tenant_id = $1
                              AND tenant_images.image_id = ANY ($2::bigint[])");
    REPOSITORIES = "SELECT repository_images.image_id, repositories.name FROM repository_images
        JOIN repositories ON repositories.id = repository_images.repository_id
        WHERE repository_images.image_id = ANY ($2::bigint[])
          AND repository_images.tenant_id = $1 AND repository_images.gone_at IS NULL
        ORDER BY repositories.name";
    TAGS = "SELECT tags.image_id, repositories.name, tags.name FROM tags
        JOIN repositories ON repositories.id = tags.repository_id
        WHERE tags.image_id = ANY ($2::bigint[]) AND tags.tenant_id = $1 AND tags.valid_to IS NULL
        ORDER BY repositories.name, tags.name";
    IS_IMAGE = "SELECT EXISTS (SELECT 1 FROM images WHERE digest = $1)";
}

/// A tenant's image, as [`select_images`] gives it.
#[derive(FromRow)]
pub(super) struct ImageRow {
    pub(super) id: i64,
    digest: Vec<u8>,
    platform: String,
    coverage_gaps: i64,
    first_seen: DateTime<Utc>,
    pub(super) last_seen: DateTime<Utc>,
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
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        })
    }
}

/// A tenant's images of these ids, in their order.
pub(super) async fn read_images_by_id(
    c: &mut PgConnection,
    tenant: TenantId,
    ids: &[i64],
) -> Result<Vec<ImageSummary>> {
    let rows: Vec<ImageRow> = sqlx::query_as(BY_ID)
        .bind(tenant.0)
        .bind(ids)
        .fetch_all(&mut *c)
        .await?;
    let mut rows: HashMap<i64, ImageRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let rows = ids.iter().filter_map(|id| rows.remove(id)).collect();
    read_images(c, tenant, rows).await
}

/// Fills in repositories and tags, for all of them at once.
pub(super) async fn read_images(
    c: &mut PgConnection,
    tenant: TenantId,
    rows: Vec<ImageRow>,
) -> Result<Vec<ImageSummary>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let repositories: Vec<(i64, String)> = sqlx::query_as(REPOSITORIES)
        .bind(tenant.0)
        .bind(&ids)
        .fetch_all(&mut *c)
        .await?;
    let tags: Vec<(i64, String, String)> = sqlx::query_as(TAGS)
        .bind(tenant.0)
        .bind(&ids)
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

pub(super) async fn is_image(c: &mut PgConnection, image: Digest) -> Result<bool> {
    Ok(sqlx::query_scalar(IS_IMAGE)
        .bind(image.as_bytes().as_slice())
        .fetch_one(c)
        .await?)
}
