//! How long something took, many times.

use std::time::{Duration, Instant};

/// Times of one kind of work.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds what began then.
    pub fn add(&mut self, began: Instant) {
        self.0.push(began.elapsed());
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Times) {
        self.0.extend(other.0);
    }

    /// The time below which this share of them stays, in milliseconds; 0 without any.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let place = (last as f64 * share).round() as usize;
        sorted.get(place).map_or(0.0, millis)
    }

    /// The first, when nothing was in a cache, in milliseconds.
    pub fn first(&self) -> f64 {
        self.0.first().map_or(0.0, millis)
    }
}

fn millis(time: &Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
