//! Sending messages to receivers: one try at a time, and what follows it.

mod attempt;
mod sender;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use scanyard_egress::Egress;
use scanyard_notification::Links;
use scanyard_sealing::SealingKeys;

pub use sender::Sender;

/// How messages are made and sent.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// What receivers' addresses are opened with; without keys nothing can be sent.
    pub keys: Option<Arc<SealingKeys>>,
    /// Which receivers may be reached.
    pub egress: Egress,
    /// Where messages link to.
    pub links: Links,
    /// How often to look for changes that nobody was told of, and for messages that are due.
    pub interval: Duration,
    /// Longest time for one try, from the connection to the answer.
    pub timeout: Duration,
    /// When a message that was taken counts as lost, because whoever took it died: longer than a try.
    pub lease: Duration,
    /// Before the second try to reach a receiver; doubles.
    pub first_wait: Duration,
    /// Between two tries, however often it failed.
    pub longest_wait: Duration,
    /// Tries of a message before it is given up.
    pub max_tries: u32,
    /// Receivers that are sent to at the same time.
    pub max_receivers: u32,
    /// Of those, how many may be such that did not work the last time.
    pub max_failing: u32,
    /// How long messages that ended are kept.
    pub keep: Duration,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            keys: None,
            egress: Egress::PublicOnly,
            links: Links::default(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            lease: Duration::from_secs(40),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3600),
            max_tries: 12,
            max_receivers: 128,
            max_failing: 32,
            keep: Duration::from_secs(30 * 86_400),
        }
    }
}
