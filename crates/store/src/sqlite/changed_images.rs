//! The images that a change concerns.

use sqlx::sqlite::SqliteConnection;

use super::images::read_images_by_id;
use crate::error::Result;
use crate::words::read_cursor;
use crate::{ChangeId, ImageSummary, Page, PageRequest, TenantId};

/// They come in the order of their package sets, so that a page is read off an index.
pub(super) async fn list(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: ChangeId,
    page: &PageRequest,
) -> Result<Option<Page<ImageSummary>>> {
    let (set_id, image_id) = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (0, 0),
    };
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT tenant_images.package_set_id, tenant_images.image_id
         FROM changes
         JOIN revisions ON revisions.sequence = changes.revision
         JOIN package_set_packages AS members ON members.package_id = changes.package_id
             AND members.package_set_id >= ?3
         JOIN tenant_images ON tenant_images.tenant_id = ?1
             AND tenant_images.package_set_id = members.package_set_id
             AND tenant_images.first_seen <= revisions.processed_at
             AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > revisions.processed_at)
         JOIN images ON images.id = tenant_images.image_id
             AND images.assembled_revision < changes.revision
         WHERE changes.sequence = ?2
           AND (tenant_images.package_set_id, tenant_images.image_id) > (?3, ?4)
         ORDER BY tenant_images.package_set_id, tenant_images.image_id LIMIT ?5",
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(set_id)
    .bind(image_id)
    .bind(i64::from(page.limit) + 1)
    .fetch_all(&mut *c)
    .await?;
    if rows.is_empty() && page.cursor.is_none() {
        return Ok(None);
    }
    let page = Page::cut(rows, page.limit, |(set, image)| format!("{set}.{image}"));
    let ids: Vec<i64> = page.items.iter().map(|(_, image)| *image).collect();
    Ok(Some(Page {
        items: read_images_by_id(c, tenant, &ids).await?,
        next: page.next,
    }))
}
