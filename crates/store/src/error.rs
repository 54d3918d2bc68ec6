//! What can go wrong with the store.

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, is busy or out of space; another try can help.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The page cursor is none that this store gave out.
    #[error("the page cursor is not valid")]
    InvalidCursor,
    /// A stored value is not what this version writes.
    #[error("the store's content cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }
}

/// What every operation returns.
pub type Result<T> = std::result::Result<T, StoreError>;
