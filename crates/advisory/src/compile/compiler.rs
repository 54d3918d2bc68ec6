//! The passes of a compilation after indexing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::encode::{Pools, epss_rows, lifecycles};
use super::output::Output;
use super::sections::{
    rank_keys, short_hash, too_large, write_advisories, write_groups, write_postings,
};
use super::spool::Spool;
use crate::bytes::Put;
use crate::database::layout::{FORMAT, Layout, sha256};
use crate::database::table;
use crate::enrichment::Enrichment;
use crate::info::{EnrichmentInfo, Info, SourceInfo};
use crate::record::Record;

/// The name under which records in the OSV schema are counted.
const OSV: &str = "osv";

/// Takes records in order of their ids, then writes the file.
pub(super) struct Compiler<'a> {
    enrichment: &'a Enrichment,
    pools: Pools,
    /// Where the strings of each key lie, by (ecosystem, name).
    keys: Vec<(u64, u64)>,
    key_numbers: HashMap<(u64, u64), u32>,
    /// Key number and place in the spool of each entry.
    entries: Vec<(u32, u64)>,
    /// Each entry: content hash, then its bytes.
    entry_spool: Spool,
    /// Each advisory without its entries.
    advisory_spool: Spool,
    advisory_places: Vec<u64>,
    /// Place of an id, and advisory number and relation as the posting has them.
    mentions: Vec<(u64, u64)>,
    info: Info,
    sources: BTreeMap<String, SourceInfo>,
    feeds: BTreeMap<String, SourceInfo>,
    ecosystems: BTreeMap<String, u64>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        spools: &Path,
        enrichment: &'a Enrichment,
        unreadable: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            enrichment,
            pools: Pools::default(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            entries: Vec::new(),
            entry_spool: Spool::new(spools)?,
            advisory_spool: Spool::new(spools)?,
            advisory_places: Vec::new(),
            mentions: Vec::new(),
            info: empty_info(unreadable, enrichment),
            sources: BTreeMap::new(),
            feeds: BTreeMap::new(),
            ecosystems: BTreeMap::new(),
        })
    }

    /// Adds the record that follows in order of the ids.
    pub(super) fn add(&mut self, record: &Record) -> io::Result<()> {
        let number = self.advisory_places.len() as u64;
        let known_exploited = self.enrichment.known_exploited.names(record);
        let header = self.pools.advisory(record, known_exploited);
        self.advisory_places
            .push(self.advisory_spool.append(&header)?);
        self.add_mentions(number, record);
        self.count(record);
        let shown = shown_of(record, known_exploited);
        for entry in &record.affected {
            let mut source = shown.as_bytes().to_vec();
            entry.encode_content(&mut source);
            let mut part = short_hash(&source).to_vec();
            part.extend(self.pools.entry(number, entry));
            let place = self.entry_spool.append(&part)?;
            let key = self.key_number(&entry.ecosystem, &entry.name)?;
            self.entries.push((key, place));
        }
        Ok(())
    }

    fn key_number(&mut self, ecosystem: &str, name: &str) -> io::Result<u32> {
        let key = (self.pools.string(ecosystem), self.pools.string(name));
        let next = u32::try_from(self.keys.len()).map_err(|_| too_large())?;
        let number = *self.key_numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        Ok(number)
    }

    fn add_mentions(&mut self, number: u64, record: &Record) {
        let own = std::slice::from_ref(&record.id);
        let lists = [own, &record.aliases, &record.upstream, &record.related];
        for (relation, ids) in lists.into_iter().enumerate() {
            for id in ids {
                let place = self.pools.string(id);
                self.mentions.push((place, number << 2 | relation as u64));
            }
        }
    }

    fn count(&mut self, record: &Record) {
        self.info.records += 1;
        self.info.withdrawn += u64::from(record.withdrawn.is_some());
        self.info.entries += record.affected.len() as u64;
        let named: BTreeSet<_> = record
            .affected
            .iter()
            .map(|entry| &entry.ecosystem)
            .collect();
        for ecosystem in named {
            match self.ecosystems.get_mut(ecosystem) {
                Some(records) => *records += 1,
                None => {
                    self.ecosystems.insert(ecosystem.clone(), 1);
                }
            }
        }
        let name = record.id.split('-').next().unwrap_or_default();
        count_source(&mut self.sources, name, record);
        let feed = match record.feed.as_str() {
            "" => OSV,
            feed => feed,
        };
        count_source(&mut self.feeds, feed, record);
    }

    /// Writes the file; it is complete and on disk on return.
    pub(super) fn write(mut self, path: &Path) -> io::Result<()> {
        let mut output = Output::create(path)?;
        let mut layout = Layout::default();
        self.key_numbers = HashMap::new();
        let mut entry_spool = self.entry_spool.finish()?;
        let ranks = rank_keys(&self.keys, &self.pools);
        let (groups, group_places, written) = write_groups(
            &mut output,
            &mut entry_spool,
            &ranks,
            &self.keys,
            self.entries,
        )?;
        layout.groups = groups;
        let (advisories, index) = write_advisories(
            &mut output,
            &mut self.advisory_spool.finish()?,
            &self.advisory_places,
            &group_places,
            &written,
        )?;
        drop(written);
        layout.advisories = advisories;
        layout.advisory_index = output.write_section(&index)?;
        let (postings, ids) = write_postings(&mut output, &self.pools, self.mentions)?;
        layout.postings = postings;
        let keys: Vec<_> = std::iter::zip(ranks.in_order, group_places)
            .map(|(key, place)| {
                let (ecosystem, name) = self.keys[key as usize];
                let parts = [ecosystem, name].map(|place| self.pools.strings.get(place));
                (table::hash_bytes(parts), place)
            })
            .collect();
        layout.keys = output.write_section(&table::build(&keys).ok_or_else(too_large)?)?;
        layout.ids = output.write_section(&table::build(&ids).ok_or_else(too_large)?)?;
        layout.strings = output.write_section(self.pools.strings.bytes())?;
        layout.lists = output.write_section(self.pools.lists.bytes())?;
        self.info.ecosystems = self.ecosystems.into_iter().collect();
        self.info.sources = self.sources.into_values().collect();
        self.info.feeds = self.feeds.into_values().collect();
        date_feeds(&mut self.info, &self.enrichment.dates);
        layout.epss = output.write_section(&epss_rows(&self.enrichment.epss))?;
        layout.known_exploited = output.write_section(&self.enrichment.known_exploited.keys())?;
        layout.lifecycles = output.write_section(&lifecycles(&self.enrichment.lifecycles))?;
        layout.info = output.write_section(&self.info.encode())?;
        output.finish(layout)
    }
}

/// A digest of what a finding shows of the advisory itself: all of it but the time of its last
/// change, which moves whenever an exporter runs.
fn shown_of(record: &Record, known_exploited: bool) -> Digest {
    let mut bytes = vec![u8::from(known_exploited)];
    bytes.put_bytes(record.id.as_bytes());
    record.encode_rest_of_header(&mut bytes);
    sha256(&bytes)
}

fn count_source(sources: &mut BTreeMap<String, SourceInfo>, name: &str, record: &Record) {
    let source = sources
        .entry(name.to_owned())
        .or_insert_with(|| SourceInfo {
            name: name.to_owned(),
            records: 0,
            newest: record.modified,
        });
    source.records += 1;
    source.newest = source.newest.max(record.modified);
}

/// Feeds that date nothing are as new as their files.
fn date_feeds(info: &mut Info, dates: &BTreeMap<&'static str, DateTime<Utc>>) {
    for feed in &mut info.feeds {
        if feed.newest == DateTime::UNIX_EPOCH
            && let Some(date) = dates.get(feed.name.as_str())
        {
            feed.newest = *date;
        }
    }
}

fn empty_info(unreadable: u64, enrichment: &Enrichment) -> Info {
    Info {
        revision: Digest::from_bytes([0; 32]),
        date: None,
        records: 0,
        withdrawn: 0,
        unreadable,
        entries: 0,
        ecosystems: Vec::new(),
        sources: Vec::new(),
        feeds: Vec::new(),
        known_exploited: enrichment.known_exploited.version.as_ref().map(|version| {
            EnrichmentInfo {
                entries: enrichment.known_exploited.ids.len() as u64,
                version: version.clone(),
            }
        }),
        epss: info_of(enrichment.epss.date.as_ref(), enrichment.epss.rows.len()),
        lifecycles: info_of(
            enrichment.lifecycles.date.as_ref(),
            enrichment.lifecycles.releases.len(),
        ),
        format: FORMAT,
        bytes: 0,
    }
}

/// A source without entries was not given.
fn info_of(date: Option<&String>, entries: usize) -> Option<EnrichmentInfo> {
    (entries > 0).then(|| EnrichmentInfo {
        entries: entries as u64,
        version: date.cloned().unwrap_or_default(),
    })
}
