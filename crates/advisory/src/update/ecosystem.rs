//! Brings the records of one ecosystem up to date.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;

use chrono::{DateTime, Utc};
use tokio::task::{JoinSet, spawn_blocking};

use super::EcosystemOutcome;
use super::http::{FetchError, Http};
use super::store::Store;
use crate::source::{self, MAX_DOCUMENT, SourceError};

/// The longest list of changes that is read: some ten million rows.
const MAX_LIST: u64 = 512 << 20;
/// The longest export of one ecosystem that is fetched.
const MAX_EXPORT: u64 = 16 << 30;
/// Single records are fetched up to this number, and up to a quarter of all; beyond, one export
/// is less work for both sides.
const MAX_SINGLE: usize = 2_000;
/// Single records that are fetched at a time.
const CONCURRENT: usize = 16;

/// Why an ecosystem is not up to date.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    #[error("its list of records is empty")]
    EmptyList,
}

impl Failure {
    /// The disk, not the source: other ecosystems will fail alike.
    pub(super) fn into_write_error(self) -> Result<io::Error, Self> {
        match self {
            Self::Write(error)
            | Self::Fetch(FetchError::Write(error))
            | Self::Source(SourceError::Write(error)) => Ok(error),
            other => Err(other),
        }
    }
}

/// One ecosystem's directory in the source.
pub(super) struct Ecosystem<'a> {
    pub(super) name: &'a str,
    /// The source's URL and the directory's name in it.
    pub(super) url: String,
    pub(super) http: &'a Http,
    pub(super) store: &'a Store,
}

/// What the list of an ecosystem says beside what is known.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    newer: Vec<String>,
    gone: Vec<String>,
    listed: usize,
}

impl Ecosystem<'_> {
    pub(super) async fn update(&self) -> Result<EcosystemOutcome, Failure> {
        let (store, name) = (self.store.clone(), self.name.to_owned());
        let Some(known) = blocking(move || store.known(&name)).await? else {
            return self.fetch_all().await;
        };
        let list = self
            .http
            .bytes(&format!("{}/modified_id.csv", self.url), MAX_LIST)
            .await?;
        let changes = changes(&list, &known);
        if changes.listed == 0 && !known.is_empty() {
            return Err(Failure::EmptyList);
        }
        if changes.newer.is_empty() && changes.gone.is_empty() {
            return Ok(EcosystemOutcome::Unchanged);
        }
        if changes.newer.len() > MAX_SINGLE || changes.newer.len() * 4 > changes.listed {
            return self.fetch_all().await;
        }
        match self.fetch_single(changes).await {
            // Listed but not there, or not to be had: the export decides.
            Err(Failure::Fetch(_)) => self.fetch_all().await,
            outcome => outcome,
        }
    }

    async fn fetch_all(&self) -> Result<EcosystemOutcome, Failure> {
        let zip = self.store.download_path();
        let fetched = self
            .http
            .file(&format!("{}/all.zip", self.url), &zip, MAX_EXPORT)
            .await;
        let (store, name) = (self.store.clone(), self.name.to_owned());
        let read = match fetched {
            Ok(()) => {
                let zip = zip.clone();
                blocking(move || -> Result<u64, Failure> {
                    store.replace(&name, |writer| {
                        source::read_zip(&zip, writer).map_err(Failure::from)
                    })?;
                    Ok(store.known(&name).unwrap_or_default().len() as u64)
                })
                .await?
            }
            Err(error) => Err(error.into()),
        };
        // Gone already if it was never made; a leftover is overwritten by the next download.
        let _ = fs::remove_file(&zip);
        Ok(EcosystemOutcome::Full { records: read? })
    }

    async fn fetch_single(&self, changes: Changes) -> Result<EcosystemOutcome, Failure> {
        let outcome = EcosystemOutcome::Incremental {
            fetched: changes.newer.len() as u64,
            dropped: changes.gone.len() as u64,
        };
        let mut replaced: HashSet<_> = changes.gone.into_iter().collect();
        replaced.extend(changes.newer.iter().cloned());
        let mut waiting = changes.newer.into_iter();
        let mut running = JoinSet::new();
        let mut frames = Vec::new();
        loop {
            while running.len() < CONCURRENT
                && let Some(id) = waiting.next()
            {
                let url = format!("{}/{}.json", self.url, encode_segment(&id));
                let http = self.http.clone();
                running.spawn(async move { (id, http.bytes(&url, MAX_DOCUMENT).await) });
            }
            let Some(finished) = running.join_next().await else {
                break;
            };
            let (id, json) = finished.map_err(io::Error::other)?;
            source::stored(&id, &json?).put_frame(&mut frames);
        }
        let (store, name) = (self.store.clone(), self.name.to_owned());
        blocking(move || store.change(&name, &frames, &replaced)).await??;
        Ok(outcome)
    }
}

/// Compares the list of an ecosystem with what is known of it.
///
/// All rows are compared, not only the first: the list is sorted as text, in which `00.5Z` comes
/// after `00Z`, and only a whole list shows what is gone. Times are compared as times, because the
/// list trims zeros that the records have.
fn changes(list: &[u8], known: &HashMap<String, DateTime<Utc>>) -> Changes {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(list);
    let mut listed = HashSet::new();
    let mut changes = Changes::default();
    for row in rows.records().flatten() {
        let (Some(time), Some(id)) = (row.get(0), row.get(1)) else {
            continue;
        };
        let id = id.rsplit('/').next().unwrap_or(id);
        if !listed.insert(id.to_owned()) {
            continue;
        }
        // A time that cannot be read may be newer.
        let time = DateTime::parse_from_rfc3339(time).map_or(DateTime::<Utc>::MAX_UTC, Into::into);
        if known.get(id).is_none_or(|known| *known < time) {
            changes.newer.push(id.to_owned());
        }
    }
    changes.gone = known
        .keys()
        .filter(|id| !listed.contains(*id))
        .cloned()
        .collect();
    changes.listed = listed.len();
    changes
}

/// Percent-encodes one segment of a path: ids hold colons, ecosystems spaces.
pub(super) fn encode_segment(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn the_list_is_compared_by_time_and_not_by_text() {
        let known = HashMap::from([
            ("A".to_owned(), time("2024-01-01T00:00:00.050Z")),
            ("B".to_owned(), time("2024-01-01T00:00:00Z")),
            ("C".to_owned(), time("2024-01-01T00:00:00Z")),
            ("D".to_owned(), time("2024-01-01T00:00:00Z")),
        ]);
        let list = b"2024-01-01T00:00:00.05Z,A\n2024-01-01T00:00:00Z,C\n\
            2024-01-01T00:00:00.5Z,npm/B\nnonsense,E\n2023-01-01T00:00:00Z,F\n";
        let found = changes(list, &known);
        assert_eq!(found.newer, ["B", "E", "F"]);
        assert_eq!(found.gone, ["D"]);
        assert_eq!(found.listed, 5);
    }

    #[test]
    fn ids_are_encoded_as_one_segment() {
        assert_eq!(encode_segment("ALSA-2026:A009"), "ALSA-2026%3AA009");
        assert_eq!(encode_segment("../Red Hat"), "..%2FRed%20Hat");
    }
}
