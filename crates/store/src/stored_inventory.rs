//! An inventory as it is stored: compressed.

use crate::StoreError;
use crate::error::Result;
use crate::words::corrupt;

/// Favours speed: inventories are small, repetitive and read once per image.
const COMPRESSION_LEVEL: i32 = 3;
/// Past this an inventory is not one that we wrote.
const MAX_INVENTORY_BYTES: i64 = 1 << 30;

pub(crate) fn compress(inventory: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(inventory, COMPRESSION_LEVEL)
        .map_err(|error| StoreError::Unavailable(Box::new(error)))
}

/// The inventory, whose size stands beside it.
pub(crate) fn decompress(compressed: &[u8], size: i64) -> Result<Vec<u8>> {
    let capacity = usize::try_from(size)
        .ok()
        .filter(|_| size <= MAX_INVENTORY_BYTES)
        .ok_or_else(|| corrupt("size of an inventory", size))?;
    zstd::bulk::decompress(compressed, capacity)
        .map_err(|error| StoreError::Corrupt(format!("an inventory: {error}")))
}
