//! Waits between tries: each twice as long as the one before, none at the same time as others.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Bounds of the waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// After however many.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after this many failures, at least as long as the other side asks for as
    /// far as the bound allows.
    pub fn after(&self, failures: u32, asked: Option<Duration>) -> Duration {
        self.scaled(failures, asked, random())
    }

    /// `random` is from 0 to 1: half of the wait is drawn, so that those who failed together do not
    /// come back together.
    fn scaled(&self, failures: u32, asked: Option<Duration>, random: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        let drawn = wait.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
        drawn.max(asked.unwrap_or_default()).min(self.longest)
    }
}

/// From 0 to 1. The standard library seeds its hash maps from the system; nothing here needs more.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0u8) >> 32;
    bits as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
    };

    #[test]
    fn waits_double_up_to_their_bound() {
        let waits: Vec<_> = [1, 2, 3, 6, 7, 100]
            .map(|failures| BACKOFF.scaled(failures, None, 1.0).as_secs())
            .into();
        assert_eq!(waits, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn half_of_a_wait_is_drawn() {
        assert_eq!(BACKOFF.scaled(2, None, 0.0), Duration::from_secs(1));
        assert_eq!(BACKOFF.scaled(2, None, 0.5), Duration::from_millis(1500));
        let drawn = random();
        assert!((0.0..=1.0).contains(&drawn));
    }

    #[test]
    fn what_the_other_side_asks_for_is_kept_within_the_bound() {
        let asked = |seconds| BACKOFF.scaled(1, Some(Duration::from_secs(seconds)), 1.0);
        assert_eq!(asked(20).as_secs(), 20);
        assert_eq!(asked(7200).as_secs(), 60);
    }
}
