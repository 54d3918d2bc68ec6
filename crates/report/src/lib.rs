//! What Scanyard says about one image, and the forms in which it says it.
//!
//! [`Report`] is the documented JSON model: the command line prints it, the gateway returns it, and
//! stored copies read back. [`Report::new`] builds it from an inventory and its findings;
//! [`Format`] lists the forms it is rendered in. This crate never matches, never reads an image,
//! and never words a partial answer as a clean one.

mod as_text;
mod build;
mod checks;
mod format;
mod model;
mod render;
mod secrets;
mod suppression;

pub use build::{AdvisoryFacts, ImageFacts, LayerFacts, LookedFor, ReportInput, pair_findings};
pub use checks::Check;
pub use format::{Commit, Format, RenderOptions};
pub use model::{
    Advisories, Coverage, Cvss, Distro, Epss, Finding, Image, Layer, Package, Report,
    SCHEMA_VERSION, Summary,
};
pub use secrets::Secret;
pub use suppression::{
    IdleReason, IdleWaiver, Said, Statement, StatementSource, StatementStatus, Suppressed,
};
