//! Content that nothing names any more: found without a lock, then looked at again and removed under
//! one.
//!
//! Who names content (records an image, assembles one) holds the content lock together with others,
//! because finding a row and naming it are two statements. Who removes content holds it alone, for a
//! batch that takes milliseconds; what it finds unnamed then, nobody is about to name. Matches name
//! packages and findings under the fleet's lock, which is taken first: it may be held for longer.

use sqlx::postgres::PgConnection;

use super::revisions::LOCK_FLEET;
use super::session::Session;
use super::statements::statements;
use crate::Swept;
use crate::error::Result;
use crate::garbage_conditions::{
    unused_finding, unused_image, unused_layer, unused_package, unused_package_set,
    unused_repository,
};

/// Rows that a step looks at.
const WINDOW: i64 = 10_000;

/// Looks at a window of a table from an id on: its end, and the ids in it that are garbage.
macro_rules! find {
    ($table:literal, $condition:expr) => {
        concat!(
            "WITH examined AS MATERIALIZED (SELECT id FROM ",
            $table,
            " WHERE id > $1 ORDER BY id LIMIT $2)
             SELECT (SELECT max(id) FROM examined),
                    ARRAY(SELECT garbage.id FROM examined JOIN ",
            $table,
            " AS garbage ON garbage.id = examined.id WHERE ",
            $condition,
            " ORDER BY garbage.id LIMIT $3)"
        )
    };
}

/// Those of these ids that are garbage now.
macro_rules! confirm {
    ($table:literal, $condition:expr) => {
        concat!(
            "SELECT id FROM ",
            $table,
            " AS garbage WHERE id = ANY ($1::bigint[]) AND ",
            $condition,
            " ORDER BY id"
        )
    };
}

statements! {
    /// Whoever names content holds it together with others, until the end of the transaction.
    HOLD_CONTENT = "SELECT pg_advisory_xact_lock_shared(1, 2)";
    /// Whoever removes content holds it alone.
    LOCK_CONTENT = "SELECT pg_advisory_xact_lock(1, 2)";

    FIND_IMAGES = find!("images", unused_image!());
    CONFIRM_IMAGES = confirm!("images", unused_image!());
    REMOVE_IMAGE_LAYERS = "DELETE FROM image_layers WHERE image_id = ANY ($1::bigint[])";
    REMOVE_IMAGE_TOPS = "DELETE FROM image_tops WHERE image_id = ANY ($1::bigint[])";
    REMOVE_IMAGE_COVERAGE = "DELETE FROM image_coverage WHERE image_id = ANY ($1::bigint[])";
    REMOVE_FORMER_SETS = "DELETE FROM former_package_sets WHERE image_id = ANY ($1::bigint[])";
    /// An ended scan no longer says which images it had.
    REMOVE_SCAN_IMAGES = "DELETE FROM scan_images WHERE image_id = ANY ($1::bigint[])";
    REMOVE_IMAGES = "DELETE FROM images WHERE id = ANY ($1::bigint[])";

    FIND_SETS = find!("package_sets", unused_package_set!());
    CONFIRM_SETS = confirm!("package_sets", unused_package_set!());
    REMOVE_MEMBERS = "DELETE FROM package_set_packages
        WHERE package_set_id = ANY ($1::bigint[])";
    REMOVE_SETS = "DELETE FROM package_sets WHERE id = ANY ($1::bigint[])";

    FIND_PACKAGES = find!("packages", unused_package!());
    CONFIRM_PACKAGES = confirm!("packages", unused_package!());
    REMOVE_KEYS = "DELETE FROM package_keys WHERE package_id = ANY ($1::bigint[])";
    REMOVE_COVERAGE = "DELETE FROM package_coverage WHERE package_id = ANY ($1::bigint[])";
    REMOVE_MATCHES = "DELETE FROM matches WHERE package_id = ANY ($1::bigint[])";
    REMOVE_CHANGES = "DELETE FROM changes WHERE package_id = ANY ($1::bigint[])";
    REMOVE_PACKAGES = "DELETE FROM packages WHERE id = ANY ($1::bigint[])";

    FIND_FINDINGS = find!("findings", unused_finding!());
    CONFIRM_FINDINGS = confirm!("findings", unused_finding!());
    REMOVE_FINDING_IDS = "DELETE FROM finding_ids WHERE finding_id = ANY ($1::bigint[])";
    REMOVE_FINDINGS = "DELETE FROM findings WHERE id = ANY ($1::bigint[])";

    FIND_LAYERS = find!("layers", unused_layer!());
    CONFIRM_LAYERS = confirm!("layers", unused_layer!());
    /// Before the inventories: a late worker that commits one holds this row.
    REMOVE_CATALOGS = "DELETE FROM layer_catalogs WHERE layer_id = ANY ($1::bigint[])";
    REMOVE_INVENTORIES = "DELETE FROM layer_inventories WHERE layer_id = ANY ($1::bigint[])";
    REMOVE_TENANT_LAYERS = "DELETE FROM tenant_layers WHERE layer_id = ANY ($1::bigint[])";
    REMOVE_LAYERS = "DELETE FROM layers WHERE id = ANY ($1::bigint[])";

    FIND_REPOSITORIES = find!("repositories", unused_repository!());
    CONFIRM_REPOSITORIES = confirm!("repositories", unused_repository!());
    REMOVE_REPOSITORIES = "DELETE FROM repositories WHERE id = ANY ($1::bigint[])";
}

/// How content of one table is found, looked at again and removed.
pub(super) struct Unused {
    find: &'static str,
    locks: &'static [&'static str],
    confirm: &'static str,
    /// What belongs to the rows first.
    remove: &'static [&'static str],
    /// Rows of a batch, by how much belongs to each.
    batch: i64,
}

pub(super) const IMAGES: Unused = Unused {
    find: FIND_IMAGES,
    locks: &[LOCK_CONTENT],
    confirm: CONFIRM_IMAGES,
    remove: &[
        REMOVE_IMAGE_LAYERS,
        REMOVE_IMAGE_TOPS,
        REMOVE_IMAGE_COVERAGE,
        REMOVE_FORMER_SETS,
        REMOVE_SCAN_IMAGES,
        REMOVE_IMAGES,
    ],
    batch: 200,
};

pub(super) const PACKAGE_SETS: Unused = Unused {
    find: FIND_SETS,
    locks: &[LOCK_CONTENT],
    confirm: CONFIRM_SETS,
    remove: &[REMOVE_MEMBERS, REMOVE_SETS],
    batch: 50,
};

pub(super) const PACKAGES: Unused = Unused {
    find: FIND_PACKAGES,
    locks: &[LOCK_FLEET, LOCK_CONTENT],
    confirm: CONFIRM_PACKAGES,
    remove: &[
        REMOVE_KEYS,
        REMOVE_COVERAGE,
        REMOVE_MATCHES,
        REMOVE_CHANGES,
        REMOVE_PACKAGES,
    ],
    batch: 500,
};

pub(super) const FINDINGS: Unused = Unused {
    find: FIND_FINDINGS,
    locks: &[LOCK_FLEET],
    confirm: CONFIRM_FINDINGS,
    remove: &[REMOVE_FINDING_IDS, REMOVE_FINDINGS],
    batch: 1000,
};

pub(super) const LAYERS: Unused = Unused {
    find: FIND_LAYERS,
    locks: &[LOCK_CONTENT],
    confirm: CONFIRM_LAYERS,
    remove: &[
        REMOVE_CATALOGS,
        REMOVE_INVENTORIES,
        REMOVE_TENANT_LAYERS,
        REMOVE_LAYERS,
    ],
    batch: 200,
};

pub(super) const REPOSITORIES: Unused = Unused {
    find: FIND_REPOSITORIES,
    locks: &[LOCK_CONTENT],
    confirm: CONFIRM_REPOSITORIES,
    remove: &[REMOVE_REPOSITORIES],
    batch: 500,
};

impl Unused {
    pub(super) async fn sweep(&'static self, session: &Session, from: i64) -> Result<Swept> {
        let (end, found): (Option<i64>, Vec<i64>) = session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(self.find)
                        .bind(from)
                        .bind(WINDOW)
                        .bind(self.batch)
                        .fetch_one(c)
                        .await?)
                })
            })
            .await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|found| found >= self.batch);
        let next = found.last().copied().filter(|_| is_full).or(end);
        if found.is_empty() {
            return Ok(Swept { removed: 0, next });
        }
        let found = found.as_slice();
        let removed = session
            .transaction(move |c, _| Box::pin(async move { self.remove(c, found).await }))
            .await?;
        Ok(Swept { removed, next })
    }

    async fn remove(&self, c: &mut PgConnection, found: &[i64]) -> Result<u64> {
        for lock in self.locks {
            sqlx::query(*lock).execute(&mut *c).await?;
        }
        let ids: Vec<i64> = sqlx::query_scalar(self.confirm)
            .bind(found)
            .fetch_all(&mut *c)
            .await?;
        for statement in self.remove {
            sqlx::query(*statement).bind(&ids).execute(&mut *c).await?;
        }
        Ok(ids.len() as u64)
    }
}

/// Before content is found that is to be named.
pub(super) async fn hold_content(c: &mut PgConnection) -> Result<()> {
    sqlx::query(HOLD_CONTENT).execute(c).await?;
    Ok(())
}
