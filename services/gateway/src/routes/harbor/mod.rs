//! Harbor's pluggable scanner API, versions 1.0 to 1.2: Scanyard as a scanner of Harbor.
//!
//! The API is Harbor's, published by it, and no part of our own document. What its client does, rather
//! than what the specification says, is what counts: it gives up after five seconds, follows no
//! redirect, reads `Refresh-After` as a signed byte, takes everything but 202 for a failed
//! submission, and submits again after a 404.

mod artifact;
mod error;
mod media_type;
mod metadata;
mod principal;
mod report;
mod submit;
mod vulnerability;

use axum::Router;
use axum::routing::{get, post};

use crate::state::Gateway;

/// Harbor's routes. Requests prove by themselves who sends them.
pub fn router() -> Router<Gateway> {
    Router::new()
        .route("/api/v1/metadata", get(metadata::get_metadata))
        .route("/api/v1/scan", post(submit::accept_scan))
        .route("/api/v1/scan/{id}/report", get(report::get_report))
}
