//! Giving out messages.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::{Batch, BatchError};
use futures_util::StreamExt;
use scanyard_protocol::{Lane, Stage};
use tokio::time::Instant;

use super::JetStreamQueue;
use super::connection::unavailable;
use super::delivery::Receipt;
use super::envelope::read_message;
use crate::{Delivery, QueueError};

/// What becomes of a message whose last delivery was neither settled nor extended.
const UNSETTLED: &str = "the worker that held the last delivery never settled it";

/// How long past its end a server may take to say that a request has ended.
const GRACE: Duration = Duration::from_secs(3);

impl JetStreamQueue {
    /// Asks for what is there, and only then waits for one. Nothing is fetched ahead: what lies in a
    /// buffer here would use up its ack wait.
    pub(super) async fn fetch_within(
        &self,
        lane: Lane,
        stage: Stage,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let consumer = self.consumer(lane, stage);
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut messages = self.take_waiting(consumer, max).await?;
            if messages.is_empty() && !left.is_zero() {
                messages = self.wait_for_one(consumer, left).await?;
                // What came with it. It is at hand already: another failure is the next call's.
                if !messages.is_empty() && max > 1 {
                    let more = self.take_waiting(consumer, max - 1).await;
                    messages.extend(more.unwrap_or_default());
                }
            }
            let deliveries = self.deliver(messages).await?;
            if !deliveries.is_empty() || Instant::now() >= deadline {
                return Ok(deliveries);
            }
        }
    }

    async fn take_waiting(
        &self,
        consumer: &PullConsumer,
        max: usize,
    ) -> Result<Vec<jetstream::Message>, QueueError> {
        let request = consumer.fetch().max_messages(max).messages();
        self.collect(request, GRACE).await
    }

    async fn wait_for_one(
        &self,
        consumer: &PullConsumer,
        wait: Duration,
    ) -> Result<Vec<jetstream::Message>, QueueError> {
        // Registered first, so that a connection made in between is not missed.
        let mut reconnected = std::pin::pin!(self.connection.connected.notified());
        reconnected.as_mut().enable();
        let request = consumer.batch().max_messages(1).expires(wait).messages();
        tokio::select! {
            // A message that is there already must not be dropped.
            biased;
            messages = self.collect(request, wait + GRACE) => messages,
            // A server that was away has forgotten the request.
            () = reconnected => Ok(Vec::new()),
        }
    }

    /// All that the server gives for one request; those that came stand, whatever comes after.
    async fn collect(
        &self,
        request: impl Future<Output = Result<Batch, BatchError>>,
        bound: Duration,
    ) -> Result<Vec<jetstream::Message>, QueueError> {
        let mut messages = Vec::new();
        let read = async {
            let mut batch = request.await.map_err(unavailable)?;
            while let Some(message) = batch.next().await {
                messages.push(message.map_err(unavailable)?);
            }
            Ok(())
        };
        let ended = tokio::time::timeout(bound, read).await;
        match ended.map_err(unavailable).flatten() {
            Err(error) if messages.is_empty() => Err(error),
            _ => Ok(messages),
        }
    }

    /// Those that were delivered too often already are buried instead.
    async fn deliver(
        &self,
        messages: Vec<jetstream::Message>,
    ) -> Result<Vec<Delivery>, QueueError> {
        let mut deliveries = Vec::new();
        let mut failure = None;
        for message in messages {
            let receipt = self.receive(&message)?;
            if receipt.attempts() <= u64::from(self.settings.max_deliveries) {
                deliveries.push(receipt.into_delivery());
            } else if let Err(error) = receipt.bury_spent(UNSETTLED).await {
                // It comes again after the ack wait, and is tried again then.
                failure = Some(error);
            }
        }
        match failure {
            Some(error) if deliveries.is_empty() => Err(error),
            _ => Ok(deliveries),
        }
    }

    fn receive(&self, received: &jetstream::Message) -> Result<Receipt, QueueError> {
        let info = received
            .info()
            .map_err(|error| QueueError::Corrupt(error.to_string()))?;
        let message = read_message(
            &received.subject,
            received.headers.as_ref(),
            &received.payload,
            info.stream_sequence,
        )?;
        let deliveries = u64::try_from(info.delivered).unwrap_or_default();
        let reply = received.reply.clone();
        Ok(Receipt::new(
            self.clone(),
            self.held.hold(info.stream_sequence, deliveries),
            reply.ok_or_else(|| QueueError::Corrupt("a delivery without a reply".to_owned()))?,
            message,
            info.published,
        ))
    }
}
