//! What load is made of: fleets of images, and their way into a store.
//!
//! Benchmarks and tests are made of the same fleets. Nothing here is linked into the product.

// What is wrong here fails a benchmark or a test, and the panic says where.
#![allow(clippy::unwrap_used)]

pub mod fleet;
