//! The messages that services share, generated from `proto/`, and their typed forms.
//!
//! Nothing here knows how messages travel; that is the queue's business.

mod job;
mod lane;
mod message;

/// The generated types.
#[allow(missing_docs)]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/scanyard.v1.rs"));
}

pub use job::{ImageJob, InvalidJob, Job, LayerJob, Stage};
pub use lane::{Lane, UnknownLane};
pub use message::Message;
