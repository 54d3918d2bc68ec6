//! A fleet into SQLite, in one transaction.

use std::path::Path;

use anyhow::{Context, ensure};
use scanyard_store::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor, QueryBuilder, Sqlite};

use super::Fleet;
use super::rows::{Cell, Table, tables};

/// Rows of one statement.
const BATCH: usize = 500;

/// Writes a fleet into a file, which is made where it is missing and must hold no images.
///
/// # Errors
///
/// When there are images in it, or it cannot be written.
pub async fn write_sqlite(path: &Path, fleet: &Fleet) -> anyhow::Result<()> {
    drop(SqliteStore::open(path).await?);
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = options.pragma("synchronous", "off").connect().await?;
    let mut transaction = connection.begin().await?;
    let c = &mut *transaction;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM images")
        .fetch_one(&mut *c)
        .await?;
    ensure!(count == 0, "the file holds {count} images already");
    for table in tables(fleet) {
        let name = table.name;
        insert(c, table)
            .await
            .with_context(|| format!("table {name}"))?;
    }
    transaction.commit().await?;
    connection.execute("ANALYZE").await?;
    connection.close().await?;
    Ok(())
}

async fn insert(c: &mut SqliteConnection, table: Table<'_>) -> anyhow::Result<()> {
    let columns = table.columns.len() - table.only_postgres;
    let into = format!(
        "INSERT INTO {} ({}) ",
        table.name,
        table.columns[..columns].join(", ")
    );
    let mut rows = table.rows.peekable();
    while rows.peek().is_some() {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(into.as_str());
        query.push_values(rows.by_ref().take(BATCH), |mut values, row| {
            for cell in row.into_iter().take(columns) {
                match cell {
                    Cell::Null => values.push_bind(None::<i64>),
                    Cell::Int(number) | Cell::Time(number) => values.push_bind(number),
                    Cell::Bool(truth) => values.push_bind(i64::from(truth)),
                    Cell::Text(text) => values.push_bind(text),
                    Cell::Bytes(bytes) => values.push_bind(bytes),
                    Cell::Uuid(id) => values.push_bind(id.as_bytes().to_vec()),
                };
            }
        });
        query.build().execute(&mut *c).await?;
    }
    Ok(())
}
