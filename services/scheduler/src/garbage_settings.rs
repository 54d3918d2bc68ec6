//! What is kept for how long.

use std::time::Duration;

use scanyard_store::Retention;

/// What is kept for how long, and how often the rest is swept away.
#[derive(Debug, Clone)]
pub struct GarbageSettings {
    /// How long after a sweep the next begins.
    pub interval: Duration,
    /// What is kept.
    pub retention: Retention,
}

impl GarbageSettings {
    /// Hourly sweeps.
    pub fn hourly(retention: Retention) -> Self {
        Self {
            interval: Duration::from_secs(3600),
            retention,
        }
    }
}
