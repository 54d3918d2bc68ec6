//! Messages that were given up.

use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{FromRow, QueryBuilder, query};

use super::{MessageRow, Result, now, read_time};
use crate::{DeadLetter, DeadLetterFilter, Settings};

const SELECT: &str = "SELECT sequence, id, lane, stage, payload, traceparent, published_at, reason,
    deliveries, died_at FROM queue_dead_letters WHERE true";

#[derive(FromRow)]
struct DeadLetterRow {
    sequence: i64,
    #[sqlx(flatten)]
    message: MessageRow,
    published_at: i64,
    reason: String,
    deliveries: i64,
    died_at: i64,
}

impl DeadLetterRow {
    fn read(self) -> Result<DeadLetter> {
        Ok(DeadLetter {
            // As many digits as any number has: later letters have greater ids.
            id: format!("{:019}", self.sequence),
            message: self.message.read()?,
            reason: self.reason,
            attempts: u32::try_from(self.deliveries).unwrap_or(u32::MAX),
            published_at: read_time(self.published_at)?,
            died_at: read_time(self.died_at)?,
        })
    }
}

pub(super) async fn list(
    readers: &SqlitePool,
    filter: &DeadLetterFilter,
) -> Result<Vec<DeadLetter>> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    if let Some(stage) = filter.stage {
        query.push(" AND stage = ").push_bind(stage.name());
    }
    if let Some(after) = &filter.after {
        // An id that is none of ours is older than everything.
        query
            .push(" AND sequence < ")
            .push_bind(sequence_of(after).unwrap_or(0));
    }
    query
        .push(" ORDER BY sequence DESC LIMIT ")
        .push_bind(filter.limit);
    let rows: Vec<DeadLetterRow> = query.build_query_as().fetch_all(readers).await?;
    rows.into_iter().map(DeadLetterRow::read).collect()
}

pub(super) async fn read(readers: &SqlitePool, id: &str) -> Result<Option<DeadLetter>> {
    let row: Option<DeadLetterRow> = QueryBuilder::<Sqlite>::new(SELECT)
        .push(" AND sequence = ")
        .push_bind(sequence_of(id))
        .build_query_as()
        .fetch_optional(readers)
        .await?;
    row.map(DeadLetterRow::read).transpose()
}

/// Moves a message to the dead letters, and drops the oldest of these where there are too many.
pub(super) async fn bury(
    c: &mut SqliteConnection,
    sequence: i64,
    deliveries: i64,
    reason: &str,
    settings: &Settings,
) -> Result<()> {
    query(
        "INSERT INTO queue_dead_letters
             (id, lane, stage, payload, traceparent, published_at, reason, deliveries, died_at)
         SELECT id, lane, stage, payload, traceparent, published_at, ?2, ?3, ?4
         FROM queue_messages WHERE sequence = ?1",
    )
    .bind(sequence)
    .bind(reason)
    .bind(deliveries)
    .bind(now())
    .execute(&mut *c)
    .await?;
    query("DELETE FROM queue_messages WHERE sequence = ?1")
        .bind(sequence)
        .execute(&mut *c)
        .await?;
    query(
        "DELETE FROM queue_dead_letters WHERE sequence <= (
             SELECT sequence FROM queue_dead_letters ORDER BY sequence DESC LIMIT 1 OFFSET ?1)",
    )
    .bind(settings.max_dead_letters)
    .execute(c)
    .await?;
    Ok(())
}

/// Puts the message back as if it were new, whatever the duplicate window says.
pub(super) async fn redrive(c: &mut SqliteConnection, id: &str) -> Result<bool> {
    query(
        "INSERT INTO queue_messages
             (id, lane, stage, payload, traceparent, published_at, visible_at)
         SELECT id, lane, stage, payload, traceparent, ?2, ?2
         FROM queue_dead_letters WHERE sequence = ?1",
    )
    .bind(sequence_of(id))
    .bind(now())
    .execute(&mut *c)
    .await?;
    remove(c, id).await
}

pub(super) async fn remove(c: &mut SqliteConnection, id: &str) -> Result<bool> {
    let removed = query("DELETE FROM queue_dead_letters WHERE sequence = ?1")
        .bind(sequence_of(id))
        .execute(c)
        .await?;
    Ok(removed.rows_affected() > 0)
}

fn sequence_of(id: &str) -> Option<i64> {
    id.parse().ok()
}
