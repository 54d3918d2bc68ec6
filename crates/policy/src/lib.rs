//! Decides whether an image may pass, from its report alone.
//!
//! A [`Gate`] is what a pipeline asks for, a [`Verdict`] the answer. Nothing here reads an image,
//! matches a package or changes a report.

mod gate;

pub use gate::{Gate, Verdict};
