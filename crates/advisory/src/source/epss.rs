//! The exploit prediction scores of FIRST.

use super::SourceError;
use super::feed::{Content, Feed, Listing, only};
use super::feed_file::FeedFile;
use crate::enrichment::{Enrichment, Epss};

pub(super) const FEED: Feed = Feed {
    name: "epss",
    address: "https://epss.empiricalsecurity.com",
    listing: Listing::Files(&["epss_scores-current.csv.gz"]),
    content: Content::Facts(read),
};

fn read(files: &[FeedFile], enrichment: &mut Enrichment) -> Result<(), SourceError> {
    let csv = only(files)?.open().map_err(SourceError::Read)?;
    enrichment.epss = Epss::read(csv).map_err(|error| SourceError::Format(error.to_string()))?;
    Ok(())
}
