//! Different byte strings, each once.

use std::collections::HashMap;

use crate::bytes::{Put, Reader};
use crate::database::table;

/// Different byte strings, each once, length-prefixed, in order of their first use.
#[derive(Default)]
pub(super) struct Pool {
    bytes: Vec<u8>,
    /// Places by hash. Of two strings with one hash only the first is found again, the other is
    /// stored anew: a loss of space, not of content.
    places: HashMap<u64, u64>,
}

impl Pool {
    /// The place of these bytes.
    pub(super) fn place(&mut self, bytes: &[u8]) -> u64 {
        let hash = table::hash_bytes([bytes, b""]);
        if let Some(&place) = self.places.get(&hash)
            && self.get(place) == bytes
        {
            return place;
        }
        let place = self.bytes.len() as u64;
        self.bytes.put_bytes(bytes);
        self.places.entry(hash).or_insert(place);
        place
    }

    /// The bytes at a place that this pool gave.
    pub(super) fn get(&self, place: u64) -> &[u8] {
        let rest = usize::try_from(place)
            .ok()
            .and_then(|place| self.bytes.get(place..));
        Reader(rest.unwrap_or_default()).bytes().unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
