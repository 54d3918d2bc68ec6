//! The conformance suite on the embedded adapter.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_sqlite::Database;
use scanyard_store::{SqliteStore, Store, StoreSettings, store_conformance};
use tempfile::TempDir;

async fn open(settings: StoreSettings) -> Option<(Arc<dyn Store>, TempDir)> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("data/scanyard.db");
    let database = Database::open(&file).await.unwrap();
    let store = SqliteStore::new(database, settings);
    Some((Arc::new(store), directory))
}

store_conformance!(open);
