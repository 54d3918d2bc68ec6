//! Brings packages of the store up to a revision.

use std::sync::Arc;

use metrics::counter;
use scanyard_advisory::{Database, DatabaseError};
use scanyard_matching::Matcher;
use scanyard_package::Digest;
use scanyard_store::{MatchedPackage, Matches, StoreError, StoredPackage};
use scanyard_telemetry::name;

use crate::ActiveAdvisories;
use crate::coverage::gap;

/// Packages read, matched and stored at once.
pub(crate) const BATCH: u32 = 1_000;

/// Why packages could not be matched. Those stored before stay so.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database was altered under us: what it said is not to be believed.
    #[error("the advisory database cannot be used")]
    Database(#[from] DatabaseError),
    /// The matcher did not end.
    #[error("matching was cut short")]
    Matcher(#[source] tokio::task::JoinError),
}

/// Matches the packages of a set whose outcomes do not hold for the revision, and makes the set's
/// summary unless it has one that does.
///
/// # Errors
///
/// [`AssessError`]; another try goes on where this one ended.
pub async fn match_set(
    store: &(impl Matches + ?Sized),
    active: &Arc<ActiveAdvisories>,
    set: Digest,
) -> Result<(), AssessError> {
    let sequence = active.revision.sequence;
    loop {
        let packages = store.unmatched_packages(set, sequence, BATCH).await?;
        let count = packages.len();
        match_and_save(store, active, packages).await?;
        if count < BATCH as usize {
            break;
        }
    }
    store.refresh_summaries(Some(set), sequence, 1).await?;
    Ok(())
}

/// Matches packages and stores what that said.
pub(crate) async fn match_and_save(
    store: &(impl Matches + ?Sized),
    active: &Arc<ActiveAdvisories>,
    packages: Vec<StoredPackage>,
) -> Result<(), AssessError> {
    let count = packages.len();
    if count == 0 {
        return Ok(());
    }
    let advisories = Arc::clone(active);
    let matching =
        tokio::task::spawn_blocking(move || match_packages(&advisories.database, &packages));
    let matched = matching.await.map_err(AssessError::Matcher)?;
    // Altered content reads as absent, which would look like a clean package.
    active.database.ensure_intact()?;
    store
        .save_matches(active.revision.sequence, &matched)
        .await?;
    counter!(name::PACKAGES_MATCHED).increment(count as u64);
    Ok(())
}

fn match_packages(database: &Database, packages: &[StoredPackage]) -> Vec<MatchedPackage> {
    let matcher = Matcher::new(database);
    packages
        .iter()
        .map(|stored| {
            let distro = stored.distro.as_ref();
            let mut outcome = matcher.match_package(&stored.package, distro);
            outcome
                .coverage
                .extend(gap(database, &stored.package, distro));
            MatchedPackage {
                id: stored.id,
                findings: outcome.findings,
                coverage: outcome.coverage,
                keys: outcome.keys,
            }
        })
        .collect()
}
