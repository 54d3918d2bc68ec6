//! Giving out messages that are due.

use std::time::Duration;

use scanyard_protocol::{Lane, Stage};
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tokio::time::Instant;

use super::delivery::Receipt;
use super::{EmbeddedQueue, MessageRow, Result, dead_letters, micros, now};
use crate::{Delivery, Settings};

/// What becomes of a message whose last delivery was neither settled nor extended.
const UNSETTLED: &str = "the worker that held the last delivery never settled it";

impl EmbeddedQueue {
    /// Woken by messages that arrive, and by the clock for those that are due later.
    pub(super) async fn fetch_within(
        &self,
        lane: Lane,
        stage: Stage,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>> {
        let deadline = Instant::now() + wait;
        loop {
            // Registered before looking, so that a message that arrives in between is not missed.
            let mut arrival = std::pin::pin!(self.arrivals(lane, stage).notified());
            arrival.as_mut().enable();
            let wake = match self.next_due(lane, stage).await? {
                Some(due) if due <= now() => {
                    let deliveries = self.take_due(lane, stage, max).await?;
                    if !deliveries.is_empty() || Instant::now() >= deadline {
                        return Ok(deliveries);
                    }
                    continue;
                }
                Some(due) => deadline.min(instant_of(due)),
                None => deadline,
            };
            // Elapsing is as good an end as an arrival.
            let _ = tokio::time::timeout_at(wake, arrival).await;
            if Instant::now() >= deadline && !self.is_due(lane, stage).await? {
                return Ok(Vec::new());
            }
        }
    }

    async fn is_due(&self, lane: Lane, stage: Stage) -> Result<bool> {
        let due = self.next_due(lane, stage).await?;
        Ok(due.is_some_and(|due| due <= now()))
    }

    async fn next_due(&self, lane: Lane, stage: Stage) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(
            "SELECT min(visible_at) FROM queue_messages WHERE lane = ?1 AND stage = ?2",
        )
        .bind(lane.name())
        .bind(stage.name())
        .fetch_one(self.database.readers())
        .await?)
    }

    async fn take_due(&self, lane: Lane, stage: Stage, max: usize) -> Result<Vec<Delivery>> {
        let settings = self.settings;
        let rows = self
            .write(move |c| {
                Box::pin(async move { take_rows(c, lane, stage, max, &settings).await })
            })
            .await?;
        rows.into_iter().map(|row| self.deliver(row)).collect()
    }

    fn deliver(&self, row: TakenRow) -> Result<Delivery> {
        let attempt = u32::try_from(row.deliveries).unwrap_or(u32::MAX);
        let is_last = attempt >= self.settings.max_deliveries;
        let message = row.message.read()?;
        let receipt = Receipt {
            queue: self.clone(),
            lane: message.lane,
            stage: message.stage,
            sequence: row.sequence,
            deliveries: row.deliveries,
            is_last,
        };
        Ok(Delivery {
            message,
            attempt,
            is_last,
            handle: Box::new(receipt),
        })
    }
}

#[derive(FromRow)]
struct TakenRow {
    sequence: i64,
    deliveries: i64,
    #[sqlx(flatten)]
    message: MessageRow,
}

/// Takes rows that are due, the earliest first. Those that were delivered too often already are
/// buried instead.
async fn take_rows(
    c: &mut SqliteConnection,
    lane: Lane,
    stage: Stage,
    max: usize,
    settings: &Settings,
) -> Result<Vec<TakenRow>> {
    let now = now();
    let rows: Vec<TakenRow> = sqlx::query_as(
        "UPDATE queue_messages SET is_held = 1, deliveries = deliveries + 1, visible_at = ?4
         WHERE sequence IN (
             SELECT sequence FROM queue_messages
             WHERE lane = ?1 AND stage = ?2 AND visible_at <= ?3
             ORDER BY visible_at, sequence LIMIT ?5)
         RETURNING sequence, deliveries, id, lane, stage, payload, traceparent",
    )
    .bind(lane.name())
    .bind(stage.name())
    .bind(now)
    .bind(now.saturating_add(micros(settings.ack_wait)))
    .bind(i64::try_from(max).unwrap_or(i64::MAX))
    .fetch_all(&mut *c)
    .await?;
    let (spent, mut rows): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.deliveries > i64::from(settings.max_deliveries));
    for row in spent {
        let deliveries = row.deliveries - 1;
        dead_letters::bury(c, row.sequence, deliveries, UNSETTLED, settings).await?;
    }
    rows.sort_by_key(|row| row.sequence);
    Ok(rows)
}

fn instant_of(due: i64) -> Instant {
    let left = u64::try_from(due.saturating_sub(now())).unwrap_or_default();
    // A moment more, so that the row is due when the timer says so.
    Instant::now() + Duration::from_micros(left) + Duration::from_millis(1)
}
