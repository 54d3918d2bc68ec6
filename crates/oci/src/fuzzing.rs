//! Ways in for the fuzz targets, which are no part of the product.

use scanyard_package::Limits;

use crate::{config, manifest};

/// Reads the same bytes as every document that this crate reads.
pub fn read_documents(json: &[u8]) {
    let limits = Limits::default();
    let _ = manifest::parse("the manifest", json, &limits);
    let _ = config::parse_config(json);
}
