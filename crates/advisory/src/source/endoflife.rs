//! The ends of distros' releases, as endoflife.date collects them.

use super::SourceError;
use super::feed::{Content, Feed, Listing, only};
use super::feed_file::FeedFile;
use crate::enrichment::{Enrichment, Lifecycles};

pub(super) const FEED: Feed = Feed {
    name: "endoflife",
    address: "https://endoflife.date/api/v1/products",
    listing: Listing::Files(&["full"]),
    content: Content::Facts(read),
};

fn read(files: &[FeedFile], enrichment: &mut Enrichment) -> Result<(), SourceError> {
    let json = only(files)?.read().map_err(SourceError::Read)?;
    enrichment.lifecycles =
        Lifecycles::read(&json).map_err(|error| SourceError::Format(error.to_string()))?;
    Ok(())
}
