//! What can go wrong with the store.

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, is busy or out of space; another try can help.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The fleet is at a later advisory revision: what an earlier one says is not taken any more.
    #[error("the fleet is at advisory revision {at} already")]
    Superseded {
        /// The revision that the fleet is at.
        at: i64,
    },
    /// The page cursor is none that this store gave out.
    #[error("the page cursor is not valid")]
    InvalidCursor,
    /// The database takes no such value: too long for an index, out of range.
    #[error("the store cannot hold a value: {0}")]
    Refused(String),
    /// A stored value is not what this version writes.
    #[error("the store's content cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            StoreError::Unavailable(_) | StoreError::Superseded { .. }
        )
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::ColumnDecode { index, source } = &error {
            return StoreError::Corrupt(format!("column {index}: {source}"));
        }
        match refused_value(&error) {
            Some(message) => StoreError::Refused(message),
            None => StoreError::Unavailable(Box::new(error)),
        }
    }
}

/// Of Postgres's errors, those that the same value meets again: classes 22 (data exception) and 54
/// (program limit exceeded).
fn refused_value(error: &sqlx::Error) -> Option<String> {
    let error = error
        .as_database_error()?
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    let refused = error.code().starts_with("22") || error.code().starts_with("54");
    refused.then(|| error.message().to_owned())
}

/// What every operation returns.
pub type Result<T> = std::result::Result<T, StoreError>;
