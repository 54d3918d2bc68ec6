//! When releases of distros stop being supported.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Database;
use crate::bytes::Reader;

/// When a release of a distro stops being supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseEnd {
    /// When support for everybody ends.
    pub end: NaiveDate,
    /// When the support ends that is bought or given beyond that, where there is any.
    pub extended_end: Option<NaiveDate>,
}

/// The ends by product and release. They are few and asked for often, so they are read once.
pub(super) type ReleaseEnds = HashMap<String, HashMap<String, ReleaseEnd>>;

/// Reads the section; `None` if it is damaged.
pub(super) fn read(bytes: &[u8]) -> Option<ReleaseEnds> {
    let mut reader = Reader(bytes);
    let mut ends = ReleaseEnds::new();
    while !reader.is_empty() {
        let product = reader.text()?.to_owned();
        let release = reader.text()?.to_owned();
        let end = reader.time()?.date_naive();
        let extended_end = match reader.byte()? {
            0 => None,
            _ => Some(reader.time()?.date_naive()),
        };
        let of_product = ends.entry(product).or_default();
        of_product.insert(release, ReleaseEnd { end, extended_end });
    }
    Some(ends)
}

impl Database {
    /// When a release ends, where that is known: `debian` and `12`, as endoflife.date names them.
    pub fn release_end(&self, product: &str, release: &str) -> Option<ReleaseEnd> {
        self.release_ends.get(product)?.get(release).copied()
    }
}
