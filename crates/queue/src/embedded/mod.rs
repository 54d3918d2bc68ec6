//! The queue in the store's SQLite file.
//!
//! A message is a row with a time from which on it is delivered: its publication, the end of a delay,
//! or the end of its delivery's ack wait. Fetching is one statement that takes the earliest rows due
//! and moves their time on; so an expired delivery needs nobody who looks for it. Its sequence and the
//! number of deliveries name a delivery, which fences late workers.

mod dead_letters;
mod delivery;
mod fetch;
mod publish;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use scanyard_protocol::{Lane, Message, Stage};
use scanyard_sqlite::{Database, DatabaseError};
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::Notify;

use crate::{DeadLetter, DeadLetterFilter, Delivery, LaneDepth, Queue, QueueError, Settings};

type Result<T> = std::result::Result<T, QueueError>;

/// The embedded adapter of the queue port. Clones share it; it serves one process.
#[derive(Debug, Clone)]
pub struct EmbeddedQueue {
    database: Database,
    settings: Settings,
    /// One for each lane and stage, woken when a message may be due there.
    arrivals: Arc<[Notify; LANES * STAGES]>,
}

const LANES: usize = Lane::ALL.len();
const STAGES: usize = Stage::ALL.len();

impl EmbeddedQueue {
    /// The queue in an open file, which the store shares.
    pub fn new(database: Database, settings: Settings) -> Self {
        Self {
            database,
            settings,
            arrivals: Arc::new(std::array::from_fn(|_| Notify::new())),
        }
    }

    fn arrivals(&self, lane: Lane, stage: Stage) -> &Notify {
        &self.arrivals[lane as usize * STAGES + stage as usize]
    }

    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.database.write(operation).await
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        let batch = publish::Batch::new(messages, &self.settings);
        self.write(move |c| Box::pin(async move { batch.run(c).await }))
            .await?;
        for message in messages {
            self.arrivals(message.lane, message.stage).notify_waiters();
        }
        Ok(())
    }

    async fn fetch(
        &self,
        lane: Lane,
        stage: Stage,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>> {
        self.fetch_within(lane, stage, max, wait).await
    }

    async fn depths(&self) -> Result<Vec<LaneDepth>> {
        let rows: Vec<DepthRow> = sqlx::query_as(
            "SELECT lane, stage, count(*) FILTER (WHERE NOT in_flight) AS waiting,
                    count(*) FILTER (WHERE in_flight) AS in_flight,
                    min(published_at) FILTER (WHERE NOT in_flight) AS oldest
             FROM (SELECT lane, stage, published_at, is_held AND visible_at > ?1 AS in_flight
                   FROM queue_messages)
             GROUP BY lane, stage",
        )
        .bind(now())
        .fetch_all(self.database.readers())
        .await?;
        let lanes = Lane::ALL.into_iter();
        let places = lanes.flat_map(|lane| Stage::ALL.map(|stage| (lane, stage)));
        places
            .map(|(lane, stage)| read_depth(lane, stage, &rows))
            .collect()
    }

    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>> {
        dead_letters::list(self.database.readers(), filter).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>> {
        dead_letters::read(self.database.readers(), id).await
    }

    async fn redrive(&self, id: &str) -> Result<bool> {
        let Some(letter) = self.dead_letter(id).await? else {
            return Ok(false);
        };
        let id = id.to_owned();
        let redriven = self
            .write(|c| Box::pin(async move { dead_letters::redrive(c, &id).await }))
            .await?;
        self.arrivals(letter.message.lane, letter.message.stage)
            .notify_waiters();
        Ok(redriven)
    }

    async fn drop_dead_letter(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.write(|c| Box::pin(async move { dead_letters::remove(c, &id).await }))
            .await
    }

    async fn check(&self) -> Result<()> {
        sqlx::query("SELECT 1 FROM queue_messages LIMIT 1")
            .execute(self.database.readers())
            .await?;
        self.write(|_| Box::pin(async { Ok(()) })).await
    }
}

#[derive(FromRow)]
struct DepthRow {
    lane: String,
    stage: String,
    waiting: i64,
    in_flight: i64,
    oldest: Option<i64>,
}

/// A lane and stage that holds nothing has no row.
fn read_depth(lane: Lane, stage: Stage, rows: &[DepthRow]) -> Result<LaneDepth> {
    let row = rows
        .iter()
        .find(|row| row.lane == lane.name() && row.stage == stage.name());
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(LaneDepth {
        lane,
        stage,
        waiting: row.map_or(0, |row| count(row.waiting)),
        in_flight: row.map_or(0, |row| count(row.in_flight)),
        oldest: row.and_then(|row| row.oldest).map(read_time).transpose()?,
    })
}

/// The columns of a message, which live and dead ones share.
#[derive(FromRow)]
struct MessageRow {
    id: String,
    lane: String,
    stage: String,
    payload: Vec<u8>,
    traceparent: Option<String>,
}

impl MessageRow {
    fn read(self) -> Result<Message> {
        Ok(Message {
            lane: self
                .lane
                .parse()
                .map_err(|_| QueueError::Corrupt(format!("{} is no lane", self.lane)))?,
            stage: Stage::from_name(&self.stage)
                .ok_or_else(|| QueueError::Corrupt(format!("{} is no stage", self.stage)))?,
            id: self.id,
            payload: self.payload,
            traceparent: self.traceparent,
        })
    }
}

/// Microseconds since 1970.
fn now() -> i64 {
    Utc::now().timestamp_micros()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

fn read_time(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| QueueError::Corrupt(format!("{micros} is no time")))
}

impl From<DatabaseError> for QueueError {
    fn from(error: DatabaseError) -> Self {
        QueueError::Unavailable(Box::new(error))
    }
}

impl From<sqlx::Error> for QueueError {
    fn from(error: sqlx::Error) -> Self {
        QueueError::Unavailable(Box::new(error))
    }
}
