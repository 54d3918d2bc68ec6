//! Garbage collection: what is too old, and what nothing names. See `unused` for the latter.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query};

use super::columns::{micros, now};
use super::{SqliteStore, unused};
use crate::error::Result;
use crate::garbage_conditions::unused_inventory;
use crate::garbage_forecast::{FORECAST, read_counts};
use crate::words::uuid_of_age;
use crate::{Garbage, GarbageKind, Retention, Swept};

/// Rows of a batch.
const BATCH: i64 = 100;
/// Images or layers that a step looks at.
const WINDOW: i64 = 10_000;

/// On a tenant's image that nobody saw since `?2`.
macro_rules! stale {
    () => {
        "garbage.gone_at IS NULL AND garbage.last_seen < ?2
         AND NOT EXISTS (SELECT 1 FROM tags
                         WHERE tags.image_id = garbage.image_id
                           AND tags.tenant_id = garbage.tenant_id
                           AND (tags.valid_to IS NULL OR tags.valid_to > ?2))"
    };
}

/// On an inventory that is out of date since before `?3`, its cataloger set not among `?2`.
macro_rules! outdated {
    () => {
        concat!(
            "garbage.cataloger_set NOT IN (SELECT value FROM json_each(?2)) AND garbage.due_at < ?3 AND ",
            unused_inventory!()
        )
    };
}

const BULK_ITEMS: &str = "DELETE FROM bulk_items WHERE (bulk_id, position) IN (
        SELECT bulk_id, position FROM bulks JOIN bulk_items ON bulk_items.bulk_id = bulks.id
        WHERE bulks.finished_at < ?1 LIMIT ?2)";
const BULKS: &str = "DELETE FROM bulks WHERE id IN (
        SELECT id FROM bulks WHERE finished_at < ?1
          AND NOT EXISTS (SELECT 1 FROM bulk_items WHERE bulk_items.bulk_id = bulks.id)
          AND NOT EXISTS (SELECT 1 FROM scans WHERE scans.bulk_id = bulks.id)
        LIMIT ?2)";
const FORMER_PACKAGE_SETS: &str = "DELETE FROM former_package_sets
    WHERE (image_id, replaced_at) IN (
        SELECT image_id, replaced_at FROM former_package_sets WHERE replaced_at < ?1 LIMIT ?2)";
/// A revision that no question goes back to: the newest at the moment that is kept.
const CHANGES: &str = "DELETE FROM changes WHERE sequence IN (
        SELECT sequence FROM changes
        WHERE revision <= (SELECT max(sequence) FROM revisions WHERE processed_at < ?1)
        ORDER BY revision, sequence LIMIT ?2)";
const FORMER_MATCHES: &str = "DELETE FROM matches
    WHERE (package_id, finding_id, first_revision) IN (
        SELECT package_id, finding_id, first_revision FROM matches
        WHERE last_revision < (SELECT max(sequence) FROM revisions WHERE processed_at < ?1)
        ORDER BY last_revision, package_id LIMIT ?2)";
const FORMER_COVERAGE: &str = "DELETE FROM package_coverage
    WHERE (package_id, first_revision, position) IN (
        SELECT package_id, first_revision, position FROM package_coverage
        WHERE last_revision < (SELECT max(sequence) FROM revisions WHERE processed_at < ?1)
        ORDER BY last_revision, package_id LIMIT ?2)";
/// Of what was submitted lately a scan may be on its way.
const DOCUMENTS: &str = "DELETE FROM documents WHERE digest IN (
        SELECT digest FROM documents
        WHERE created_at * 1000000 < ?1
          AND NOT EXISTS (SELECT 1 FROM images WHERE images.digest = documents.digest)
          AND NOT EXISTS (
              SELECT 1 FROM scans WHERE scans.state IN ('queued', 'cataloging')
                AND scans.reference LIKE 'sbom:%' || lower(hex(documents.digest)))
        LIMIT ?2)";

#[async_trait]
impl Garbage for SqliteStore {
    async fn sweep(&self, kind: GarbageKind, from: i64, retention: &Retention) -> Result<Swept> {
        match kind {
            GarbageKind::BulkItems => self.sweep_old(BULK_ITEMS, retention.scans).await,
            GarbageKind::Scans => self.sweep_scans(retention.scans).await,
            GarbageKind::Bulks => self.sweep_old(BULKS, retention.scans).await,
            GarbageKind::UntaggedImages => {
                self.sweep_untagged(from, retention.untagged_images).await
            }
            GarbageKind::GoneImages => self.sweep_gone(retention.gone_images).await,
            GarbageKind::FormerPackageSets => {
                self.sweep_old(FORMER_PACKAGE_SETS, retention.history).await
            }
            GarbageKind::Images => unused::IMAGES.sweep(self, from).await,
            GarbageKind::PackageSets => unused::PACKAGE_SETS.sweep(self, from).await,
            GarbageKind::Changes => self.sweep_old(CHANGES, retention.history).await,
            GarbageKind::FormerMatches => self.sweep_old(FORMER_MATCHES, retention.history).await,
            GarbageKind::FormerCoverage => self.sweep_old(FORMER_COVERAGE, retention.history).await,
            GarbageKind::Packages => unused::PACKAGES.sweep(self, from).await,
            GarbageKind::Findings => unused::FINDINGS.sweep(self, from).await,
            GarbageKind::OutdatedInventories => self.sweep_outdated(from, retention).await,
            GarbageKind::Layers => unused::LAYERS.sweep(self, from).await,
            GarbageKind::Repositories => unused::REPOSITORIES.sweep(self, from).await,
            GarbageKind::Documents => {
                let keep = Some(retention.unused_documents);
                self.sweep_old(DOCUMENTS, keep).await
            }
        }
    }

    async fn forecast_garbage(&self, retention: &Retention) -> Result<Vec<(GarbageKind, u64)>> {
        let counts = sqlx::query_as(FORECAST)
            .bind(retention.scans.map(ago))
            .bind(retention.untagged_images.map(ago))
            .bind(retention.gone_images.map(ago))
            .bind(retention.history.map(ago))
            .fetch_one(self.readers())
            .await?;
        Ok(read_counts(counts))
    }
}

/// Of a batch that was full there may be more.
fn swept(removed: u64) -> Swept {
    let is_full = i64::try_from(removed).is_ok_and(|removed| removed >= BATCH);
    Swept {
        removed,
        next: is_full.then_some(0),
    }
}

const NOTHING: Swept = Swept {
    removed: 0,
    next: None,
};

/// What is older than is kept was before this moment.
fn ago(keep: Duration) -> i64 {
    now().saturating_sub(micros(keep))
}

impl SqliteStore {
    /// What a statement removes that is older than is kept.
    async fn sweep_old(&self, statement: &'static str, keep: Option<Duration>) -> Result<Swept> {
        let Some(keep) = keep else {
            return Ok(NOTHING);
        };
        let removed = self
            .write(move |c| {
                Box::pin(async move {
                    let removed = query(statement).bind(ago(keep)).bind(BATCH).execute(c);
                    Ok(removed.await?.rows_affected())
                })
            })
            .await?;
        Ok(swept(removed))
    }

    async fn sweep_scans(&self, keep: Option<Duration>) -> Result<Swept> {
        let Some(keep) = keep else {
            return Ok(NOTHING);
        };
        let removed = self.write(move |c| Box::pin(remove_scans(c, keep)));
        Ok(swept(removed.await?))
    }

    async fn sweep_untagged(&self, from: i64, keep: Option<Duration>) -> Result<Swept> {
        let Some(since) = keep.map(ago) else {
            return Ok(NOTHING);
        };
        let find = concat!(
            "SELECT DISTINCT garbage.image_id FROM tenant_images AS garbage
             WHERE garbage.image_id > ?1 AND garbage.image_id <= ?4 AND ",
            stale!(),
            " ORDER BY garbage.image_id LIMIT ?3"
        );
        let end = self.end_of_window("images", from).await?;
        let found: Vec<i64> = sqlx::query_scalar(find)
            .bind(from)
            .bind(since)
            .bind(BATCH)
            .bind(end)
            .fetch_all(self.readers())
            .await?;
        let next = next_of(&found, end);
        let removed = self.write(move |c| Box::pin(let_go(c, found, since)));
        Ok(Swept {
            removed: removed.await?,
            next,
        })
    }

    async fn sweep_gone(&self, keep: Option<Duration>) -> Result<Swept> {
        let Some(since) = keep.map(ago) else {
            return Ok(NOTHING);
        };
        let removed = self.write(move |c| Box::pin(remove_gone(c, since)));
        Ok(swept(removed.await?))
    }

    async fn sweep_outdated(&self, from: i64, retention: &Retention) -> Result<Swept> {
        let Some(since) = retention.outdated_inventories.map(ago) else {
            return Ok(NOTHING);
        };
        let find = concat!(
            "SELECT DISTINCT garbage.layer_id FROM layer_catalogs AS garbage
             WHERE garbage.layer_id > ?1 AND garbage.layer_id <= ?5 AND ",
            outdated!(),
            " ORDER BY garbage.layer_id LIMIT ?4"
        );
        let in_use = Value::from(retention.cataloger_sets.as_slice()).to_string();
        let end = self.end_of_window("layers", from).await?;
        let found: Vec<i64> = sqlx::query_scalar(find)
            .bind(from)
            .bind(&in_use)
            .bind(since)
            .bind(BATCH)
            .bind(end)
            .fetch_all(self.readers())
            .await?;
        let next = next_of(&found, end);
        let removed = self.write(move |c| Box::pin(remove_outdated(c, found, in_use, since)));
        Ok(Swept {
            removed: removed.await?,
            next,
        })
    }

    /// The last of the ids that a step looks at.
    async fn end_of_window(&self, table: &str, from: i64) -> Result<Option<i64>> {
        let statement = match table {
            "layers" => {
                "SELECT max(id) FROM (SELECT id FROM layers WHERE id > ?1 ORDER BY id LIMIT ?2)"
            }
            _ => "SELECT max(id) FROM (SELECT id FROM images WHERE id > ?1 ORDER BY id LIMIT ?2)",
        };
        Ok(sqlx::query_scalar(statement)
            .bind(from)
            .bind(WINDOW)
            .fetch_one(self.readers())
            .await?)
    }
}

fn next_of(found: &[i64], end: Option<i64>) -> Option<i64> {
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found >= BATCH);
    found.last().copied().filter(|_| is_full).or(end)
}

/// Ids are in the order of time, so that none is read that is too young.
async fn remove_scans(c: &mut SqliteConnection, keep: Duration) -> Result<u64> {
    let scans: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT id FROM scans
         WHERE id < ?1 AND state IN ('done', 'failed', 'cancelled') AND finished_at < ?2
           AND (bulk_id IS NULL
                OR EXISTS (SELECT 1 FROM bulks WHERE bulks.id = scans.bulk_id
                                                 AND bulks.finished_at < ?2))
         ORDER BY id LIMIT ?3",
    )
    .bind(uuid_of_age(keep))
    .bind(ago(keep))
    .bind(BATCH)
    .fetch_all(&mut *c)
    .await?;
    let json = Value::from_iter(scans.iter().map(hex::encode)).to_string();
    let statements = [
        "DELETE FROM scan_images WHERE scan_id IN (SELECT unhex(value) FROM json_each(?1))",
        "DELETE FROM scans WHERE id IN (SELECT unhex(value) FROM json_each(?1))",
    ];
    for statement in statements {
        query(statement).bind(&json).execute(&mut *c).await?;
    }
    Ok(scans.len() as u64)
}

#[derive(FromRow)]
struct TenantImage {
    tenant_id: Vec<u8>,
    image_id: i64,
}

/// Tenants' images as a JSON parameter.
fn images_json(images: &[TenantImage]) -> String {
    let images = images
        .iter()
        .map(|image| json!({ "tenant": hex::encode(&image.tenant_id), "image": image.image_id }));
    images.collect::<Value>().to_string()
}

async fn let_go(c: &mut SqliteConnection, images: Vec<i64>, since: i64) -> Result<u64> {
    let gone: Vec<TenantImage> = sqlx::query_as(concat!(
        "UPDATE tenant_images AS garbage SET gone_at = ?3
         WHERE garbage.image_id IN (SELECT value FROM json_each(?1)) AND ",
        stale!(),
        " RETURNING tenant_id, image_id"
    ))
    .bind(Value::from(images).to_string())
    .bind(since)
    .bind(now())
    .fetch_all(&mut *c)
    .await?;
    query(
        "UPDATE repository_images SET gone_at = ?2
         FROM json_each(?1) AS gone
         WHERE repository_images.image_id = gone.value->>'image'
           AND repository_images.tenant_id = unhex(gone.value->>'tenant')
           AND repository_images.gone_at IS NULL",
    )
    .bind(images_json(&gone))
    .bind(now())
    .execute(c)
    .await?;
    Ok(gone.len() as u64)
}

async fn remove_gone(c: &mut SqliteConnection, since: i64) -> Result<u64> {
    let gone: Vec<TenantImage> = sqlx::query_as(
        "DELETE FROM tenant_images WHERE (tenant_id, image_id) IN (
             SELECT tenant_id, image_id FROM tenant_images
             WHERE gone_at < ?1 ORDER BY gone_at LIMIT ?2)
         RETURNING tenant_id, image_id",
    )
    .bind(since)
    .bind(BATCH)
    .fetch_all(&mut *c)
    .await?;
    let statements = [
        "DELETE FROM repository_images WHERE (tenant_id, image_id) IN (
             SELECT unhex(value->>'tenant'), value->>'image' FROM json_each(?1))",
        "DELETE FROM tags WHERE (tenant_id, image_id) IN (
             SELECT unhex(value->>'tenant'), value->>'image' FROM json_each(?1))",
        // Layers that the tenant knew from these images only.
        "DELETE FROM tenant_layers
         WHERE (tenant_id, layer_id) IN (
             SELECT unhex(gone.value->>'tenant'), image_layers.layer_id FROM json_each(?1) AS gone
             JOIN image_layers ON image_layers.image_id = gone.value->>'image')
           AND NOT EXISTS (SELECT 1 FROM image_layers
                           JOIN tenant_images ON tenant_images.tenant_id = tenant_layers.tenant_id
                               AND tenant_images.image_id = image_layers.image_id
                           WHERE image_layers.layer_id = tenant_layers.layer_id)",
    ];
    let json = images_json(&gone);
    for statement in statements {
        query(statement).bind(&json).execute(&mut *c).await?;
    }
    Ok(gone.len() as u64)
}

async fn remove_outdated(
    c: &mut SqliteConnection,
    layers: Vec<i64>,
    in_use: String,
    since: i64,
) -> Result<u64> {
    let removed: Vec<(i64, String)> = sqlx::query_as(concat!(
        "DELETE FROM layer_catalogs AS garbage
         WHERE garbage.layer_id IN (SELECT value FROM json_each(?1)) AND ",
        outdated!(),
        " RETURNING layer_id, cataloger_set"
    ))
    .bind(Value::from(layers).to_string())
    .bind(in_use)
    .bind(since)
    .fetch_all(&mut *c)
    .await?;
    let outdated = removed
        .iter()
        .map(|(layer, set)| json!({ "layer": layer, "set": set }));
    query(
        "DELETE FROM layer_inventories WHERE (layer_id, cataloger_set) IN (
             SELECT value->>'layer', value->>'set' FROM json_each(?1))",
    )
    .bind(outdated.collect::<Value>().to_string())
    .execute(c)
    .await?;
    Ok(removed.len() as u64)
}
