//! The outbox: messages that are committed with what caused them, and published afterwards.

use async_trait::async_trait;
use scanyard_protocol::Message;

use crate::error::Result;

/// Messages that wait to be published. Other operations write them, in their own transactions.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The oldest messages that are not published yet. An adapter that several relays share gives
    /// each other ones: a message that was given to one and not removed comes again some seconds
    /// later.
    async fn pending_messages(&self, limit: u32) -> Result<Vec<Message>>;

    /// Forgets messages by id, after they were published.
    async fn remove_messages(&self, ids: &[String]) -> Result<()>;

    /// Returns when there may be new messages, or after the adapter's own bound on waiting, whichever
    /// is first. Never later than a second.
    async fn wait_for_messages(&self);
}
