//! The stored form of a document: zstd.

use std::io::Read;

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_package::Digest;

use crate::StoreError;
use crate::error::Result;

const LEVEL: i32 = 3;
/// Largest document that is read back.
const MAX_BYTES: u64 = 512 << 20;

/// Names a document, and compresses it.
pub fn pack(content: &[u8]) -> Result<(Digest, Vec<u8>)> {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, content).as_ref());
    let packed = zstd::encode_all(content, LEVEL)
        .map_err(|error| StoreError::Corrupt(format!("a document cannot be packed: {error}")))?;
    Ok((Digest::from_bytes(bytes), packed))
}

/// The document again.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = |error| StoreError::Corrupt(format!("a stored document is damaged: {error}"));
    let mut content = Vec::new();
    zstd::Decoder::new(packed)
        .map_err(damaged)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(damaged)?;
    if content.len() as u64 > MAX_BYTES {
        // A part of it would pass for the whole.
        return Err(StoreError::Corrupt(
            "a stored document is too large".to_owned(),
        ));
    }
    Ok(content)
}
