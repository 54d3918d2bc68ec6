//! Every bound of the gateway.

use std::time::Duration;

/// Bounds on requests, connections and caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Largest bill of materials.
    pub max_sbom_bytes: usize,
    /// Largest upload of references, which is never held in memory.
    pub max_upload_bytes: u64,
    /// Longest line of an upload.
    pub max_line_bytes: usize,
    /// How long an upload may send nothing. As a whole it may take as long as it likes.
    pub upload_idle: Duration,
    /// Longest time for an ordinary request, reading its body included.
    pub request_timeout: Duration,
    /// Longest `Prefer: wait` that is honoured; what asks for more waits this long.
    pub max_wait: Duration,
    /// Ordinary requests at the same time; further ones are told to come back.
    pub max_concurrent_requests: usize,
    /// Requests at the same time that only wait for a scan: event streams and `Prefer: wait`.
    pub max_waiting_requests: usize,
    /// How soon a waiting request looks at its scan again, unless it hears of it.
    pub first_poll: Duration,
    /// How often it does once the scan turns out to take longer.
    pub slowest_poll: Duration,
    /// How often an event stream that has nothing to say shows that it lives.
    pub heartbeat: Duration,
    /// How long one part may take to answer a readiness check.
    pub check_timeout: Duration,
    /// How long a key that was found valid is trusted without asking the store: a revoked key
    /// works at most this much longer on other gateways.
    pub key_cache_time: Duration,
    /// Keys that are remembered so.
    pub key_cache_entries: usize,
    /// Images whose layers are folded at the same time.
    pub concurrent_folds: usize,
    /// Images whose fold is remembered.
    pub cached_folds: usize,
    /// Connections at the same time; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long requests that run at shutdown may go on.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_sbom_bytes: 64 << 20,
            max_upload_bytes: 1 << 30,
            max_line_bytes: 4096,
            upload_idle: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            max_wait: Duration::from_secs(60),
            max_concurrent_requests: 1024,
            max_waiting_requests: 4096,
            first_poll: Duration::from_millis(200),
            slowest_poll: Duration::from_secs(1),
            heartbeat: Duration::from_secs(15),
            check_timeout: Duration::from_secs(2),
            key_cache_time: Duration::from_secs(10),
            key_cache_entries: 10_000,
            concurrent_folds: 2,
            cached_folds: 64,
            max_connections: 16_384,
            header_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
