//! Numbers of any length, and the character orders that several schemes build on.

use std::cmp::Ordering;

/// Compares two runs of ASCII digits by value, whatever their length.
pub fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// A non-negative integer of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(Value);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Small(u64),
    /// The digits, without leading zeros, of one that no `u64` holds.
    Large(Box<str>),
}

impl Default for Number {
    fn default() -> Self {
        Self(Value::Small(0))
    }
}

impl Number {
    /// The number that these digits write; `None` when any is no digit or there are none.
    pub fn parse(digits: &str) -> Option<Self> {
        let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| {
            let large = || Value::Large(digits.trim_start_matches('0').into());
            Self(digits.parse().map_or_else(|_| large(), Value::Small))
        })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0 == Value::Small(0)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Small(l), Value::Small(r)) => l.cmp(r),
            (Value::Large(l), Value::Large(r)) => compare_numbers(l, r),
            (Value::Small(_), Value::Large(_)) => Ordering::Less,
            (Value::Large(_), Value::Small(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Splits off the longest prefix whose characters satisfy the predicate.
pub fn take_while(text: &str, predicate: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !predicate(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// Splits text into runs of digits and runs of letters; every other character separates.
pub fn alphanumeric_runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let first = rest.chars().next()?;
        let (run, tail) = if first.is_ascii_digit() {
            take_while(rest, |c| c.is_ascii_digit())
        } else {
            take_while(rest, |c| c.is_ascii_alphabetic())
        };
        rest = tail;
        Some(run)
    })
}

/// Compares by value with missing elements standing for `missing`.
pub fn compare_padded<T: Ord>(left: &[T], right: &[T], missing: &T) -> Ordering {
    (0..left.len().max(right.len()))
        .map(|i| {
            left.get(i)
                .unwrap_or(missing)
                .cmp(right.get(i).unwrap_or(missing))
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
