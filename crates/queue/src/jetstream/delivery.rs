//! Settling deliveries.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::AckKind;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_protocol::Message;
use tokio::time::Instant;

use super::JetStreamQueue;
use super::envelope::{Death, obituary};
use super::held::Hold;
use crate::{Acknowledge, Delivery, QueueError};

/// Names one delivery. Every answer to it is confirmed by the server.
pub(super) struct Receipt {
    queue: JetStreamQueue,
    hold: Hold,
    /// Where answers go.
    reply: Subject,
    message: Message,
    published_at: DateTime<Utc>,
    /// When the server gives the message to somebody else, by our clock.
    ends_at: Mutex<Instant>,
}

impl Receipt {
    pub(super) fn new(
        queue: JetStreamQueue,
        hold: Hold,
        reply: Subject,
        message: Message,
        published_at: DateTime<Utc>,
    ) -> Self {
        let ends_at = Mutex::new(Instant::now() + queue.settings.ack_wait);
        Self {
            queue,
            hold,
            reply,
            message,
            published_at,
            ends_at,
        }
    }

    pub(super) fn attempts(&self) -> u64 {
        self.hold.deliveries
    }

    pub(super) fn into_delivery(self) -> Delivery {
        Delivery {
            message: self.message.clone(),
            attempt: u32::try_from(self.attempts()).unwrap_or(u32::MAX),
            is_last: self.is_last(),
            handle: Box::new(self),
        }
    }

    /// Buries a message whose deliveries are spent. This one is no attempt.
    pub(super) async fn bury_spent(self, reason: &str) -> Result<(), QueueError> {
        self.bury_after(self.attempts().saturating_sub(1), reason)
            .await
    }

    fn is_last(&self) -> bool {
        self.attempts() >= u64::from(self.queue.settings.max_deliveries)
    }

    /// First the letter, then the end of the message: dying in between leaves both, and burying
    /// again changes nothing within the letters' duplicate window.
    async fn bury_after(&self, attempts: u64, reason: &str) -> Result<(), QueueError> {
        let death = Death {
            reason,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            published_at: self.published_at,
        };
        let Message { stage, lane, .. } = self.message;
        // The time tells apart what stood at this place before the stream was made anew.
        let published = self.published_at.timestamp_nanos_opt().unwrap_or_default();
        let id = format!("{}-{published}", self.hold.sequence);
        let letter = obituary(&self.message, &id, &death)?;
        let subject = self.queue.names.dead_letter_subject(stage, lane);
        self.queue.publish_one(subject, letter).await?;
        self.answer(AckKind::Term).await
    }

    async fn answer(&self, answer: AckKind) -> Result<(), QueueError> {
        let connection = &self.queue.connection;
        let request = connection.client.request(self.reply.clone(), answer.into());
        connection.ask(request).await.map(|_| ())
    }

    /// An acknowledgement is true whoever holds the message now, so it is kept back only where we
    /// know of a later delivery. Everything else would disturb another worker.
    fn require_latest(&self) -> Result<(), QueueError> {
        match self.hold.is_latest() {
            true => Ok(()),
            false => Err(QueueError::Expired),
        }
    }

    fn require_in_time(&self) -> Result<(), QueueError> {
        self.require_latest()?;
        let ends_at = *self.ends_at.lock().unwrap_or_else(PoisonError::into_inner);
        match Instant::now() < ends_at {
            true => Ok(()),
            false => Err(QueueError::Expired),
        }
    }
}

#[async_trait]
impl Acknowledge for Receipt {
    async fn ack(self: Box<Self>) -> Result<(), QueueError> {
        self.require_latest()?;
        self.answer(AckKind::Ack).await
    }

    async fn nak(self: Box<Self>, delay: Duration, reason: &str) -> Result<(), QueueError> {
        if self.is_last() {
            return self.bury(reason).await;
        }
        self.require_in_time()?;
        let delay = Some(delay).filter(|delay| !delay.is_zero());
        self.answer(AckKind::Nak(delay)).await
    }

    async fn bury(self: Box<Self>, reason: &str) -> Result<(), QueueError> {
        self.require_in_time()?;
        self.bury_after(self.attempts(), reason).await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.require_in_time()?;
        let begin = Instant::now();
        self.answer(AckKind::Progress).await?;
        let mut ends_at = self.ends_at.lock().unwrap_or_else(PoisonError::into_inner);
        *ends_at = begin + self.queue.settings.ack_wait;
        Ok(())
    }
}
