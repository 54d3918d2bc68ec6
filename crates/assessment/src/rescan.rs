//! Brings the whole fleet from one revision to the next.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use scanyard_advisory::{Database, diff};
use scanyard_matching::AdvisoryKey;
use scanyard_package::{Package, PackageKind};
use scanyard_store::{Completed, Concerned, DistroId, Fleet, Matches, PackageGroup, PackageId};

use crate::coverage::gap;
use crate::matching::{BATCH, match_and_save};
use crate::{ActiveAdvisories, AssessError};

/// Batches under way at once: while one is stored, another is matched.
const CONCURRENT: usize = 3;
/// Batches of one step.
const BATCHES: usize = 6;

/// The database that the fleet is at.
#[derive(Debug)]
pub enum Before {
    /// The one in use: only what was never matched is left.
    Same,
    /// This one.
    Other(Database),
    /// It is not at hand, or does not matter: everything is matched.
    Unknown,
}

/// What one step of a rescan led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Some packages were matched; there is more to do.
    MoreToDo,
    /// The fleet is at the revision.
    Done(Completed),
}

/// The matching of what a revision concerns. It is planned afresh after a crash: what was matched
/// is not matched again.
#[derive(Debug)]
pub struct Rescan {
    active: Arc<ActiveAdvisories>,
    concerned: Concerned,
    /// What is left to match.
    waiting: Vec<PackageId>,
    total: usize,
    at_rest: bool,
}

impl Rescan {
    /// Finds what is to be matched at the revision in use: what advisories say otherwise than they
    /// did before.
    ///
    /// # Errors
    ///
    /// [`AssessError`].
    pub async fn plan(
        store: &(impl Fleet + ?Sized),
        active: Arc<ActiveAdvisories>,
        before: Before,
    ) -> Result<Self, AssessError> {
        let at_rest = matches!(before, Before::Same);
        let concerned = match before {
            Before::Same => Concerned::Changed {
                keys: Vec::new(),
                groups: Vec::new(),
            },
            Before::Other(before) => {
                let groups = store.package_groups().await?;
                let after = active.database.clone();
                let comparing =
                    tokio::task::spawn_blocking(move || compare(&before, &after, &groups));
                comparing.await.map_err(AssessError::Matcher)??
            }
            Before::Unknown => Concerned::All,
        };
        let sequence = active.revision.sequence;
        let waiting = store.concerned_packages(sequence, &concerned).await?;
        Ok(Self {
            active,
            concerned,
            total: waiting.len(),
            waiting,
            at_rest,
        })
    }

    /// The revision that it leads to.
    pub fn revision(&self) -> i64 {
        self.active.revision.sequence
    }

    /// Whether every package is matched.
    pub fn is_full(&self) -> bool {
        self.concerned == Concerned::All
    }

    /// Whether the fleet was at the revision when it was planned.
    pub fn is_at_rest(&self) -> bool {
        self.at_rest
    }

    /// Packages to match, and how many of them are matched.
    pub fn progress(&self) -> (usize, usize) {
        (self.total, self.total - self.waiting.len())
    }

    /// Matches some packages; after the last, moves the fleet.
    ///
    /// # Errors
    ///
    /// [`AssessError`]; another step goes on where this one ended.
    pub async fn step(
        &mut self,
        store: &(impl Fleet + Matches + ?Sized),
    ) -> Result<Step, AssessError> {
        if self.waiting.is_empty() {
            return self.complete(store).await;
        }
        let begin = self.waiting.len().saturating_sub(BATCH as usize * BATCHES);
        let mut batches = Vec::new();
        for ids in self.waiting[begin..].chunks(BATCH as usize) {
            batches.push(self.match_some(store, ids).boxed());
        }
        stream::iter(batches)
            .buffer_unordered(CONCURRENT)
            .try_collect::<()>()
            .await?;
        self.waiting.truncate(begin);
        Ok(Step::MoreToDo)
    }

    async fn match_some(
        &self,
        store: &(impl Fleet + Matches + ?Sized),
        ids: &[PackageId],
    ) -> Result<(), AssessError> {
        let packages = store.packages(ids).await?;
        match_and_save(store, &self.active, packages).await
    }

    async fn complete(&mut self, store: &(impl Fleet + ?Sized)) -> Result<Step, AssessError> {
        let sequence = self.revision();
        match store.complete_revision(sequence, &self.concerned).await? {
            Some(completed) => Ok(Step::Done(completed)),
            // A worker that had not loaded the revision yet matched some meanwhile.
            None => {
                self.waiting = store.concerned_packages(sequence, &self.concerned).await?;
                self.total += self.waiting.len();
                Ok(Step::MoreToDo)
            }
        }
    }
}

/// What the two databases say otherwise.
fn compare(
    before: &Database,
    after: &Database,
    groups: &[PackageGroup],
) -> Result<Concerned, AssessError> {
    let changed = diff(before, after);
    let mut keys: Vec<AdvisoryKey> = changed
        .iter()
        .map(|(ecosystem, name)| AdvisoryKey::of(ecosystem, name))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let groups = groups.iter().filter(|group| {
        let gap_in = |database| gap_of(database, group);
        gap_in(before) != gap_in(after)
    });
    let groups: Vec<(PackageKind, Option<DistroId>)> = groups
        .map(|group| (group.kind, group.distro.as_ref().map(|(id, _)| *id)))
        .collect();
    // Altered content reads as absent, and what is absent from both is no difference.
    before.ensure_intact()?;
    after.ensure_intact()?;
    Ok(Concerned::Changed { keys, groups })
}

/// What cannot be assessed about the packages of a group, whatever their names.
fn gap_of(database: &Database, group: &PackageGroup) -> Vec<scanyard_package::Coverage> {
    let package = Package::new(group.kind, "any", "0");
    gap(
        database,
        &package,
        group.distro.as_ref().map(|(_, distro)| distro),
    )
}
