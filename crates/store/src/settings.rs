//! Bounds on waiting, the same for both adapters.

use std::time::Duration;

/// When work counts as lost, and when it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSettings {
    /// A job that nobody took up for this long after it was asked for is asked for again. The wait
    /// doubles each time: a long queue is not a lost job.
    pub lost_after: Duration,
    /// Claims of a layer that ended with neither inventory nor failure before it counts as failed:
    /// it brings workers down. Likewise requests of a scan's image job.
    pub max_tries: u32,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            lost_after: Duration::from_secs(600),
            max_tries: 10,
        }
    }
}
