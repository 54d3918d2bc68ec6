//! A hash table in a section: from a key's hash to the places where that key may be.
//!
//! Slots of eight bytes, open addressing. A slot is zero, or 24 bits of the hash above the place
//! plus one. The hash picks the slot by multiplication, so any number of slots will do. A finite
//! state transducer (the `fst` crate) would be smaller but walks a byte at a time, here it is one
//! probe; and key order, which `diff` needs, is the order of the groups themselves.

use super::image::Image;
use super::layout::Section;

const PLACE_BITS: u32 = 40;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

/// Slots for this many keys: two thirds full.
fn slot_count(keys: usize) -> usize {
    keys + keys / 2 + 1
}

/// The hash of a key of two parts.
pub(crate) fn hash(parts: [&str; 2]) -> u64 {
    hash_bytes(parts.map(str::as_bytes))
}

/// FNV-1a with a final mix: short keys, and the same on every machine.
pub(crate) fn hash_bytes(parts: [&[u8]; 2]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for &byte in part {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ 0xff).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// The slot where the search for a hash starts.
fn first_slot(hash: u64, slots: u64) -> u64 {
    ((u128::from(hash) * u128::from(slots)) >> 64) as u64
}

/// What the slot of a key at this place holds; `None` if no slot can hold such a place.
fn slot_value(hash: u64, place: u64) -> Option<u64> {
    (place < PLACE_MASK).then(|| (hash << PLACE_BITS) | (place + 1))
}

/// The places where a key of this hash may be.
pub(super) fn candidates(
    image: &Image,
    table: Section,
    hash: u64,
) -> impl Iterator<Item = u64> + '_ {
    let slots = table.length / 8;
    let first = first_slot(hash, slots);
    (0..slots)
        .map(move |step| (first + step) % slots)
        .map_while(move |slot| image.word(table, slot).filter(|&value| value != 0))
        .filter(move |value| value & !PLACE_MASK == hash << PLACE_BITS)
        .filter_map(|value| (value & PLACE_MASK).checked_sub(1))
}

/// The bytes of a table of these (hash, place) pairs, which must come in an order that the keys
/// determine. `None` if a place is too far into its section.
pub(crate) fn build(keys: &[(u64, u64)]) -> Option<Vec<u8>> {
    let count = slot_count(keys.len());
    let mut slots = vec![0_u64; count];
    for &(hash, place) in keys {
        let mut slot = first_slot(hash, count as u64) as usize;
        while slots[slot] != 0 {
            slot = (slot + 1) % count;
        }
        slots[slot] = slot_value(hash, place)?;
    }
    Some(slots.into_iter().flat_map(u64::to_le_bytes).collect())
}
