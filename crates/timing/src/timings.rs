//! What was measured, added up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::Stage;

/// What a stage took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Time of threads in it.
    pub time: Duration,
    /// How often a thread entered it.
    pub times: u64,
}

/// What stages took, of any number of threads. Threads side by side take more time together than
/// passes on a clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timings {
    spent: BTreeMap<Stage, Spent>,
}

impl Timings {
    /// Adds time to a stage, without entering it anew.
    pub(crate) fn lengthen(&mut self, stage: Stage, time: Duration) {
        self.spent.entry(stage).or_default().time += time;
    }

    /// Counts that a stage was entered.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.spent.entry(stage).or_default().times += 1;
    }

    /// Adds what another thread or layer measured.
    pub fn merge(&mut self, other: &Timings) {
        for (stage, spent) in other.stages() {
            let sum = self.spent.entry(stage).or_default();
            sum.time += spent.time;
            sum.times += spent.times;
        }
    }

    /// Waits for work that goes from thread to thread, and counts the time until it is done.
    pub async fn awaited<T>(&mut self, stage: Stage, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let outcome = work.await;
        self.lengthen(stage, begun.elapsed());
        self.enter(stage);
        outcome
    }

    /// Does work on this thread, and counts what it takes, stages in it included.
    pub fn measured<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let (outcome, timings) = crate::record(stage, work);
        self.merge(&timings);
        outcome
    }

    /// Every stage that was entered, in the order of stages.
    pub fn stages(&self) -> impl Iterator<Item = (Stage, Spent)> + '_ {
        self.spent.iter().map(|(stage, spent)| (*stage, *spent))
    }

    /// The time of all stages.
    pub fn total(&self) -> Duration {
        self.spent.values().map(|spent| spent.time).sum()
    }
}
