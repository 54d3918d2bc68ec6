//! The images of scans and how much of their work is done.

use std::collections::HashMap;

use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{read_count, read_digest, read_size};
use super::statements::statements;
use crate::error::Result;
use crate::{Scan, ScanProgress, ScanState};

statements! {
    IMAGES = "SELECT scan_images.scan_id, images.digest FROM scan_images
              JOIN images ON images.id = scan_images.image_id
              WHERE scan_images.scan_id = ANY ($1::uuid[])
              ORDER BY scan_images.scan_id, scan_images.position";
    /// Each layer counts once, however many of a scan's images hold it. A foreign one is never
    /// pulled: it is done and has no bytes.
    PROGRESS = "WITH scan_layers AS (
            SELECT scan_images.scan_id, image_layers.layer_id,
                   bool_and(image_layers.is_foreign) AS is_foreign,
                   max(CASE WHEN image_layers.is_foreign THEN 0 ELSE image_layers.size END) AS size
            FROM scan_images
            JOIN image_layers ON image_layers.image_id = scan_images.image_id
            WHERE scan_images.scan_id = ANY ($1::uuid[])
            GROUP BY scan_images.scan_id, image_layers.layer_id
        )
        SELECT scan_layers.scan_id, count(*) AS layers,
               count(*) FILTER (WHERE is_foreign OR catalogs.state = 'done') AS layers_done,
               sum(size)::bigint AS bytes,
               sum(CASE WHEN catalogs.state = 'done' THEN size
                        ELSE least(size, coalesce(bytes_done, 0)) END)::bigint AS bytes_done
        FROM scan_layers
        JOIN scans ON scans.id = scan_layers.scan_id
        LEFT JOIN layer_catalogs AS catalogs ON catalogs.layer_id = scan_layers.layer_id
            AND catalogs.cataloger_set = scans.cataloger_set
        GROUP BY scan_layers.scan_id";
}

#[derive(FromRow)]
struct ProgressRow {
    scan_id: Uuid,
    layers: i64,
    layers_done: i64,
    bytes: i64,
    bytes_done: i64,
}

/// Fills in images and progress of scans that were read without.
pub(super) async fn add_progress(c: &mut PgConnection, scans: &mut [Scan]) -> Result<()> {
    let ids: Vec<Uuid> = scans
        .iter()
        .filter(|scan| scan.started_at.is_some())
        .map(|scan| scan.id.0)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut images = read_images(c, &ids).await?;
    let mut progress = read_progress(c, &ids).await?;
    for scan in scans {
        scan.images = images.remove(&scan.id.0).unwrap_or_default();
        scan.progress = progress.remove(&scan.id.0).unwrap_or_default();
        if scan.state == ScanState::Done {
            scan.progress.layers_done = scan.progress.layers;
            scan.progress.bytes_done = scan.progress.bytes;
        }
    }
    Ok(())
}

async fn read_images(c: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Digest>>> {
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(IMAGES).bind(ids).fetch_all(c).await?;
    let mut images: HashMap<_, Vec<_>> = HashMap::new();
    for (scan, digest) in rows {
        images.entry(scan).or_default().push(read_digest(&digest)?);
    }
    Ok(images)
}

async fn read_progress(c: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, ScanProgress>> {
    let rows: Vec<ProgressRow> = sqlx::query_as(PROGRESS).bind(ids).fetch_all(c).await?;
    let read = |row: ProgressRow| {
        let progress = ScanProgress {
            layers: read_count(row.layers),
            layers_done: read_count(row.layers_done),
            bytes: read_size(row.bytes),
            bytes_done: read_size(row.bytes_done),
        };
        (row.scan_id, progress)
    };
    Ok(rows.into_iter().map(read).collect())
}
