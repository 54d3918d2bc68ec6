//! Bounds on the use of the database.

use std::time::Duration;

/// How many connections there are, and how long anything may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Connections of this process at most, beside the one that listens and the one that creates
    /// scans.
    pub max_connections: u32,
    /// How long to wait for a free connection, a new one included.
    pub acquire_timeout: Duration,
    /// How long the server works on one statement.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock that another transaction holds.
    pub lock_timeout: Duration,
    /// How long the server keeps a transaction open that nothing comes from: its locks outlive a
    /// machine that lost power no longer than this.
    pub idle_in_transaction_timeout: Duration,
    /// How long an operation takes as a whole, whatever the network does.
    pub operation_timeout: Duration,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(60),
        }
    }
}
