//! How a tenant's registries are reached: what the installation allows, and what the tenant has
//! stored about them, as settings of the registry client.
//!
//! Credentials lie sealed in the store, are opened for one pull, and reach neither messages nor logs.
//! This crate sends nothing itself.

mod error;
mod known;
mod resolver;
mod row_secrets;
mod rules;
mod scan_authorization;

pub use error::AccessError;
pub use known::WELL_KNOWN;
pub use resolver::{RegistryAccess, Wanted};
pub use row_secrets::{RegistrySecret, open_secret, seal_secret};
pub use rules::{HostRefused, RegistryRules};
pub use scan_authorization::{InvalidAuthorization, ScanAuthorization};
