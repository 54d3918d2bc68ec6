//! The conformance suite on the embedded adapter.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_sqlite::Database;
use scanyard_store::conformance::garbage::a_random_life;
use scanyard_store::{SqliteStore, Store, StoreSettings, store_conformance};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

async fn open(settings: StoreSettings) -> Option<(Arc<dyn Store>, TempDir)> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("data/scanyard.db");
    let database = Database::open(&file).await.unwrap();
    let store = SqliteStore::new(database, settings);
    Some((Arc::new(store), directory))
}

store_conformance!(open);

#[tokio::test]
async fn after_a_random_life_nothing_is_left_but_the_newest_package() {
    let directory = TempDir::new().unwrap();
    let database = Database::open(&directory.path().join("scanyard.db")).await;
    let store = SqliteStore::new(database.unwrap(), StoreSettings::default());
    a_random_life(&store).await;
    let tables = [
        ("changes", 0),
        ("former_package_sets", 0),
        ("image_layers", 0),
        ("images", 0),
        ("layer_catalogs", 0),
        ("layer_inventories", 0),
        ("layers", 0),
        ("package_set_packages", 0),
        ("package_sets", 0),
        ("packages", 1),
        ("repositories", 0),
        ("repository_images", 0),
        ("scan_images", 0),
        ("scans", 0),
        ("tags", 0),
        ("tenant_images", 0),
        ("tenant_layers", 0),
    ];
    for (table, left) in tables {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(sql)
            .fetch_one(store.database().readers())
            .await
            .unwrap();
        assert_eq!(count, left, "{table}");
    }
}
