//! Keeps a database directory up to date with an export over HTTP.

mod ecosystem;
mod http;
mod report;
mod store;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use crate::build::{InstallError, install, workspace_beside};
use crate::compile::KnownExploited;
use crate::database::{DATABASE_FILE, Database};
use crate::source::MAX_DOCUMENT;
pub use report::{
    EcosystemOutcome, EcosystemUpdate, UpdateError, UpdateOptions, UpdateProgress, UpdateReport,
};

use ecosystem::{Ecosystem, Failure, encode_segment};
use http::{FetchError, Http};
use store::Store;

/// Where the public OSV export lies.
pub const PUBLIC_SOURCE: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// Where the catalogue of known exploited vulnerabilities is published.
const PUBLIC_KNOWN_EXPLOITED: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
/// The longest list of ecosystems that is read.
const MAX_ECOSYSTEMS: u64 = 1 << 20;

/// Brings the database in `directory` up to date with `source`, an export in the layout of the
/// public bucket ([`PUBLIC_SOURCE`]).
///
/// The first update fetches every ecosystem whole. Later ones fetch the records that the
/// ecosystem's `modified_id.csv` tells to be newer and drop those that it no longer lists, which
/// ends with the same bytes as a build of the whole. An ecosystem that cannot be fetched keeps
/// its old records and is reported. One update at a time works in a directory; one that is killed
/// leaves the old database, and the next continues where it was.
pub async fn update(
    directory: &Path,
    source: &str,
    options: &UpdateOptions,
    progress: impl Fn(UpdateProgress) + Send + Sync,
) -> Result<UpdateReport, UpdateError> {
    let source = source.trim_end_matches('/');
    let write = |error| write_error(directory, error);
    let _lock = lock(directory)?;
    let store = Store::open(directory, source).map_err(write)?;
    let http = Http::new(options.idle_timeout, options.retries)
        .map_err(|error| UpdateError::Source(error.to_string()))?;
    let listed = list_ecosystems(&http, source).await?;
    let chosen: Vec<String> = match options.ecosystems.as_slice() {
        [] => {
            store.retain(&listed).map_err(write)?;
            listed
        }
        chosen => chosen.to_vec(),
    };
    let mut updates = Vec::with_capacity(chosen.len() + 1);
    for (done, name) in chosen.iter().enumerate() {
        progress(UpdateProgress::Fetching {
            ecosystem: name.clone(),
            done,
            total: chosen.len(),
        });
        let ecosystem = Ecosystem {
            name,
            url: format!("{source}/{}", encode_segment(name)),
            http: &http,
            store: &store,
        };
        updates.push(EcosystemUpdate {
            ecosystem: name.clone(),
            outcome: outcome_of(ecosystem.update().await).map_err(write)?,
        });
    }
    let known_exploited = update_known_exploited(&http, source, options, &store).await;
    updates.extend(known_exploited.map_err(write)?);
    progress(UpdateProgress::Compiling);
    let directory = directory.to_path_buf();
    tokio::task::spawn_blocking(move || compile_store(&directory, &store, updates))
        .await
        .map_err(|error| UpdateError::Source(error.to_string()))?
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

/// Fetches the catalogue of known exploited vulnerabilities; a source of one's own need not
/// have one.
async fn update_known_exploited(
    http: &Http,
    source: &str,
    options: &UpdateOptions,
    store: &Store,
) -> io::Result<Option<EcosystemUpdate>> {
    let beside = format!("{source}/kev/known_exploited_vulnerabilities.json");
    let url = match &options.known_exploited_url {
        Some(url) => url,
        None if source == PUBLIC_SOURCE => PUBLIC_KNOWN_EXPLOITED,
        None => &beside,
    };
    let outcome = match http.bytes(url, MAX_DOCUMENT).await {
        Err(FetchError::NotFound { .. }) if options.known_exploited_url.is_none() => {
            return Ok(None);
        }
        Err(error) => EcosystemOutcome::Failed {
            reason: error.to_string(),
        },
        Ok(json) => match KnownExploited::read(&json) {
            Err(error) => EcosystemOutcome::Failed {
                reason: error.to_string(),
            },
            Ok(catalogue) if catalogue == store.known_exploited() => EcosystemOutcome::Unchanged,
            Ok(catalogue) => {
                store.keep_known_exploited(&json)?;
                EcosystemOutcome::Full {
                    records: catalogue.ids.len() as u64,
                }
            }
        },
    };
    Ok(Some(EcosystemUpdate {
        ecosystem: "kev".into(),
        outcome,
    }))
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
    let installed = install(&files, &store.known_exploited(), workspace.path(), &output);
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
