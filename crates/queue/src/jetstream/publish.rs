//! Taking messages, each id once within the duplicate window.

use std::pin::Pin;

use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use scanyard_protocol::Message;

use super::JetStreamQueue;
use super::connection::unavailable;
use super::envelope::publication;
use crate::QueueError;

/// Messages that are sent ahead of their acknowledgements.
const IN_FLIGHT: usize = 256;

type Ack = Pin<Box<dyn Future<Output = Result<PublishAck, PublishError>> + Send>>;

impl JetStreamQueue {
    /// Sends in the order given. Every acknowledgement has its own bound, so a stalled server ends
    /// the call; those sent before may be taken, and sending all again changes nothing for them.
    pub(super) async fn publish_all(&self, messages: &[Message]) -> Result<(), QueueError> {
        let mut acks: FuturesUnordered<Ack> = FuturesUnordered::new();
        for message in messages {
            if acks.len() >= IN_FLIGHT {
                read_ack(acks.next().await)?;
            }
            let subject = self.names.job_subject(message.stage, message.lane);
            let sent = self
                .send(subject, publication(message, &message.id)?)
                .await?;
            acks.push(sent.into_future());
        }
        while let Some(ack) = acks.next().await {
            read_ack(Some(ack))?;
        }
        Ok(())
    }

    /// Publishes one message and waits until the servers have it.
    pub(super) async fn publish_one(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> Result<(), QueueError> {
        let ack = self.send(subject, message).await?;
        read_ack(Some(ack.await))
    }

    async fn send(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> Result<PublishAckFuture, QueueError> {
        let sent = self.connection.jetstream.send_publish(subject, message);
        self.connection.ask(sent).await
    }
}

/// A full stream refuses; so does one that is missing. Both are for the operator to end, and may
/// have ended at another try.
fn read_ack(ack: Option<Result<PublishAck, PublishError>>) -> Result<(), QueueError> {
    match ack {
        Some(Err(error)) => Err(unavailable(error)),
        Some(Ok(_)) | None => Ok(()),
    }
}
