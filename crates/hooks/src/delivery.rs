//! A delivery, and what was read out of it.

use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::Event;

/// What a sender sent.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, whose length the caller has bounded.
    pub body: &'a [u8],
}

impl<'a> Delivery<'a> {
    /// A header as text, unless it is none.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        serde_json::from_slice(self.body).map_err(|error| Unreadable(error.to_string()))
    }
}

/// The delivery is not of its kind's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no delivery of this kind: {0}")]
pub struct Unreadable(pub(crate) String);

/// The events of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// Pushes and deletions of what may be images.
    pub events: Vec<Event>,
    /// What else it told: pulls, layers, charts, signatures.
    pub ignored: u32,
}

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To look at what it told.
    Events(Received),
    /// To repeat this code, which shows that the receiver wants to be one.
    Handshake {
        /// The code.
        code: String,
    },
}

impl From<Received> for Answer {
    fn from(received: Received) -> Self {
        Answer::Events(received)
    }
}
