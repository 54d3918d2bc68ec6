//! The queue port: work is published once, delivered at least once, and ends acknowledged or as a
//! dead letter.
//!
//! Two adapters: the embedded one lives in the store's SQLite file; JetStream serves a cluster.
//! A role never asks which of them it talks to.

#[cfg(feature = "conformance")]
pub mod conformance;
mod embedded;
mod error;
mod port;

pub use embedded::EmbeddedQueue;
pub use error::QueueError;
pub use port::{Acknowledge, DeadLetter, DeadLetterFilter, Delivery, LaneDepth, Queue, Settings};
