//! A list of strings, read from their places in the pool.

use super::image::Image;
use crate::bytes::Reader;

/// A list of strings in the order in which the publisher gave them.
#[derive(Clone, Default)]
pub struct Strings<'a> {
    image: Option<&'a Image>,
    places: Reader<'a>,
}

impl<'a> Strings<'a> {
    pub(super) fn new(image: &'a Image, places: &'a [u8]) -> Self {
        Self {
            image: Some(image),
            places: Reader(places),
        }
    }

    /// The list at this place of the lists section.
    pub(super) fn at(image: &'a Image, place: u64) -> Self {
        let places = image.framed(image.layout.lists, place);
        Self::new(image, places.unwrap_or_default())
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let place = self.places.varint()?;
        Some(self.image?.text(place))
    }
}
