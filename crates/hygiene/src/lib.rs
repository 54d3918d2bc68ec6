//! How an image is built and configured, apart from what it is made of: whom it runs as, what its
//! config gives away, which of its files let others do too much.
//!
//! [`examine_config`] reads an image's config once and keeps only what it found, with values masked;
//! [`examine_files`] looks at a folded inventory. Neither knows an advisory, and nothing here reads
//! an image.

mod check;
mod config;
mod encode;
mod environment;
mod files;
mod history;
mod labels;

pub use check::{CheckFacts, FailedCheck, check};
pub use config::{ConfigFindings, ConfigSecret, examine_config};
pub use encode::DecodeError;
pub use files::examine_files;
pub use labels::showable_labels;
