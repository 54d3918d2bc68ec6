//! What can go wrong with the queue.

/// Why the queue could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue cannot be reached or is overloaded; another try can help.
    #[error("the queue is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The delivery was given to somebody else meanwhile: its ack wait had passed.
    #[error("the delivery has expired and belongs to another worker now")]
    Expired,
    /// What the queue holds is not what this version writes.
    #[error("the queue's content cannot be read: {0}")]
    Corrupt(String),
}

impl QueueError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, QueueError::Unavailable(_))
    }
}
