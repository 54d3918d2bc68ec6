//! The gateway over the embedded adapters: requests in, answers out, no sockets.
#![allow(clippy::unwrap_used)]

mod auth;
mod bulk;
mod bulk_requests;
mod changes;
mod dead_letters;
mod errors;
mod events;
mod harbor;
mod hooks;
mod images;
mod operation;
mod questions;
mod registries;
mod repositories;
mod rescans;
mod sboms;
mod scans;
mod serving;
mod subscriptions;
mod support;
