//! How much may become of a document.
//!
//! Documents name a product once and mean it in many places, so a small one can become as large as
//! the product of its parts. What its statements take is counted before anything is copied.

use super::{InvalidVex, Product, ProductId, VexStatement};

/// Most places in which all statements of a document name a product, once for each vulnerability.
pub(super) const MAX_PLACES: usize = 2_000_000;
/// Bytes of text that count as a place.
const TEXT: usize = 128;

/// What is left for a document.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_PLACES }
    }
}

impl Budget {
    /// Takes places; refuses the document where there are not as many left.
    pub(super) fn spend(&mut self, places: usize) -> Result<(), InvalidVex> {
        let left = self.left.checked_sub(places);
        self.left = left.ok_or(InvalidVex::TooManyProducts)?;
        Ok(())
    }

    /// Takes what a statement needs.
    pub(super) fn spend_statement(&mut self, statement: &VexStatement) -> Result<(), InvalidVex> {
        let products = statement.products.iter().map(Product::places);
        let detail = statement
            .detail
            .as_ref()
            .map_or(0, |text| text_places(text));
        let places = places(&statement.vulnerabilities, products.sum());
        self.spend(places.saturating_add(detail))
    }
}

/// Places of a statement about so many vulnerabilities and products.
pub(super) fn places(vulnerabilities: &[String], products: usize) -> usize {
    let ids = vulnerabilities.iter().map(|id| text_places(id));
    ids.sum::<usize>()
        .saturating_mul(products.saturating_add(1))
}

/// Places that a text needs.
pub(super) fn text_places(text: &str) -> usize {
    1 + text.len() / TEXT
}

impl ProductId {
    pub(super) fn places(&self) -> usize {
        match self {
            Self::Purl(purl) => text_places(purl.text()),
            Self::Digest(_) => 1,
        }
    }
}

impl Product {
    pub(super) fn places(&self) -> usize {
        let ids = self.ids.iter().map(ProductId::places);
        let parts = self.parts.iter().map(|part| text_places(part.text()));
        ids.chain(parts).sum::<usize>().max(1)
    }
}
