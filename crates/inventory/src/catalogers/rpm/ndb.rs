//! NDB: the file `Packages.db` of SUSE's rpm. Slots at its beginning say where the blobs are.

use super::damage::{Damage, Order, Visit, slice};

const MAGIC: &[u8] = b"RpmP";
const SLOT_PAGES_AT: usize = 12;
const SLOT_PAGE: usize = 4096;
const SLOT: usize = 16;
const SLOT_MAGIC: &[u8] = b"Slot";
/// The file's own description takes the place of the first slots.
const FIRST_SLOT: usize = 2;
/// Blobs begin and are measured in blocks.
const BLOCK: usize = 16;
const BLOB_HEADER: usize = 16;
const BLOB_MAGIC: &[u8] = b"BlbS";

pub fn is(database: &[u8]) -> bool {
    database.starts_with(MAGIC)
}

/// Visits every package header.
pub fn read(database: &[u8], visit: Visit<'_>) -> Result<(), Damage> {
    let pages = Order::Little.size(database, SLOT_PAGES_AT)?;
    let length = pages.checked_mul(SLOT_PAGE).ok_or(Damage::Bounds)?;
    let slots = database.get(..length);
    let cut_short = slots.is_none();
    let mut budget = database.len();
    for slot in slots
        .unwrap_or(database)
        .chunks_exact(SLOT)
        .skip(FIRST_SLOT)
    {
        match blob(database, slot) {
            Ok(None) => {}
            Ok(Some(blob)) => {
                // Blobs that overlap are no work of rpm's.
                let rest = budget.checked_sub(blob.len()).ok_or(Damage::Repeated)?;
                budget = rest;
                visit(Ok(blob));
            }
            Err(damage) => visit(Err(damage)),
        }
    }
    match cut_short {
        true => Err(Damage::Bounds),
        false => Ok(()),
    }
}

/// The blob that a slot describes; `None` for a slot that is free.
fn blob<'a>(database: &'a [u8], slot: &[u8]) -> Result<Option<&'a [u8]>, Damage> {
    let order = Order::Little;
    if !slot.starts_with(SLOT_MAGIC) {
        return Err(Damage::Kind);
    }
    let package = order.u32(slot, 4)?;
    if package == 0 {
        return Ok(None);
    }
    let blocks = |at| {
        order
            .size(slot, at)?
            .checked_mul(BLOCK)
            .ok_or(Damage::Bounds)
    };
    let stored = slice(database, blocks(8)?, blocks(12)?)?;
    if !stored.starts_with(BLOB_MAGIC) || order.u32(stored, 4)? != package {
        return Err(Damage::Kind);
    }
    slice(stored, BLOB_HEADER, order.size(stored, 12)?).map(Some)
}
