//! Feeds beside the OSV export, each in the format of its publisher: the list of them, and how one
//! is read from a directory of its files.
//!
//! A feed is a file in this folder and a line in [`FEEDS`]. Its files lie in a directory of its
//! name, whether an update fetched them or somebody brought them, so that building and updating
//! read the same.

use std::io;
use std::path::Path;

use super::SourceError;
use super::feed_file::{self, FeedFile};
use super::{
    alpine, amazon, chainguard, debian, endoflife, epss, kev, oracle, redhat, suse, ubuntu,
};
use crate::enrichment::Enrichment;
use crate::record::file::RecordWriter;

/// A feed of one publisher.
pub(crate) struct Feed {
    /// Its name: of its directory, in options and in what the database tells of its sources.
    pub(crate) name: &'static str,
    /// Where it is published.
    pub(crate) address: &'static str,
    /// Which files there are below the address.
    pub(crate) listing: Listing,
    /// What it is read as.
    pub(crate) content: Content,
}

/// Which files of a feed there are below its address.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listing {
    /// These.
    Files(&'static [&'static str]),
    /// A page that links to directories, each with any of these files.
    Directories(&'static [&'static str]),
    /// A file of this name that names the one there is.
    Pointer(&'static str),
    /// rpm repositories: each a directory of the feed, and below the address a list of mirrors.
    Repositories(&'static [(&'static str, &'static str)]),
}

/// What a feed is read as.
pub(crate) enum Content {
    /// Advisories.
    Records(fn(&[FeedFile], &mut RecordWriter) -> Result<(), SourceError>),
    /// Facts beside them.
    Facts(fn(&[FeedFile], &mut Enrichment) -> Result<(), SourceError>),
}

/// Every feed, by name.
pub(crate) const FEEDS: [Feed; 12] = [
    alpine::FEED,
    amazon::FEED,
    chainguard::CHAINGUARD,
    debian::FEED,
    endoflife::FEED,
    epss::FEED,
    kev::FEED,
    oracle::FEED,
    redhat::FEED,
    suse::FEED,
    ubuntu::FEED,
    chainguard::WOLFI,
];

impl Feed {
    /// The feed of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Feed> {
        FEEDS.iter().find(|feed| feed.name == name)
    }

    /// Reads the feed's files in a directory into records or facts. A directory without any is no
    /// error: it says nothing.
    pub(crate) fn read(
        &self,
        directory: &Path,
        writer: &mut RecordWriter,
        enrichment: &mut Enrichment,
    ) -> Result<(), SourceError> {
        match self.content {
            Content::Facts(_) => self.read_facts(directory, enrichment),
            Content::Records(read) => match self.files(directory, enrichment)?.as_slice() {
                [] => Ok(()),
                files => read(files, writer),
            },
        }
    }

    /// Whether it gives facts and no records.
    pub(crate) fn is_of_facts(&self) -> bool {
        matches!(self.content, Content::Facts(_))
    }

    /// Reads facts only: of a feed of records, how old it is.
    pub(crate) fn read_facts(
        &self,
        directory: &Path,
        enrichment: &mut Enrichment,
    ) -> Result<(), SourceError> {
        let files = self.files(directory, enrichment)?;
        match (&self.content, files.as_slice()) {
            (Content::Records(_), _) | (_, []) => Ok(()),
            (Content::Facts(read), files) => read(files, enrichment),
        }
    }

    fn files(
        &self,
        directory: &Path,
        enrichment: &mut Enrichment,
    ) -> Result<Vec<FeedFile>, SourceError> {
        let files = feed_file::below(directory).map_err(SourceError::Read)?;
        if let Some(newest) = files.iter().map(|file| file.modified).max() {
            enrichment.dates.insert(self.name, newest);
        }
        Ok(files)
    }
}

/// Feeds of which a directory holds files.
pub(crate) fn feeds_in(directory: &Path) -> impl Iterator<Item = &'static Feed> {
    FEEDS
        .iter()
        .filter(|feed| directory.join(feed.name).is_dir())
}

/// The first file of a feed that has but one.
pub(super) fn only(files: &[FeedFile]) -> Result<&FeedFile, SourceError> {
    files
        .first()
        .ok_or_else(|| SourceError::Read(io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_listed_by_name_and_have_an_address() {
        assert!(FEEDS.is_sorted_by_key(|feed| feed.name));
        for feed in &FEEDS {
            assert!(feed.address.starts_with("https://"), "{}", feed.name);
            assert!(!feed.address.ends_with('/'), "{}", feed.name);
            assert!(Feed::named(feed.name).is_some());
        }
    }

    /// An adapter that is written but not listed would never be asked.
    #[test]
    fn every_adapter_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source");
        let declared: usize = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok())
            .map(|text| text.matches(": Feed = Feed {").count())
            .sum();
        // This file has the pattern too, in the line above.
        assert_eq!(declared - 1, FEEDS.len());
    }
}
