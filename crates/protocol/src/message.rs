//! A message on its way into the queue.

use crate::{Job, Lane, Stage};

/// A job with what the queue needs to carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message: publishing one of the same id again, soon after, changes nothing.
    pub id: String,
    /// Who waits for it.
    pub lane: Lane,
    /// Which consumers take it.
    pub stage: Stage,
    /// The encoded [`Job`].
    pub payload: Vec<u8>,
    /// W3C `traceparent` of the request that caused it.
    pub traceparent: Option<String>,
}

impl Message {
    /// A message that carries a job.
    pub fn new(id: impl Into<String>, lane: Lane, job: &Job) -> Self {
        Self {
            id: id.into(),
            lane,
            stage: job.stage(),
            payload: job.encode(),
            traceparent: None,
        }
    }
}
