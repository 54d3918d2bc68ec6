//! Repositories, tags and what tags named, read.

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{read_digest, read_size, read_time};
use crate::error::Result;
use crate::stored_tags::{TagImage, group_tags};
use crate::words::read_cursor;
use crate::{
    Page, PageRequest, RepositorySummary, Tag, TagDetail, TagPeriod, TaggedImage, TenantId,
};

pub(super) async fn repositories(
    c: &mut SqliteConnection,
    tenant: TenantId,
    page: &PageRequest,
) -> Result<Page<RepositorySummary>> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT name,
                (SELECT count(*) FROM repository_images
                 WHERE repository_id = repositories.id AND gone_at IS NULL),
                (SELECT count(DISTINCT tags.name) FROM tags
                 WHERE repository_id = repositories.id AND valid_to IS NULL)
         FROM repositories WHERE tenant_id = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
    )
    .bind(tenant.0)
    .bind(page.cursor.as_deref().unwrap_or_default())
    .bind(i64::from(page.limit) + 1)
    .fetch_all(c)
    .await?;
    let rows = rows
        .into_iter()
        .map(|(name, images, tags)| RepositorySummary {
            name,
            images: read_size(images),
            tags: read_size(tags),
        });
    Ok(Page::cut(rows.collect(), page.limit, |repository| {
        repository.name.clone()
    }))
}

pub(super) async fn repository_id(
    c: &mut SqliteConnection,
    tenant: TenantId,
    name: &str,
) -> Result<Option<i64>> {
    Ok(
        sqlx::query_scalar("SELECT id FROM repositories WHERE tenant_id = ?1 AND name = ?2")
            .bind(tenant.0)
            .bind(name)
            .fetch_optional(c)
            .await?,
    )
}

#[derive(FromRow)]
struct TagRow {
    name: String,
    digest: Option<Vec<u8>>,
    image: Vec<u8>,
    platform: String,
    valid_from: i64,
    last_seen: i64,
}

impl TagRow {
    fn read(self) -> Result<TagImage> {
        let digest = self.digest.map(|digest| read_digest(&digest)).transpose()?;
        let image = TaggedImage {
            digest: read_digest(&self.image)?,
            platform: self.platform,
            since: read_time(self.valid_from)?,
            last_seen: read_time(self.last_seen)?,
        };
        Ok((self.name, digest, image))
    }
}

pub(super) async fn tags(
    c: &mut SqliteConnection,
    tenant: TenantId,
    repository: &str,
    page: &PageRequest,
) -> Result<Option<Page<TagDetail>>> {
    let Some(repository) = repository_id(c, tenant, repository).await? else {
        return Ok(None);
    };
    let rows: Vec<TagRow> = sqlx::query_as(
        "WITH listed AS MATERIALIZED (
             SELECT DISTINCT name FROM tags
             WHERE repository_id = ?1 AND valid_to IS NULL AND name > ?2 ORDER BY name LIMIT ?3
         )
         SELECT tags.name, tags.digest, images.digest AS image, images.platform, tags.valid_from,
                tags.last_seen
         FROM listed
         JOIN tags ON tags.repository_id = ?1 AND tags.name = listed.name
             AND tags.valid_to IS NULL
         JOIN images ON images.id = tags.image_id
         ORDER BY tags.name, images.platform, images.id",
    )
    .bind(repository)
    .bind(page.cursor.as_deref().unwrap_or_default())
    .bind(i64::from(page.limit) + 1)
    .fetch_all(c)
    .await?;
    let rows = rows.into_iter().map(TagRow::read);
    let tags = group_tags(rows.collect::<Result<_>>()?);
    Ok(Some(Page::cut(tags, page.limit, |tag| tag.name.clone())))
}

type PeriodRow = (i64, Vec<u8>, String, i64, Option<i64>);

pub(super) async fn tag_history(
    c: &mut SqliteConnection,
    tenant: TenantId,
    tag: &Tag,
    page: &PageRequest,
) -> Result<Page<TagPeriod>> {
    let (from, id) = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (i64::MAX, i64::MAX),
    };
    let repository = repository_id(c, tenant, &tag.repository).await?;
    let rows: Vec<PeriodRow> = sqlx::query_as(
        "SELECT tags.id, images.digest, images.platform, tags.valid_from, tags.valid_to
         FROM tags JOIN images ON images.id = tags.image_id
         WHERE tags.repository_id = ?1 AND tags.name = ?2
           AND (tags.valid_from, tags.id) < (?3, ?4)
         ORDER BY tags.valid_from DESC, tags.id DESC LIMIT ?5",
    )
    .bind(repository)
    .bind(&tag.name)
    .bind(from)
    .bind(id)
    .bind(i64::from(page.limit) + 1)
    .fetch_all(c)
    .await?;
    let page = Page::cut(rows, page.limit, |(id, _, _, from, _)| {
        format!("{from}.{id}")
    });
    let periods = page
        .items
        .into_iter()
        .map(|(_, image, platform, from, to)| {
            Ok(TagPeriod {
                image: read_digest(&image)?,
                platform,
                from: read_time(from)?,
                to: to.map(read_time).transpose()?,
            })
        });
    Ok(Page {
        items: periods.collect::<Result<_>>()?,
        next: page.next,
    })
}
