//! From the bytes of a layer to its inventory, in one pass over two threads.
//!
//! One thread reads, verifies and inflates the blob. The other, the caller's, computes the diff ID
//! and walks the tar. What travels between them are a few buffers that are used over and over, so
//! a layer costs the same memory whatever its size.

mod budget;
mod chunks;
mod layer;

pub use budget::{LayerBudget, catalog_layers};
pub use layer::{CatalogedLayer, LayerError, LayerProgress, VerifiedLayer, catalog_layer};

#[cfg(test)]
mod tests;
