//! How bulk work is done.

use std::time::Duration;

/// How much bulk work is under way, and how registries are listed for it.
#[derive(Debug, Clone)]
pub struct BulkSettings {
    /// Scans of bulks at most that have not ended, of all tenants together. Enough to keep the
    /// workers busy between two rounds; what waits in the store can still be paused.
    pub window: u32,
    /// How often items are settled and fed, where no scan ends.
    pub feed: Duration,
    /// How long to wait for more once scans have ended, which bounds the rounds to so many a second.
    pub gather: Duration,
    /// How often to look for a listing that is due.
    pub listing: Duration,
}

impl Default for BulkSettings {
    fn default() -> Self {
        Self {
            window: 500,
            feed: Duration::from_secs(1),
            gather: Duration::from_millis(50),
            listing: Duration::from_secs(1),
        }
    }
}
