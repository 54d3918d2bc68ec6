//! The deliveries that this process holds.
//!
//! NATS takes an acknowledgement by the message's place in the stream, whichever delivery it answers,
//! so it does not fence late workers. Here a later delivery seen by this process ends the earlier
//! one; what other processes were given is told by the clock alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The latest delivery of each message held, by its place in the stream.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<u64, u64>>);

impl Held {
    /// Remembers a delivery until the hold is dropped, and ends an earlier one.
    pub(super) fn hold(self: &Arc<Self>, sequence: u64, deliveries: u64) -> Hold {
        self.lock().insert(sequence, deliveries);
        Hold {
            held: Arc::clone(self),
            sequence,
            deliveries,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One delivery, as long as somebody works on it.
#[derive(Debug)]
pub(super) struct Hold {
    held: Arc<Held>,
    pub(super) sequence: u64,
    pub(super) deliveries: u64,
}

impl Hold {
    /// Whether no later delivery came to this process.
    pub(super) fn is_latest(&self) -> bool {
        self.held.lock().get(&self.sequence) == Some(&self.deliveries)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        if held.get(&self.sequence) == Some(&self.deliveries) {
            held.remove(&self.sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_delivery_ends_the_earlier_one() {
        let held = Arc::new(Held::default());
        let first = held.hold(7, 1);
        assert!(first.is_latest());
        let second = held.hold(7, 2);
        assert!(!first.is_latest());
        drop(first);
        assert!(second.is_latest());
    }

    #[test]
    fn what_is_settled_leaves_nothing() {
        let held = Arc::new(Held::default());
        let first = held.hold(7, 1);
        drop(held.hold(7, 2));
        assert!(!first.is_latest());
        drop(first);
        assert!(held.lock().is_empty());
    }
}
