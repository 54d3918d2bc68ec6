//! Garbage collection: what is too old, and what nothing names. See `unused` for the latter.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::interval;
use super::statements::statements;
use super::unused::{self, LOCK_CONTENT};
use super::{PostgresStore, session::Session};
use crate::error::Result;
use crate::garbage_conditions::unused_inventory;
use crate::garbage_forecast::{self, read_counts};
use crate::words::uuid_of_age;
use crate::{Garbage, GarbageKind, Retention, Swept};

/// Rows of a batch.
const BATCH: i64 = 500;
/// Layers whose inventories a step looks at.
const WINDOW: i64 = 10_000;

/// On a tenant's image that `$2` let go of.
macro_rules! stale {
    () => {
        "garbage.gone_at IS NULL AND garbage.last_seen < now() - $2::interval
         AND NOT EXISTS (SELECT 1 FROM tags
                         WHERE tags.image_id = garbage.image_id
                           AND tags.tenant_id = garbage.tenant_id
                           AND (tags.valid_to IS NULL OR tags.valid_to > now() - $2::interval))"
    };
}

/// On an inventory that is out of date for longer than `$3`, its cataloger set not among `$2`.
macro_rules! outdated {
    () => {
        concat!(
            "garbage.cataloger_set <> ALL ($2::text[]) AND garbage.due_at < now() - $3::interval AND ",
            unused_inventory!()
        )
    };
}

statements! {
    FORECAST = garbage_forecast::FORECAST;
    BULK_ITEMS = "DELETE FROM bulk_items WHERE (bulk_id, position) IN (
            SELECT bulk_id, position FROM bulks
            JOIN bulk_items ON bulk_items.bulk_id = bulks.id
            WHERE bulks.finished_at < now() - $1::interval LIMIT $2)";
    /// Ids are in the order of time, so that none is read that is too young.
    SCANS = "SELECT id FROM scans
        WHERE id < $1 AND state IN ('done', 'failed', 'cancelled') AND finished_at < now() - $2::interval
          AND (bulk_id IS NULL
               OR EXISTS (SELECT 1 FROM bulks WHERE bulks.id = bulk_id
                                                AND bulks.finished_at < now() - $2::interval))
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED";
    SCAN_IMAGES = "DELETE FROM scan_images WHERE scan_id = ANY ($1::uuid[])";
    REMOVE_SCANS = "DELETE FROM scans WHERE id = ANY ($1::uuid[])";
    BULKS = "DELETE FROM bulks WHERE id IN (
            SELECT id FROM bulks WHERE finished_at < now() - $1::interval
              AND NOT EXISTS (SELECT 1 FROM bulk_items WHERE bulk_items.bulk_id = bulks.id)
              AND NOT EXISTS (SELECT 1 FROM scans WHERE scans.bulk_id = bulks.id)
            LIMIT $2)
          AND finished_at < now() - $1::interval";
    FIND_STALE = concat!("WITH examined AS MATERIALIZED (
            SELECT id FROM images WHERE id > $1 ORDER BY id LIMIT $3
        )
        SELECT (SELECT max(id) FROM examined),
               ARRAY(SELECT DISTINCT garbage.image_id FROM examined
                     JOIN tenant_images AS garbage ON garbage.image_id = examined.id
                     WHERE ", stale!(), " ORDER BY garbage.image_id LIMIT $4)");
    LET_GO = concat!("UPDATE tenant_images AS garbage SET gone_at = now()
        WHERE garbage.image_id = ANY ($1::bigint[]) AND ", stale!(), "
        RETURNING garbage.tenant_id, garbage.image_id");
    LET_GO_OF_REPOSITORIES = "UPDATE repository_images AS held SET gone_at = now()
        FROM unnest($1::uuid[], $2::bigint[]) AS gone (tenant_id, image_id)
        WHERE held.image_id = gone.image_id AND held.tenant_id = gone.tenant_id
          AND held.gone_at IS NULL";
    GONE = "DELETE FROM tenant_images WHERE (tenant_id, image_id) IN (
            SELECT tenant_id, image_id FROM tenant_images
            WHERE gone_at < now() - $1::interval ORDER BY gone_at LIMIT $2)
          AND gone_at < now() - $1::interval
        RETURNING tenant_id, image_id";
    REMOVE_REPOSITORY_IMAGES = "DELETE FROM repository_images AS held
        USING unnest($1::uuid[], $2::bigint[]) AS gone (tenant_id, image_id)
        WHERE held.image_id = gone.image_id AND held.tenant_id = gone.tenant_id";
    REMOVE_TAGS = "DELETE FROM tags
        USING unnest($1::uuid[], $2::bigint[]) AS gone (tenant_id, image_id)
        WHERE tags.image_id = gone.image_id AND tags.tenant_id = gone.tenant_id";
    /// Layers that the tenant knew from these images only.
    REMOVE_TENANT_LAYERS = "DELETE FROM tenant_layers AS known
        USING (SELECT DISTINCT gone.tenant_id, image_layers.layer_id
               FROM unnest($1::uuid[], $2::bigint[]) AS gone (tenant_id, image_id)
               JOIN image_layers ON image_layers.image_id = gone.image_id) AS held
        WHERE known.tenant_id = held.tenant_id AND known.layer_id = held.layer_id
          AND NOT EXISTS (SELECT 1 FROM image_layers
                          JOIN tenant_images ON tenant_images.tenant_id = held.tenant_id
                              AND tenant_images.image_id = image_layers.image_id
                          WHERE image_layers.layer_id = held.layer_id)";
    FORMER_PACKAGE_SETS = "DELETE FROM former_package_sets WHERE (image_id, replaced_at) IN (
            SELECT image_id, replaced_at FROM former_package_sets
            WHERE replaced_at < now() - $1::interval LIMIT $2)";
    /// A revision that no question goes back to: the newest at the moment that is kept.
    CHANGES = "DELETE FROM changes WHERE sequence IN (
            SELECT sequence FROM changes
            WHERE revision <= (SELECT max(sequence) FROM revisions WHERE processed_at < now() - $1::interval)
            ORDER BY revision, sequence LIMIT $2)";
    FORMER_MATCHES = "DELETE FROM matches WHERE (package_id, finding_id, first_revision) IN (
            SELECT package_id, finding_id, first_revision FROM matches
            WHERE last_revision < (SELECT max(sequence) FROM revisions
                                   WHERE processed_at < now() - $1::interval)
            ORDER BY last_revision, package_id LIMIT $2)";
    FORMER_COVERAGE = "DELETE FROM package_coverage
        WHERE (package_id, first_revision, position) IN (
            SELECT package_id, first_revision, position FROM package_coverage
            WHERE last_revision < (SELECT max(sequence) FROM revisions
                                   WHERE processed_at < now() - $1::interval)
            ORDER BY last_revision, package_id LIMIT $2)";
    FIND_OUTDATED = concat!("WITH examined AS MATERIALIZED (
            SELECT id FROM layers WHERE id > $1 ORDER BY id LIMIT $4
        )
        SELECT (SELECT max(id) FROM examined),
               ARRAY(SELECT DISTINCT garbage.layer_id FROM examined
                     JOIN layer_catalogs AS garbage ON garbage.layer_id = examined.id
                     WHERE ", outdated!(), " ORDER BY garbage.layer_id LIMIT $5)");
    REMOVE_OUTDATED = concat!("DELETE FROM layer_catalogs AS garbage
        WHERE garbage.layer_id = ANY ($1::bigint[]) AND ", outdated!(), "
        RETURNING garbage.layer_id, garbage.cataloger_set");
    REMOVE_INVENTORIES = "DELETE FROM layer_inventories AS inventories
        USING unnest($1::bigint[], $2::text[]) AS outdated (layer_id, cataloger_set)
        WHERE inventories.layer_id = outdated.layer_id
          AND inventories.cataloger_set = outdated.cataloger_set";
    /// Of what was submitted lately a scan may be on its way.
    DOCUMENTS = "DELETE FROM documents WHERE digest IN (
            SELECT digest FROM documents
            WHERE created_at < now() - $1::interval
              AND NOT EXISTS (SELECT 1 FROM images WHERE images.digest = documents.digest)
              AND NOT EXISTS (
                  SELECT 1 FROM scans WHERE scans.state IN ('queued', 'cataloging')
                    AND scans.reference LIKE 'sbom:%' || encode(documents.digest, 'hex'))
            LIMIT $2)
          AND created_at < now() - $1::interval";
}

#[async_trait]
impl Garbage for PostgresStore {
    async fn sweep(&self, kind: GarbageKind, from: i64, retention: &Retention) -> Result<Swept> {
        let session = &self.session;
        match kind {
            GarbageKind::BulkItems => sweep_old(session, BULK_ITEMS, retention.scans).await,
            GarbageKind::Scans => sweep_scans(session, retention.scans).await,
            GarbageKind::Bulks => sweep_old(session, BULKS, retention.scans).await,
            GarbageKind::UntaggedImages => {
                sweep_untagged(session, from, retention.untagged_images).await
            }
            GarbageKind::GoneImages => sweep_gone(session, retention.gone_images).await,
            GarbageKind::FormerPackageSets => {
                sweep_old(session, FORMER_PACKAGE_SETS, retention.history).await
            }
            GarbageKind::Images => unused::IMAGES.sweep(session, from).await,
            GarbageKind::PackageSets => unused::PACKAGE_SETS.sweep(session, from).await,
            GarbageKind::Changes => sweep_old(session, CHANGES, retention.history).await,
            GarbageKind::FormerMatches => {
                sweep_old(session, FORMER_MATCHES, retention.history).await
            }
            GarbageKind::FormerCoverage => {
                sweep_old(session, FORMER_COVERAGE, retention.history).await
            }
            GarbageKind::Packages => unused::PACKAGES.sweep(session, from).await,
            GarbageKind::Findings => unused::FINDINGS.sweep(session, from).await,
            GarbageKind::OutdatedInventories => sweep_outdated(session, from, retention).await,
            GarbageKind::Layers => unused::LAYERS.sweep(session, from).await,
            GarbageKind::Repositories => unused::REPOSITORIES.sweep(session, from).await,
            GarbageKind::Documents => {
                sweep_old(session, DOCUMENTS, Some(retention.unused_documents)).await
            }
        }
    }

    async fn forecast_garbage(&self, retention: &Retention) -> Result<Vec<(GarbageKind, u64)>> {
        let counts = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(FORECAST)
                        .bind(retention.scans.map(ago))
                        .bind(retention.untagged_images.map(ago))
                        .bind(retention.gone_images.map(ago))
                        .bind(retention.history.map(ago))
                        .fetch_one(c)
                        .await?)
                })
            })
            .await?;
        Ok(read_counts(counts))
    }
}

/// What is older than is kept was before this moment.
fn ago(keep: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(keep)
        .ok()
        .and_then(|keep| Utc::now().checked_sub_signed(keep))
        .unwrap_or(DateTime::UNIX_EPOCH)
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

/// What a statement removes that is older than is kept.
async fn sweep_old(
    session: &Session,
    statement: &'static str,
    keep: Option<Duration>,
) -> Result<Swept> {
    let Some(keep) = keep else {
        return Ok(NOTHING);
    };
    let removed = session
        .transaction(move |c, _| {
            Box::pin(async move {
                let removed = sqlx::query(statement)
                    .bind(interval(keep))
                    .bind(BATCH)
                    .execute(c)
                    .await?;
                Ok(removed.rows_affected())
            })
        })
        .await?;
    Ok(swept(removed))
}

async fn sweep_scans(session: &Session, keep: Option<Duration>) -> Result<Swept> {
    let Some(keep) = keep else {
        return Ok(NOTHING);
    };
    let removed = session
        .transaction(move |c, _| {
            Box::pin(async move {
                let scans: Vec<Uuid> = sqlx::query_scalar(SCANS)
                    .bind(uuid_of_age(keep))
                    .bind(interval(keep))
                    .bind(BATCH)
                    .fetch_all(&mut *c)
                    .await?;
                for statement in [SCAN_IMAGES, REMOVE_SCANS] {
                    sqlx::query(statement).bind(&scans).execute(&mut *c).await?;
                }
                Ok(scans.len() as u64)
            })
        })
        .await?;
    Ok(swept(removed))
}

/// A window's end, and what in it is garbage.
type Found = (Option<i64>, Vec<i64>);

fn next_of((end, found): &Found) -> Option<i64> {
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found >= BATCH);
    found.last().copied().filter(|_| is_full).or(*end)
}

async fn sweep_untagged(session: &Session, from: i64, keep: Option<Duration>) -> Result<Swept> {
    let Some(keep) = keep else {
        return Ok(NOTHING);
    };
    let found: Found = session
        .run(move |c, _| {
            Box::pin(async move {
                Ok(sqlx::query_as(FIND_STALE)
                    .bind(from)
                    .bind(interval(keep))
                    .bind(WINDOW)
                    .bind(BATCH)
                    .fetch_one(c)
                    .await?)
            })
        })
        .await?;
    let next = next_of(&found);
    let images = found.1.as_slice();
    let removed = session
        .transaction(move |c, _| Box::pin(async move { let_go(c, images, keep).await }))
        .await?;
    Ok(Swept { removed, next })
}

async fn let_go(c: &mut PgConnection, images: &[i64], keep: Duration) -> Result<u64> {
    if images.is_empty() {
        return Ok(0);
    }
    let gone: Vec<(Uuid, i64)> = sqlx::query_as(LET_GO)
        .bind(images)
        .bind(interval(keep))
        .fetch_all(&mut *c)
        .await?;
    let (tenants, images): (Vec<Uuid>, Vec<i64>) = gone.into_iter().unzip();
    sqlx::query(LET_GO_OF_REPOSITORIES)
        .bind(tenants)
        .bind(&images)
        .execute(c)
        .await?;
    Ok(images.len() as u64)
}

async fn sweep_gone(session: &Session, keep: Option<Duration>) -> Result<Swept> {
    let Some(keep) = keep else {
        return Ok(NOTHING);
    };
    let removed = session
        .transaction(move |c, _| {
            Box::pin(async move {
                sqlx::query(LOCK_CONTENT).execute(&mut *c).await?;
                let gone: Vec<(Uuid, i64)> = sqlx::query_as(GONE)
                    .bind(interval(keep))
                    .bind(BATCH)
                    .fetch_all(&mut *c)
                    .await?;
                let (tenants, images): (Vec<Uuid>, Vec<i64>) = gone.into_iter().unzip();
                for statement in [REMOVE_REPOSITORY_IMAGES, REMOVE_TAGS, REMOVE_TENANT_LAYERS] {
                    sqlx::query(statement)
                        .bind(&tenants)
                        .bind(&images)
                        .execute(&mut *c)
                        .await?;
                }
                Ok(images.len() as u64)
            })
        })
        .await?;
    Ok(swept(removed))
}

async fn sweep_outdated(session: &Session, from: i64, retention: &Retention) -> Result<Swept> {
    let Some(keep) = retention.outdated_inventories else {
        return Ok(NOTHING);
    };
    let in_use = retention.cataloger_sets.as_slice();
    let found: Found = session
        .run(move |c, _| {
            Box::pin(async move {
                Ok(sqlx::query_as(FIND_OUTDATED)
                    .bind(from)
                    .bind(in_use)
                    .bind(interval(keep))
                    .bind(WINDOW)
                    .bind(BATCH)
                    .fetch_one(c)
                    .await?)
            })
        })
        .await?;
    let next = next_of(&found);
    if found.1.is_empty() {
        return Ok(Swept { removed: 0, next });
    }
    let layers = found.1.as_slice();
    let removed = session
        .transaction(move |c, _| {
            Box::pin(async move { remove_outdated(c, layers, in_use, keep).await })
        })
        .await?;
    Ok(Swept { removed, next })
}

async fn remove_outdated(
    c: &mut PgConnection,
    layers: &[i64],
    in_use: &[String],
    keep: Duration,
) -> Result<u64> {
    sqlx::query(LOCK_CONTENT).execute(&mut *c).await?;
    let removed: Vec<(i64, String)> = sqlx::query_as(REMOVE_OUTDATED)
        .bind(layers)
        .bind(in_use)
        .bind(interval(keep))
        .fetch_all(&mut *c)
        .await?;
    let (layers, sets): (Vec<i64>, Vec<String>) = removed.into_iter().unzip();
    sqlx::query(REMOVE_INVENTORIES)
        .bind(&layers)
        .bind(sets)
        .execute(c)
        .await?;
    Ok(layers.len() as u64)
}
