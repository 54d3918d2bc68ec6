//! The worker: takes jobs from the queue, catalogs layers, assembles images and matches their
//! packages.
//!
//! Every job is idempotent. A message says what to look at, the store says what is true, and a
//! delivery is acknowledged after what it asked for is committed. A worker never publishes:
//! messages leave through the store's outbox.

mod assemble;
mod attached_sbom;
mod backoff;
mod consumer;
mod delivery;
mod failure;
mod image_job;
mod layer_job;
mod look_for;
mod patience;
mod pipeline;
mod sbom_source;
mod scan_source;
mod settings;
mod slots;
mod stages;
mod worker;

pub use backoff::Backoff;
pub use look_for::LookFor;
pub use pipeline::{
    CatalogedLayer, LayerBudget, LayerError, LayerProgress, VerifiedLayer, catalog_layer,
    catalog_layers,
};
pub use settings::{StageSlots, WorkerSettings};
pub use worker::{Worker, WorkerContext};
