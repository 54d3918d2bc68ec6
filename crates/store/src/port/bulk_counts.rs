//! How much bulk work is where.

use super::BulkState;

/// How many items of a bulk are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BulkCounts {
    /// Items, each reference and platform once.
    pub accepted: u64,
    /// References that were there already.
    pub duplicates: u64,
    /// What was refused: lines that are no reference, repositories that cannot be listed.
    pub rejected: u64,
    /// Items whose scan was created.
    pub fed: u64,
    /// Items that have a result.
    pub done: u64,
    /// Items that ended with a failure.
    pub failed: u64,
    /// Items that were cancelled.
    pub cancelled: u64,
}

impl BulkCounts {
    /// Items that have ended, one way or the other.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.cancelled
    }

    /// Items whose scans have not ended.
    pub fn open(&self) -> u64 {
        self.fed.saturating_sub(self.ended())
    }

    /// Items that were not fed yet.
    pub fn waiting(&self) -> u64 {
        self.accepted.saturating_sub(self.fed)
    }
}

/// What one round of feeding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fed {
    /// Items whose scans have ended since the round before.
    pub settled: Settled,
    /// Scans that were created.
    pub fed: u64,
    /// Items whose scans have not ended.
    pub open: u64,
}

/// Items whose scans have ended, by how they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Those that have a result.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
}

impl Settled {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.done + self.failed + self.cancelled
    }
}

/// How much bulk work there is, of all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BulkDepth {
    /// Bulks whose references are being sent.
    pub receiving: u64,
    /// Bulks that are fed.
    pub running: u64,
    /// Bulks that are paused.
    pub paused: u64,
    /// Where the items of all these are.
    pub counts: BulkCounts,
}

impl BulkDepth {
    /// Adds the bulks of one state and what their items come to.
    pub(crate) fn add(&mut self, state: BulkState, bulks: u64, counts: &BulkCounts) {
        match state {
            BulkState::Receiving => self.receiving += bulks,
            BulkState::Running => self.running += bulks,
            BulkState::Paused => self.paused += bulks,
            BulkState::Cancelled | BulkState::Done => return,
        }
        let sum = &mut self.counts;
        sum.accepted += counts.accepted;
        sum.duplicates += counts.duplicates;
        sum.rejected += counts.rejected;
        sum.fed += counts.fed;
        sum.done += counts.done;
        sum.failed += counts.failed;
        sum.cancelled += counts.cancelled;
    }
}
