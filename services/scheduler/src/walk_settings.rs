//! How known repositories are compared with their registries.

use std::time::Duration;

/// How often, and how gently, registries are asked whether what we know still holds.
#[derive(Debug, Clone)]
pub struct WalkSettings {
    /// How long after a walk through a repository the next begins.
    pub every: Duration,
    /// How often there is a round of requests.
    pub interval: Duration,
    /// Requests of a round, to all registries together.
    pub requests: u32,
}

impl Default for WalkSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(24 * 3600),
            interval: Duration::from_secs(60),
            requests: 60,
        }
    }
}
