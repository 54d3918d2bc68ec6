//! The images of scans and how much of their work is done.

use std::collections::HashMap;

use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{ids_json, read_count, read_digest, read_size};
use crate::error::Result;
use crate::{Scan, ScanProgress, ScanState};

#[derive(FromRow)]
struct ProgressRow {
    scan_id: Vec<u8>,
    layers: i64,
    layers_done: i64,
    bytes: i64,
    bytes_done: i64,
}

/// Fills in images and progress of scans that were read without.
pub(super) async fn add_progress(c: &mut SqliteConnection, scans: &mut [Scan]) -> Result<()> {
    let ids: Vec<_> = scans
        .iter()
        .filter(|scan| scan.started_at.is_some())
        .map(|scan| scan.id.0)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids = ids_json(&ids);
    let mut images = read_images(c, &ids).await?;
    let mut progress = read_progress(c, &ids).await?;
    for scan in scans {
        let id = scan.id.0.as_bytes().as_slice();
        scan.images = images.remove(id).unwrap_or_default();
        scan.progress = progress.remove(id).unwrap_or_default();
        if scan.state == ScanState::Done {
            scan.progress.layers_done = scan.progress.layers;
            scan.progress.bytes_done = scan.progress.bytes;
        }
    }
    Ok(())
}

async fn read_images(c: &mut SqliteConnection, ids: &str) -> Result<HashMap<Vec<u8>, Vec<Digest>>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT scan_images.scan_id, images.digest
         FROM json_each(?1) AS ids
         JOIN scan_images ON scan_images.scan_id = unhex(ids.value)
         JOIN images ON images.id = scan_images.image_id
         ORDER BY scan_images.scan_id, scan_images.position",
    )
    .bind(ids)
    .fetch_all(c)
    .await?;
    let mut images: HashMap<_, Vec<_>> = HashMap::new();
    for (scan, digest) in rows {
        images.entry(scan).or_default().push(read_digest(&digest)?);
    }
    Ok(images)
}

/// Each layer counts once, however many of a scan's images hold it. A foreign one is never pulled:
/// it is done and has no bytes.
async fn read_progress(
    c: &mut SqliteConnection,
    ids: &str,
) -> Result<HashMap<Vec<u8>, ScanProgress>> {
    let rows: Vec<ProgressRow> = sqlx::query_as(
        "WITH scan_layers AS (
             SELECT scan_images.scan_id, image_layers.layer_id,
                    min(image_layers.is_foreign) AS is_foreign,
                    max(iif(image_layers.is_foreign, 0, image_layers.size)) AS size
             FROM json_each(?1) AS ids
             JOIN scan_images ON scan_images.scan_id = unhex(ids.value)
             JOIN image_layers ON image_layers.image_id = scan_images.image_id
             GROUP BY scan_images.scan_id, image_layers.layer_id
         )
         SELECT scan_layers.scan_id, count(*) AS layers,
                sum(is_foreign OR coalesce(catalogs.state = 'done', 0)) AS layers_done,
                sum(size) AS bytes,
                sum(iif(catalogs.state = 'done', size, min(size, coalesce(bytes_done, 0))))
                    AS bytes_done
         FROM scan_layers
         JOIN scans ON scans.id = scan_layers.scan_id
         LEFT JOIN layer_catalogs AS catalogs
             ON catalogs.layer_id = scan_layers.layer_id
             AND catalogs.cataloger_set = scans.cataloger_set
         GROUP BY scan_layers.scan_id",
    )
    .bind(ids)
    .fetch_all(c)
    .await?;
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
