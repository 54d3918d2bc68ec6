//! The REST gateway: a router over the ports of store and queue.
//!
//! It validates, stores what is asked for, and answers from what is stored. It never pulls an
//! image, never catalogs and never matches; that an image's layers are folded on demand is the only
//! work it does itself, bounded and off the request threads. Each group of routes is one file in
//! `routes/`, and `routes/mod.rs` is the list.

mod api_key;
mod auth;
mod change_stream;
mod comparison;
mod etag;
mod event_stream;
mod export;
mod extract;
mod fold_cache;
mod hook_place;
mod hook_receipt;
mod image_report;
mod middleware;
mod negotiate;
mod openapi;
mod package_question;
mod prefer;
mod problem;
mod problem_code;
mod problem_responses;
mod router;
mod routes;
mod selecting;
mod serve;
mod settings;
mod state;
mod submission;
mod trace_context;
mod upload;
mod view;
mod watch;

pub use api_key::{NewKey, NoRandomness};
pub use auth::AuthMode;
pub use problem_code::Code;
pub use router::router;
pub use serve::{ServeError, serve, serve_operation};
pub use settings::Settings;
pub use state::{ExploitPredictions, Gateway, LoadedAdvisories, Parts};
