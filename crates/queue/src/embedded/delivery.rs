//! Settling deliveries.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_protocol::{Lane, Stage};
use sqlx::query;

use super::{EmbeddedQueue, Result, dead_letters, micros, now};
use crate::{Acknowledge, QueueError};

/// Names one delivery.
#[derive(Clone)]
pub(super) struct Receipt {
    pub(super) queue: EmbeddedQueue,
    pub(super) lane: Lane,
    pub(super) stage: Stage,
    pub(super) sequence: i64,
    pub(super) deliveries: i64,
    pub(super) is_last: bool,
}

#[async_trait]
impl Acknowledge for Receipt {
    async fn ack(self: Box<Self>) -> Result<()> {
        let (sequence, deliveries) = (self.sequence, self.deliveries);
        self.queue
            .write(move |c| {
                Box::pin(async move {
                    let done = query(
                        "DELETE FROM queue_messages
                         WHERE sequence = ?1 AND deliveries = ?2 AND is_held",
                    )
                    .bind(sequence)
                    .bind(deliveries)
                    .execute(c)
                    .await?;
                    require_one(done.rows_affected())
                })
            })
            .await
    }

    async fn nak(self: Box<Self>, delay: Duration, reason: &str) -> Result<()> {
        if self.is_last {
            return self.bury(reason).await;
        }
        self.hold(false, delay).await?;
        self.queue.arrivals(self.lane, self.stage).notify_waiters();
        Ok(())
    }

    async fn bury(self: Box<Self>, reason: &str) -> Result<()> {
        let (sequence, deliveries, reason) = (self.sequence, self.deliveries, reason.to_owned());
        let settings = self.queue.settings;
        self.queue
            .write(move |c| {
                Box::pin(async move {
                    let query = "SELECT EXISTS (SELECT 1 FROM queue_messages
                                 WHERE sequence = ?1 AND deliveries = ?2 AND is_held)";
                    let ours: bool = sqlx::query_scalar(query)
                        .bind(sequence)
                        .bind(deliveries)
                        .fetch_one(&mut *c)
                        .await?;
                    require_one(u64::from(ours))?;
                    dead_letters::bury(c, sequence, deliveries, &reason, &settings).await
                })
            })
            .await
    }

    async fn progress(&self) -> Result<()> {
        self.hold(true, self.queue.settings.ack_wait).await
    }
}

impl Receipt {
    /// Keeps the message for the worker, or gives it back, for this long.
    async fn hold(&self, is_held: bool, duration: Duration) -> Result<()> {
        let (sequence, deliveries) = (self.sequence, self.deliveries);
        self.queue
            .write(move |c| {
                Box::pin(async move {
                    let held = query(
                        "UPDATE queue_messages SET is_held = ?3, visible_at = ?4
                         WHERE sequence = ?1 AND deliveries = ?2 AND is_held",
                    )
                    .bind(sequence)
                    .bind(deliveries)
                    .bind(is_held)
                    .bind(now().saturating_add(micros(duration)))
                    .execute(c)
                    .await?;
                    require_one(held.rows_affected())
                })
            })
            .await
    }
}

fn require_one(rows: u64) -> Result<()> {
    match rows {
        0 => Err(QueueError::Expired),
        _ => Ok(()),
    }
}
