//! The recording of a thread.

use std::cell::RefCell;
use std::time::Instant;

use crate::{Stage, Timings};

thread_local! {
    /// What is being recorded on this thread, if anything. A stage may begin in any crate below the
    /// one that records, which is why it is not handed through all of them.
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

struct Recording {
    timings: Timings,
    stage: Stage,
    since: Instant,
}

impl Recording {
    fn begin(stage: Stage) -> Self {
        let mut timings = Timings::default();
        timings.enter(stage);
        Self {
            timings,
            stage,
            since: Instant::now(),
        }
    }

    /// Counts the time so far to the stage that ends here, and says which it was.
    fn switch(&mut self, next: Stage) -> Stage {
        let now = Instant::now();
        let ended = std::mem::replace(&mut self.stage, next);
        self.timings.lengthen(ended, now - self.since);
        self.since = now;
        ended
    }
}

/// Does work on this thread and says what its stages took. What lies in none of them counts to the
/// stage given. A recording inside another one is its own: the outer one does not see it.
pub fn record<T>(stage: Stage, work: impl FnOnce() -> T) -> (T, Timings) {
    let outer = RECORDING.replace(Some(Recording::begin(stage)));
    let outcome = work();
    let ended = RECORDING.replace(outer);
    let timings = ended.map(|mut recording| {
        recording.switch(stage);
        recording.timings
    });
    (outcome, timings.unwrap_or_default())
}

/// Does work and counts its time to a stage, if this thread records.
pub fn in_stage<T>(stage: Stage, work: impl FnOnce() -> T) -> T {
    let _left = RECORDING.with_borrow_mut(|recording| {
        recording.as_mut().map(|recording| {
            recording.timings.enter(stage);
            Leaves(recording.switch(stage))
        })
    });
    work()
}

/// Goes back to a stage, also when the work inside panics.
struct Leaves(Stage);

impl Drop for Leaves {
    fn drop(&mut self) {
        RECORDING.with_borrow_mut(|recording| {
            if let Some(recording) = recording {
                recording.switch(self.0);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(timings: &Timings) -> Vec<(Stage, u64)> {
        let stages = timings.stages();
        stages.map(|(stage, spent)| (stage, spent.times)).collect()
    }

    #[test]
    fn a_stage_inside_another_one_counts_alone_and_all_add_up() {
        let begun = Instant::now();
        let (answer, timings) = record(Stage::Walk, || {
            in_stage(Stage::Capture, || in_stage(Stage::Wait, || ()));
            in_stage(Stage::Wait, || 7)
        });
        assert_eq!(answer, 7);
        let entered = [(Stage::Wait, 2), (Stage::Walk, 1), (Stage::Capture, 1)];
        assert_eq!(stages(&timings), entered);
        assert!(timings.total() <= begun.elapsed());
    }

    #[test]
    fn nothing_is_recorded_unless_asked_for() {
        in_stage(Stage::Walk, || ());
        let (_, timings) = record(Stage::Fold, || ());
        assert_eq!(stages(&timings), [(Stage::Fold, 1)]);
    }

    #[test]
    fn a_recording_inside_another_one_is_its_own() {
        let (inner, outer) = record(Stage::Fold, || record(Stage::Match, || ()).1);
        assert_eq!(stages(&inner), [(Stage::Match, 1)]);
        assert_eq!(stages(&outer), [(Stage::Fold, 1)]);
    }

    #[test]
    fn a_panic_leaves_the_stage_that_it_happened_in() {
        let (_, timings) = record(Stage::Walk, || {
            let work = || in_stage(Stage::Catalog("broken"), || panic!("broken"));
            assert!(std::panic::catch_unwind(work).is_err());
            in_stage(Stage::Wait, || ());
        });
        let entered = [
            (Stage::Wait, 1),
            (Stage::Walk, 1),
            (Stage::Catalog("broken"), 1),
        ];
        assert_eq!(stages(&timings), entered);
    }

    #[test]
    fn timings_of_several_threads_add_up() {
        let (_, mut sum) = record(Stage::Walk, || in_stage(Stage::Catalog("a"), || ()));
        let (_, other) = record(Stage::Fetch, || in_stage(Stage::Catalog("b"), || ()));
        let total = sum.total() + other.total();
        sum.merge(&other);
        assert_eq!(sum.total(), total);
        let names: Vec<_> = sum.stages().map(|(stage, _)| stage.to_string()).collect();
        assert_eq!(names, ["fetch", "walk", "catalog a", "catalog b"]);
    }
}
