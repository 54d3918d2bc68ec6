//! A fleet into Postgres, by COPY.

use std::fmt::Write;

use anyhow::{Context, ensure};
use chrono::DateTime;
use scanyard_store::{PostgresSettings, PostgresStore, StoreSettings};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Row};

use super::Fleet;
use super::rows::{Cell, Table, tables};

/// Bytes that are sent at once.
const PIECE: usize = 1 << 20;

/// Writes a fleet into an empty database, whose schema is brought up to date first.
///
/// # Errors
///
/// When the database is not empty, or cannot be reached.
pub async fn write_postgres(url: &str, fleet: &Fleet) -> anyhow::Result<()> {
    PostgresStore::open(url, PostgresSettings::default(), StoreSettings::default())
        .await
        .context("the schema cannot be brought up to date")?;
    let mut connection = PgConnection::connect(url).await?;
    let c = &mut connection;
    c.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        .await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM images")
        .fetch_one(&mut *c)
        .await?;
    ensure!(count == 0, "the database holds {count} images already");
    for table in tables(fleet) {
        let name = table.name;
        copy(c, table)
            .await
            .with_context(|| format!("table {name}"))?;
    }
    advance_identities(c).await?;
    // Whoever reads indexes only needs to know which pages everybody sees.
    c.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// Indexes that no constraint needs are made again afterwards: in order, instead of row by row.
async fn copy(c: &mut PgConnection, table: Table<'_>) -> anyhow::Result<()> {
    let indexes = drop_indexes(c, table.name).await?;
    let into = format!(
        "COPY {} ({}) FROM STDIN",
        table.name,
        table.columns.join(", ")
    );
    let mut copy = c.copy_in_raw(&into).await?;
    let mut text = String::with_capacity(PIECE + (PIECE >> 2));
    for row in table.rows {
        write_row(&mut text, &row);
        if text.len() >= PIECE {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    for definition in indexes {
        sqlx::raw_sql(sqlx::AssertSqlSafe(definition))
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}

async fn drop_indexes(c: &mut PgConnection, table: &str) -> anyhow::Result<Vec<String>> {
    let found = sqlx::query(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
         FROM pg_index
         WHERE indrelid = $1::regclass
           AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
    )
    .bind(table)
    .fetch_all(&mut *c)
    .await?;
    let mut definitions = Vec::with_capacity(found.len());
    for row in found {
        let name: String = row.try_get("name")?;
        let drop = format!("DROP INDEX {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut *c)
            .await?;
        definitions.push(row.try_get("definition")?);
    }
    Ok(definitions)
}

/// COPY writes ids of its own; what comes later gets the next ones.
async fn advance_identities(c: &mut PgConnection) -> anyhow::Result<()> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND is_identity = 'YES'",
    )
    .fetch_all(&mut *c)
    .await?;
    for (table, column) in tables {
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column}))
             FROM {table} HAVING max({column}) IS NOT NULL"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(set))
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}

/// A row in the text form of COPY.
fn write_row(text: &mut String, row: &[Cell]) {
    for (place, cell) in row.iter().enumerate() {
        if place > 0 {
            text.push('\t');
        }
        write_cell(text, cell);
    }
    text.push('\n');
}

fn write_cell(text: &mut String, cell: &Cell) {
    // Writing to a string cannot fail.
    let _ = match cell {
        Cell::Null => write!(text, "\\N"),
        Cell::Int(number) => write!(text, "{number}"),
        Cell::Bool(truth) => write!(text, "{truth}"),
        Cell::Uuid(id) => write!(text, "{id}"),
        Cell::Time(micros) => {
            let time = DateTime::from_timestamp_micros(*micros).unwrap_or_default();
            write!(text, "{}", time.format("%Y-%m-%dT%H:%M:%S%.6fZ"))
        }
        Cell::Bytes(bytes) => {
            text.push_str("\\\\x");
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            Ok(())
        }
        Cell::Text(content) => {
            for character in content.chars() {
                match character {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    other => text.push(other),
                }
            }
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_copy_reads_them() {
        let mut text = String::new();
        let row = [
            Cell::Null,
            Cell::Int(-1),
            Cell::Bool(true),
            Cell::from("a\tb\\c"),
            Cell::Bytes(vec![0, 255]),
            Cell::Time(1_000_001),
        ];
        write_row(&mut text, &row);
        let expected = "\\N\t-1\ttrue\ta\\tb\\\\c\t\\\\x00ff\t1970-01-01T00:00:01.000001Z\n";
        assert_eq!(text, expected);
    }
}
