//! The fleet as a whole, from one advisory revision to the next.
//!
//! What advisories say about most packages does not change with a revision. So outcomes are stored
//! with the revision at which they were made, and hold up to the one that the fleet is at.

use async_trait::async_trait;
use scanyard_matching::AdvisoryKey;
use scanyard_package::{Distro, PackageKind};

use super::{PackageId, Revision, StoredPackage};
use crate::error::Result;

/// Names a distro of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DistroId(pub i64);

/// Packages of one kind in images of one distro: what cannot be assessed at all is the same for
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageGroup {
    /// Their kind.
    pub kind: PackageKind,
    /// Their distro, for OS packages.
    pub distro: Option<(DistroId, Distro)>,
}

/// Packages to be matched again at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerned {
    /// Every one.
    All,
    /// Those about which advisories changed since the revision that the fleet is at.
    Changed {
        /// Keys under which they changed.
        keys: Vec<AdvisoryKey>,
        /// Kinds and distros for which they came or went altogether.
        groups: Vec<(PackageKind, Option<DistroId>)>,
    },
}

/// What bringing the fleet up to a revision changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Completed {
    /// Findings of packages that are new, fixed or changed.
    pub changes: u64,
    /// Package sets whose summary changed.
    pub summaries: u64,
}

/// The fleet as a whole.
#[async_trait]
pub trait Fleet: Send + Sync + 'static {
    /// The revision that every package, summary and change is up to; 0 before the first.
    async fn fleet_revision(&self) -> Result<i64>;

    /// Makes a new revision of the database in use, for which every package is matched, unless that
    /// is still to be done for the one in use; `None` while there is none.
    async fn renew_revision(&self) -> Result<Option<Revision>>;

    /// Kinds of packages by distro, each once.
    async fn package_groups(&self) -> Result<Vec<PackageGroup>>;

    /// Packages, in order, that are concerned and not yet matched at the revision; those that never
    /// were, and those matched between the fleet's revision and this one, in any case.
    async fn concerned_packages(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Vec<PackageId>>;

    /// Packages by their ids.
    async fn packages(&self, ids: &[PackageId]) -> Result<Vec<StoredPackage>>;

    /// Moves the fleet to a revision at which every concerned package is matched, in one
    /// transaction with the changes that follow and the summaries that change with them. `None`
    /// when packages are left, which may have come meanwhile. Idempotent.
    async fn complete_revision(
        &self,
        revision: i64,
        concerned: &Concerned,
    ) -> Result<Option<Completed>>;
}
