//! The server that fleets are in.

use std::process::Command;

use anyhow::Context;
use scanyard_store::{PostgresSettings, PostgresStore, StoreSettings};
use scanyard_testkit::{Durability, RealPostgres};
use sqlx::{Connection, Executor, PgConnection};

/// What a server of this size is given; everything else is as installed, fsync included.
const SETTINGS: [(&str, &str); 6] = [
    ("shared_buffers", "2GB"),
    ("effective_cache_size", "8GB"),
    ("work_mem", "32MB"),
    ("maintenance_work_mem", "1GB"),
    ("max_wal_size", "8GB"),
    ("wal_compression", "on"),
];

/// A server, ours or another's.
pub struct Server {
    url: String,
    ours: Option<RealPostgres>,
}

impl Server {
    /// Takes the one at the address, or starts one.
    pub async fn start(url: Option<&str>) -> anyhow::Result<Self> {
        if let Some(url) = url {
            return Ok(Self {
                url: url.to_owned(),
                ours: None,
            });
        }
        let server =
            RealPostgres::start(Durability::Full).context("PostgreSQL is not installed")?;
        let url = format!("postgres://postgres@{}/postgres", server.address());
        let mut connection = PgConnection::connect(&url).await?;
        for (name, value) in SETTINGS {
            let set = format!("ALTER SYSTEM SET {name} = '{value}'");
            connection.execute(sqlx::AssertSqlSafe(set)).await?;
        }
        connection.close().await?;
        server.restart();
        Ok(Self {
            url,
            ours: Some(server),
        })
    }

    /// A new database; its address.
    pub async fn create_database(&self, images: usize) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let name = format!("fleet_{images}");
        let create = format!("CREATE DATABASE {name}");
        connection.execute(sqlx::AssertSqlSafe(create)).await?;
        let (server, _) = self
            .url
            .rsplit_once('/')
            .context("the address has no path")?;
        Ok(format!("{server}/{name}"))
    }

    /// Empties the caches of the server and of the system, as far as both are ours.
    pub async fn forget_caches(&self) {
        if let Some(server) = &self.ours {
            server.restart();
            let dropped = Command::new("sh")
                .args(["-c", "sync; echo 3 > /proc/sys/vm/drop_caches"])
                .status();
            if !dropped.is_ok_and(|status| status.success()) {
                eprintln!("the system's cache stays: it takes root to empty it");
            }
        }
    }
}

/// Opens the store in a database.
pub async fn open(url: &str) -> anyhow::Result<PostgresStore> {
    let store = PostgresStore::open(url, PostgresSettings::default(), StoreSettings::default());
    Ok(store.await?)
}

/// What autovacuum does now and then.
pub async fn vacuum(url: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// Bytes of every table with its indexes, the largest first.
pub async fn sizes(url: &str) -> anyhow::Result<Vec<(String, u64)>> {
    let mut connection = PgConnection::connect(url).await?;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
         ORDER BY 2 DESC",
    )
    .fetch_all(&mut connection)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(name, bytes)| (name, bytes.unsigned_abs()))
        .collect())
}

/// Bytes of all of them.
pub async fn total(url: &str) -> anyhow::Result<u64> {
    Ok(sizes(url).await?.iter().map(|(_, bytes)| bytes).sum())
}
