//! CISA's catalogue of known exploited vulnerabilities.

use super::SourceError;
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use crate::enrichment::{Enrichment, KnownExploited};

pub(super) const FEED: Feed = Feed {
    name: "kev",
    address: "https://www.cisa.gov/sites/default/files/feeds",
    listing: Listing::Files(&["known_exploited_vulnerabilities.json"]),
    content: Content::Facts(read),
};

fn read(files: &[FeedFile], enrichment: &mut Enrichment) -> Result<(), SourceError> {
    // The catalogue is also published as a table, which may lie beside it.
    let Some(file) = files.iter().find(|file| file.name.ends_with(".json")) else {
        return Ok(());
    };
    let json = file.read().map_err(SourceError::Read)?;
    enrichment.known_exploited =
        KnownExploited::read(&json).map_err(|error| SourceError::Format(error.to_string()))?;
    Ok(())
}
