//! Both stores, each empty and its own.

use std::path::PathBuf;
use std::sync::Arc;

use scanyard_loadtest::fleet::{Fleet, write_postgres, write_sqlite};
use scanyard_store::{PostgresSettings, PostgresStore, SqliteStore, Store, StoreSettings};
use scanyard_testkit::RealPostgres;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// A store with the address that is behind it.
pub struct World {
    pub store: Arc<dyn Store>,
    address: Address,
}

enum Address {
    Sqlite(PathBuf, #[allow(dead_code)] TempDir),
    Postgres(String),
}

/// SQLite, and Postgres where it is installed.
pub async fn worlds() -> Vec<World> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("scanyard.db");
    let mut worlds = vec![World {
        store: Arc::new(SqliteStore::open(&file).await.unwrap()),
        address: Address::Sqlite(file, directory),
    }];
    if let Some(postgres) = RealPostgres::shared() {
        let url = postgres.create_database();
        let settings = PostgresSettings {
            max_connections: 4,
            ..PostgresSettings::default()
        };
        let store = PostgresStore::open(&url, settings, StoreSettings::default());
        worlds.push(World {
            store: Arc::new(store.await.unwrap()),
            address: Address::Postgres(url),
        });
    }
    worlds
}

impl World {
    pub fn name(&self) -> &'static str {
        match &self.address {
            Address::Sqlite(..) => "sqlite",
            Address::Postgres(_) => "postgres",
        }
    }

    /// Makes the fleet, as if it had been scanned.
    pub async fn write(&self, fleet: &Fleet) {
        match &self.address {
            Address::Sqlite(file, _) => write_sqlite(file, fleet).await.unwrap(),
            Address::Postgres(url) => write_postgres(url, fleet).await.unwrap(),
        }
    }

    /// Rows of text, of a statement that both understand.
    pub async fn rows(&self, sql: &'static str) -> Vec<Vec<String>> {
        let lines: Vec<String> = match &self.address {
            Address::Sqlite(file, _) => {
                let url = format!("sqlite:{}", file.display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
                rows.unwrap()
            }
            Address::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
                rows.unwrap()
            }
        };
        let split = |line: &String| line.split('|').map(str::to_owned).collect();
        lines.iter().map(split).collect()
    }
}
