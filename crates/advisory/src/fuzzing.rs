//! Ways in for the fuzz targets, which are no part of the product.

use crate::database::layout::{BLOCK, REVISION_AT, read_u64, revision_of, sha256};

/// The place of the last section in the header: its offset, then its length.
const LAST_SECTION: usize = 24 + 11 * 16;
/// No larger file is of interest.
const LONGEST: u64 = 1 << 20;

/// Gives an altered database the digests that it would have been written with, so that whatever else
/// is wrong with it is read. Sections that end nowhere near are left as they are.
pub fn seal(content: &mut Vec<u8>) {
    if content.len() < BLOCK {
        content.resize(BLOCK, 0);
    }
    let mut header = [0; BLOCK];
    header.copy_from_slice(&content[..BLOCK]);
    let end = read_u64(&header, LAST_SECTION).saturating_add(read_u64(&header, LAST_SECTION + 8));
    if !(BLOCK as u64..LONGEST).contains(&end) {
        return;
    }
    content.resize((end as usize).next_multiple_of(BLOCK), 0);
    let digests: Vec<u8> = content[BLOCK..]
        .chunks(BLOCK)
        .flat_map(|block| *sha256(block).as_bytes())
        .collect();
    let length = (content.len() + digests.len()) as u64;
    header[16..24].copy_from_slice(&length.to_le_bytes());
    let revision = revision_of(&header, &digests);
    header[REVISION_AT..].copy_from_slice(revision.as_bytes());
    content[..BLOCK].copy_from_slice(&header);
    content.extend(digests);
}
