//! The queue port: work is published once, delivered at least once, and ends acknowledged or as a
//! dead letter.
//!
//! Two adapters: the embedded one lives in the store's SQLite file; JetStream serves a cluster. Beside
//! each lies an archive, through which workers get the compiled advisory database.
//! A role never asks which of them it talks to.

mod archive;
#[cfg(feature = "conformance")]
pub mod conformance;
mod embedded;
mod error;
mod jetstream;
mod port;

pub use archive::{AdvisoryArchive, ArchiveError, ArchivedRevision, DirectoryArchive};
pub use embedded::EmbeddedQueue;
pub use error::QueueError;
pub use jetstream::{
    ConnectError, Credentials, InvalidPrefix, JetStreamArchive, JetStreamQueue, JetStreamSettings,
    Prefix, Tls, TlsIdentity,
};
pub use port::{Acknowledge, DeadLetter, DeadLetterFilter, Delivery, LaneDepth, Queue, Settings};
