//! Keeps a database directory up to date with an export over HTTP.

mod ecosystem;
mod feed;
mod feed_store;
mod http;
mod report;
mod store;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use crate::build::{InstallError, install, workspace_beside};
use crate::database::{DATABASE_FILE, Database};
use crate::source::Feed;
pub use report::{
    EcosystemOutcome, EcosystemUpdate, UpdateError, UpdateOptions, UpdateProgress, UpdateReport,
};

use ecosystem::{Ecosystem, Failure, encode_segment};
use feed::FeedUpdate;
use http::Http;
use store::Store;

/// Where the public OSV export lies.
pub const PUBLIC_SOURCE: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// The name of the OSV export among the sources.
pub const OSV: &str = "osv";

/// The longest list of ecosystems that is read.
const MAX_ECOSYSTEMS: u64 = 1 << 20;

/// Brings the database in `directory` up to date with `source`, an export in the layout of the
/// public bucket ([`PUBLIC_SOURCE`]), and with the feeds of publishers beside it ([`crate::feeds`]).
///
/// The first update fetches every ecosystem whole. Later ones fetch the records that the
/// ecosystem's `modified_id.csv` tells to be newer and drop those that it no longer lists, which
/// ends with the same bytes as a build of the whole. The files of feeds are fetched when their
/// servers say that they changed. What cannot be fetched keeps its old records and is reported.
/// One update at a time works in a directory; one that is killed leaves the old database, and the
/// next continues where it was.
pub async fn update(
    directory: &Path,
    source: &str,
    options: &UpdateOptions,
    progress: impl Fn(UpdateProgress) + Send + Sync,
) -> Result<UpdateReport, UpdateError> {
    let source = options.mirrors.get(OSV).map_or(source, String::as_str);
    let source = source.trim_end_matches('/');
    options.check()?;
    let write = |error| write_error(directory, error);
    let _lock = lock(directory)?;
    let store = Store::open(directory, source).map_err(write)?;
    let http = Http::new(options.idle_timeout, options.retries)
        .map_err(|error| UpdateError::Source(error.to_string()))?;
    let chosen = match options.includes(OSV) {
        true => choose_ecosystems(&http, source, options, &store).await,
        false => Ok(Vec::new()),
    };
    let (chosen, no_export) = match chosen {
        Ok(chosen) => (chosen, None),
        // The feeds may still be there.
        Err(UpdateError::Source(reason)) => (Vec::new(), Some(reason)),
        Err(error) => return Err(error),
    };
    let mut updates = Vec::new();
    let feeds: Vec<&'static Feed> = options.feeds().collect();
    let total = chosen.len() + feeds.len();
    let names = chosen.iter().map(String::as_str);
    let tell = |done: usize, name: &str| {
        progress(UpdateProgress::Fetching {
            ecosystem: name.to_owned(),
            done,
            total,
        });
    };
    for (done, name) in names.enumerate() {
        tell(done, name);
        let ecosystem = Ecosystem {
            name,
            url: format!("{source}/{}", encode_segment(name)),
            http: &http,
            store: &store,
        };
        updates.push(EcosystemUpdate {
            ecosystem: name.to_owned(),
            outcome: outcome_of(ecosystem.update().await).map_err(write)?,
        });
    }
    for (done, feed) in feeds.into_iter().enumerate() {
        tell(chosen.len() + done, feed.name);
        let updated = Box::pin(update_feed(feed, &http, source, options, &store)).await;
        updates.extend(updated.map_err(write)?);
    }
    if let Some(reason) = no_export {
        if updates.iter().all(EcosystemUpdate::is_failed) {
            return Err(UpdateError::Source(reason));
        }
        updates.push(failed(OSV, reason));
    }
    progress(UpdateProgress::Compiling);
    let directory = directory.to_path_buf();
    tokio::task::spawn_blocking(move || compile_store(&directory, &store, updates))
        .await
        .map_err(|error| UpdateError::Source(error.to_string()))?
}

/// The ecosystems to bring up to date; those that the source no longer lists are dropped.
async fn choose_ecosystems(
    http: &Http,
    source: &str,
    options: &UpdateOptions,
    store: &Store,
) -> Result<Vec<String>, UpdateError> {
    let listed = list_ecosystems(http, source).await?;
    Ok(match options.ecosystems.as_slice() {
        [] => {
            let retained = store.retain(&listed);
            retained.map_err(|error| write_error(store.directory(), error))?;
            listed
        }
        chosen => chosen.to_vec(),
    })
}

/// Brings a feed up to date, at its mirror, its publisher's or beside an export of one's own, which
/// need not have it.
async fn update_feed(
    feed: &'static Feed,
    http: &Http,
    source: &str,
    options: &UpdateOptions,
    store: &Store,
) -> io::Result<Option<EcosystemUpdate>> {
    let beside = format!("{source}/{}", feed.name);
    let (address, is_publisher) = match options.mirrors.get(feed.name) {
        Some(mirror) => (mirror.trim_end_matches('/'), false),
        None if source == PUBLIC_SOURCE => (feed.address, true),
        None => (beside.as_str(), false),
    };
    let update = FeedUpdate {
        feed,
        address,
        is_publisher,
        http,
        store,
    };
    let outcome = match update.update().await {
        Ok(Some(outcome)) => Ok(outcome),
        // A mirror that was named should be there.
        Ok(None) if options.mirrors.contains_key(feed.name) => {
            return Ok(Some(failed(
                feed.name,
                format!("{address} has none of its files"),
            )));
        }
        Ok(None) => return Ok(None),
        Err(failure) => Err(failure),
    };
    Ok(Some(EcosystemUpdate {
        ecosystem: feed.name.to_owned(),
        outcome: outcome_of(outcome)?,
    }))
}

fn failed(name: &str, reason: String) -> EcosystemUpdate {
    EcosystemUpdate {
        ecosystem: name.to_owned(),
        outcome: EcosystemOutcome::Failed { reason },
    }
}

/// The lock ends with the file handle, however the process ends.
fn lock(directory: &Path) -> Result<File, UpdateError> {
    let write = |error| write_error(directory, error);
    fs::create_dir_all(directory).map_err(write)?;
    let lock = File::create(directory.join("update.lock")).map_err(write)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(UpdateError::Busy(directory.into())),
        Err(TryLockError::Error(error)) => Err(write(error)),
    }
}

async fn list_ecosystems(http: &Http, source: &str) -> Result<Vec<String>, UpdateError> {
    let list = http
        .bytes(&format!("{source}/ecosystems.txt"), MAX_ECOSYSTEMS)
        .await
        .map_err(|error| UpdateError::Source(error.to_string()))?;
    let mut names: Vec<String> = String::from_utf8_lossy(&list)
        .lines()
        .map(str::trim)
        // Names become file names; the bucket's `[EMPTY]` holds what names no ecosystem.
        .filter(|name| !name.is_empty() && !name.starts_with(['.', '[']) && !name.contains('/'))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    match names.is_empty() {
        true => Err(UpdateError::Source("its ecosystems.txt names none".into())),
        false => Ok(names),
    }
}

/// A failure of the source costs one ecosystem, one of the disk ends the update.
fn outcome_of(outcome: Result<EcosystemOutcome, Failure>) -> io::Result<EcosystemOutcome> {
    match outcome.map_err(Failure::into_write_error) {
        Ok(outcome) => Ok(outcome),
        Err(Ok(error)) => Err(error),
        Err(Err(failure)) => Ok(EcosystemOutcome::Failed {
            reason: failure.to_string(),
        }),
    }
}

fn compile_store(
    directory: &Path,
    store: &Store,
    updates: Vec<EcosystemUpdate>,
) -> Result<UpdateReport, UpdateError> {
    let write = |error| write_error(directory, error);
    let output = directory.join(DATABASE_FILE);
    let before = Database::open(&output).ok();
    if let (Some(database), true) = (&before, store.is_compiled()) {
        return Ok(UpdateReport {
            info: database.info().clone(),
            changed: false,
            ecosystems: updates,
            unreadable: Vec::new(),
        });
    }
    let workspace = workspace_beside(&output).map_err(write)?;
    let files = store.record_files().map_err(write)?;
    let installed = install(&files, &store.enrichment(), workspace.path(), &output);
    let report = match installed {
        Ok(report) => report,
        Err(InstallError::NothingReadable(_)) => return Err(UpdateError::NothingReadable(updates)),
        Err(InstallError::Write(error)) => return Err(write(error)),
        Err(InstallError::ReadBack(error)) => return Err(UpdateError::ReadBack(error)),
    };
    if !store.is_compiled() {
        store.mark_compiled().map_err(write)?;
    }
    let revision_before = before.map(|database| database.info().revision);
    Ok(UpdateReport {
        changed: revision_before != Some(report.info.revision),
        info: report.info,
        ecosystems: updates,
        unreadable: report.unreadable,
    })
}

fn write_error(path: &Path, source: io::Error) -> UpdateError {
    UpdateError::Write {
        path: path.into(),
        source,
    }
}
