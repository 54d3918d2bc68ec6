//! Licences as package metadata words them, turned into SPDX expressions.
//!
//! Text in, text out. What no name of SPDX's list stands for becomes a `LicenseRef-`, which an
//! expression may hold, so that nothing that a package says is lost or guessed at.

mod alias;
mod expression;

pub use expression::expression;
