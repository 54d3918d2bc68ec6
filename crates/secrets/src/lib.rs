//! Finds credentials in text: keys, tokens and passwords that should not be in an image.
//!
//! One automaton looks for the literals of every rule in a single pass; a rule looks closer only
//! where one of its own stands. Bytes go in and [`Secret`]s come out, which say what was found and
//! on which line. The value is masked the moment it is seen: no type of this crate that leaves it
//! holds one, and nothing here logs, stores or prints.

mod check;
mod detector;
mod engine;
mod examples;
mod rule;
mod rules;
mod secret;
mod sniff;

pub use detector::{Detected, Detector};
pub use examples::{IMAGE_CONFIG, example_place};
pub use rule::{RuleFacts, rule};
pub use secret::Secret;
