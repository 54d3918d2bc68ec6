//! How many jobs of a stage run at once, and who may take the last places.

use std::sync::Arc;

use scanyard_protocol::Lane;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StageSlots;

/// The places of one stage. Whoever waited longest is next, whatever its lane; but bulk jobs
/// together never hold more than their share.
#[derive(Debug, Clone)]
pub struct Slots {
    all: Arc<Semaphore>,
    bulk: Arc<Semaphore>,
}

/// One place, until it is dropped.
#[derive(Debug)]
pub struct Slot {
    _bulk: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

impl Slots {
    pub fn new(slots: StageSlots) -> Self {
        let total = slots.total.max(1);
        let reserved = slots.reserved.min(total - 1);
        Self {
            all: Arc::new(Semaphore::new(total)),
            bulk: Arc::new(Semaphore::new(total - reserved)),
        }
    }

    /// Waits for a place.
    pub async fn take(&self, lane: Lane) -> Option<Slot> {
        // A semaphore that is never closed always gives in the end.
        let bulk = match lane {
            Lane::Bulk => Some(Arc::clone(&self.bulk).acquire_owned().await.ok()?),
            Lane::Interactive => None,
        };
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Slot {
            _bulk: bulk,
            _all: all,
        })
    }

    /// A place, if one is free now.
    pub fn try_take(&self, lane: Lane) -> Option<Slot> {
        let bulk = match lane {
            Lane::Bulk => Some(Arc::clone(&self.bulk).try_acquire_owned().ok()?),
            Lane::Interactive => None,
        };
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Slot {
            _bulk: bulk,
            _all: all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(slots: &Slots, lane: Lane) -> Vec<Slot> {
        std::iter::from_fn(|| slots.try_take(lane)).collect()
    }

    #[test]
    fn bulk_never_takes_the_last_places() {
        let slots = Slots::new(StageSlots {
            total: 4,
            reserved: 1,
        });
        let bulk = take_all(&slots, Lane::Bulk);
        assert_eq!(bulk.len(), 3);
        assert_eq!(take_all(&slots, Lane::Interactive).len(), 1);
    }

    #[test]
    fn interactive_may_take_every_place() {
        let slots = Slots::new(StageSlots {
            total: 4,
            reserved: 1,
        });
        let held = take_all(&slots, Lane::Interactive);
        assert_eq!(held.len(), 4);
        assert!(slots.try_take(Lane::Bulk).is_none());
        drop(held);
        assert!(slots.try_take(Lane::Bulk).is_some());
    }

    #[test]
    fn a_single_place_serves_both_lanes() {
        let slots = Slots::new(StageSlots {
            total: 0,
            reserved: 3,
        });
        assert_eq!(take_all(&slots, Lane::Bulk).len(), 1);
        assert_eq!(take_all(&slots, Lane::Interactive).len(), 1);
    }
}
