//! From a database file to the revision in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scanyard_advisory::{Database, DatabaseError};
use scanyard_store::{Matches, Revision, StoreError};

use crate::{ActiveAdvisories, Advisories};

/// What looking at a database file led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// There is no file.
    Missing,
    /// It holds the revision in use.
    Unchanged,
    /// It holds another one, which is in use now.
    Activated(Revision),
}

/// Why the advisories in a file cannot be put to use. Those in use stay.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is no whole database.
    #[error("the advisory database cannot be used")]
    Database(#[from] DatabaseError),
    /// The revision could not be recorded.
    #[error("the advisory revision could not be recorded")]
    Store(#[from] StoreError),
    /// The check did not end.
    #[error("the check of the advisory database was cut short")]
    Check(#[source] tokio::task::JoinError),
}

/// Opens the database at a path, a file or a directory, and puts it to use once every byte of it is
/// verified. Cheap while nothing changes.
///
/// # Errors
///
/// [`LoadError`]; the advisories in use stay.
pub async fn load_advisories(
    store: &(impl Matches + ?Sized),
    advisories: &Advisories,
    path: &Path,
) -> Result<Loaded, LoadError> {
    let active = advisories.current();
    let in_use = active
        .as_ref()
        .map(|active| active.database.info().revision);
    let path: PathBuf = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let database = Database::open(&path)?;
        if in_use == Some(database.info().revision) {
            return Ok(None);
        }
        database.verify()?;
        Ok(Some(database))
    });
    let database = match opening.await.map_err(LoadError::Check)? {
        Ok(Some(database)) => database,
        Ok(None) => return Ok(follow_renewal(store, advisories, active).await?),
        Err(DatabaseError::Missing { .. }) => return Ok(Loaded::Missing),
        Err(error) => return Err(error.into()),
    };
    let info = database.info();
    let revision = store.activate_revision(info.revision, info.date).await?;
    advisories.activate(ActiveAdvisories {
        database,
        revision: revision.clone(),
    });
    Ok(Loaded::Activated(revision))
}

/// The same database may have become another revision: somebody asked for a full rescan.
async fn follow_renewal(
    store: &(impl Matches + ?Sized),
    advisories: &Advisories,
    active: Option<Arc<ActiveAdvisories>>,
) -> Result<Loaded, StoreError> {
    let (Some(active), Some(revision)) = (active, store.current_revision().await?) else {
        return Ok(Loaded::Unchanged);
    };
    let is_renewed =
        revision.sequence > active.revision.sequence && revision.digest == active.revision.digest;
    if !is_renewed {
        return Ok(Loaded::Unchanged);
    }
    advisories.activate(ActiveAdvisories {
        database: active.database.clone(),
        revision: revision.clone(),
    });
    Ok(Loaded::Activated(revision))
}
