//! The images that a change concerns.

use sqlx::postgres::PgConnection;

use super::image_rows::read_images_by_id;
use super::statements::statements;
use crate::error::Result;
use crate::words::read_cursor;
use crate::{ChangeId, ImageSummary, Page, PageRequest, TenantId};

statements! {
    /// They come in the order of their package sets, so that a page ends where it is full.
    CONCERNED = "WITH told AS MATERIALIZED (
            SELECT changes.package_id, changes.revision, revisions.processed_at AS at
            FROM changes JOIN revisions ON revisions.sequence = changes.revision
            WHERE changes.sequence = $2
        ), sets AS MATERIALIZED (
            SELECT members.package_set_id, told.revision, told.at FROM told
            JOIN package_set_packages AS members ON members.package_id = told.package_id
                AND members.package_set_id >= $3
            ORDER BY members.package_set_id
        )
        SELECT sets.package_set_id, image.id FROM sets CROSS JOIN LATERAL (
            SELECT images.id FROM tenant_images
            JOIN images ON images.id = tenant_images.image_id
                AND images.assembled_revision < sets.revision
            WHERE tenant_images.tenant_id = $1
              AND tenant_images.package_set_id = sets.package_set_id
              AND (tenant_images.package_set_id, tenant_images.image_id) > ($3, $4)
              AND tenant_images.first_seen <= sets.at
              AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > sets.at)
            ORDER BY tenant_images.image_id LIMIT $5
        ) AS image
        LIMIT $5";
}

pub(super) async fn list(
    c: &mut PgConnection,
    tenant: TenantId,
    id: ChangeId,
    page: &PageRequest,
) -> Result<Option<Page<ImageSummary>>> {
    let (set_id, image_id) = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (0, 0),
    };
    let rows: Vec<(i64, i64)> = sqlx::query_as(CONCERNED)
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
