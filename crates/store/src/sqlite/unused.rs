//! Content that nothing names any more: found by a reader, then looked at again and removed by the
//! writer, beside whom nobody begins to name anything.

use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use crate::Swept;
use crate::error::Result;
use crate::garbage_conditions::{
    unused_finding, unused_image, unused_layer, unused_package, unused_package_set,
    unused_repository,
};

/// Rows that a step looks at.
const WINDOW: i64 = 10_000;

/// How content of one table is found, looked at again and removed.
pub(super) struct Unused {
    /// A window's end.
    end: &'static str,
    find: &'static str,
    confirm: &'static str,
    /// What belongs to the rows first.
    remove: &'static [&'static str],
    /// Rows of a batch, by how much belongs to each.
    batch: i64,
}

macro_rules! unused {
    ($table:literal, $condition:expr, $batch:literal, [$($remove:literal),* $(,)?]) => {
        Unused {
            end: concat!(
                "SELECT max(id) FROM (SELECT id FROM ", $table, " WHERE id > ?1 ORDER BY id LIMIT ?2)"
            ),
            find: concat!(
                "SELECT id FROM ", $table, " AS garbage WHERE id > ?1 AND id <= ?2 AND ",
                $condition, " ORDER BY id LIMIT ?3"
            ),
            confirm: concat!(
                "SELECT id FROM ", $table, " AS garbage
                 WHERE id IN (SELECT value FROM json_each(?1)) AND ", $condition
            ),
            remove: &[$(concat!("DELETE FROM ", $remove, " IN (SELECT value FROM json_each(?1))")),*],
            batch: $batch,
        }
    };
}

pub(super) const IMAGES: Unused = unused!(
    "images",
    unused_image!(),
    100,
    [
        "image_layers WHERE image_id",
        "image_tops WHERE image_id",
        "image_coverage WHERE image_id",
        "former_package_sets WHERE image_id",
        // An ended scan no longer says which images it had.
        "scan_images WHERE image_id",
        "images WHERE id",
    ]
);

pub(super) const PACKAGE_SETS: Unused = unused!(
    "package_sets",
    unused_package_set!(),
    20,
    [
        "package_set_packages WHERE package_set_id",
        "package_sets WHERE id",
    ]
);

/// The newest package stays: SQLite would give its id to another, of which somebody who is matching
/// this one would then speak.
pub(super) const PACKAGES: Unused = unused!(
    "packages",
    concat!(
        unused_package!(),
        " AND id < (SELECT max(id) FROM packages)"
    ),
    100,
    [
        "package_keys WHERE package_id",
        "package_coverage WHERE package_id",
        "matches WHERE package_id",
        "changes WHERE package_id",
        "packages WHERE id",
    ]
);

pub(super) const FINDINGS: Unused = unused!(
    "findings",
    unused_finding!(),
    200,
    ["finding_ids WHERE finding_id", "findings WHERE id"]
);

pub(super) const LAYERS: Unused = unused!(
    "layers",
    unused_layer!(),
    50,
    [
        "layer_catalogs WHERE layer_id",
        "layer_inventories WHERE layer_id",
        "tenant_layers WHERE layer_id",
        "layers WHERE id",
    ]
);

pub(super) const REPOSITORIES: Unused = unused!(
    "repositories",
    unused_repository!(),
    200,
    ["repositories WHERE id"]
);

impl Unused {
    pub(super) async fn sweep(&'static self, store: &SqliteStore, from: i64) -> Result<Swept> {
        let end: Option<i64> = sqlx::query_scalar(self.end)
            .bind(from)
            .bind(WINDOW)
            .fetch_one(store.readers())
            .await?;
        let found: Vec<i64> = sqlx::query_scalar(self.find)
            .bind(from)
            .bind(end)
            .bind(self.batch)
            .fetch_all(store.readers())
            .await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|found| found >= self.batch);
        let next = found.last().copied().filter(|_| is_full).or(end);
        if found.is_empty() {
            return Ok(Swept { removed: 0, next });
        }
        let removed = store
            .write(move |c| Box::pin(async move { self.remove(c, found).await }))
            .await?;
        Ok(Swept { removed, next })
    }

    async fn remove(&self, c: &mut SqliteConnection, found: Vec<i64>) -> Result<u64> {
        let ids: Vec<i64> = sqlx::query_scalar(self.confirm)
            .bind(serde_json::Value::from(found).to_string())
            .fetch_all(&mut *c)
            .await?;
        let json = serde_json::Value::from(ids.as_slice()).to_string();
        for statement in self.remove {
            sqlx::query(*statement).bind(&json).execute(&mut *c).await?;
        }
        Ok(ids.len() as u64)
    }
}
