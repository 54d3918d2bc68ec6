//! Package sets, distinct packages and their matches.
//!
//! Matches hold for a range of advisory revisions, from the first that made them to the last; one
//! that still holds has no last.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_matching::{AdvisoryKey, Finding, RULES};
use scanyard_package::{Coverage, Digest, Distro, Package};

use crate::error::Result;

/// Names a distinct package of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(pub i64);

/// The packages of an image, which other images may share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSet {
    /// Digest of its sorted purls.
    pub digest: Digest,
    /// The distro that its OS packages belong to.
    pub distro: Option<Distro>,
    /// Its packages, each with its purl.
    pub packages: Vec<(String, Package)>,
}

/// A distinct package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPackage {
    /// Its id.
    pub id: PackageId,
    /// Its purl.
    pub purl: String,
    /// The package.
    pub package: Package,
    /// The distro of the images that hold it, for OS packages.
    pub distro: Option<Distro>,
}

/// What matching said about a distinct package.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchedPackage {
    /// The package.
    pub id: PackageId,
    /// Its findings at the revision.
    pub findings: Vec<Finding>,
    /// What about the package could not be assessed.
    pub coverage: Vec<Coverage>,
    /// Under which keys advisories were looked up.
    pub keys: Vec<AdvisoryKey>,
}

/// A revision of the advisories that was put to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its place in the order of use, from 1.
    pub sequence: i64,
    /// Digest of the compiled database.
    pub digest: Digest,
    /// Date of the newest advisory in it.
    pub date: Option<DateTime<Utc>>,
    /// When it was put to use.
    pub activated_at: DateTime<Utc>,
    /// Version of the rules by which it is matched ([`scanyard_matching::RULES`]).
    pub rules: i64,
    /// Whether every package is to be matched, not only those about which advisories changed.
    pub full: bool,
}

impl Revision {
    /// Whether putting this database to use, by this version's rules, changes nothing.
    pub fn is_of(&self, digest: Digest) -> bool {
        self.digest == digest && self.rules >= RULES
    }

    /// The next one. After other rules everything is matched anew.
    pub(crate) fn after(
        latest: Option<&Self>,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            sequence: latest.map_or(1, |latest| latest.sequence + 1),
            digest,
            date,
            activated_at: DateTime::UNIX_EPOCH,
            rules: RULES,
            full: latest.is_some_and(|latest| latest.rules != RULES),
        }
    }
}

/// Package sets, packages and matches.
#[async_trait]
pub trait Matches: Send + Sync + 'static {
    /// Puts a database to use, by this version's rules, unless it is in use already; the revision.
    /// After another version's rules everything is matched anew.
    async fn activate_revision(
        &self,
        digest: Digest,
        date: Option<DateTime<Utc>>,
    ) -> Result<Revision>;

    /// The revision in use.
    async fn current_revision(&self) -> Result<Option<Revision>>;

    /// The revision at this place, for images whose summary is not brought up to the latest yet.
    async fn revision(&self, sequence: i64) -> Result<Option<Revision>>;

    /// Packages of a set whose outcomes do not hold for the revision, at most `limit`. While the
    /// fleet is behind the revision, those count whose own revision is.
    async fn unmatched_packages(
        &self,
        set: Digest,
        revision: i64,
        limit: u32,
    ) -> Result<Vec<StoredPackage>>;

    /// Stores outcomes at a revision: new findings begin, those that are gone end, changed ones do
    /// both, and the packages count as matched. A package that was matched at a later revision
    /// meanwhile stays as it is. Idempotent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Superseded`](crate::StoreError::Superseded) if the fleet is at a later revision.
    async fn save_matches(&self, revision: i64, matched: &[MatchedPackage]) -> Result<()>;

    /// Makes summaries as of the revision, of package sets all of whose packages are matched: of
    /// this one, unless it has one that holds for the revision, or of those that have none yet, at
    /// most `limit`; how many it made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Superseded`](crate::StoreError::Superseded) if the fleet is at a later revision.
    async fn refresh_summaries(
        &self,
        set: Option<Digest>,
        revision: i64,
        limit: u32,
    ) -> Result<u64>;

    /// Findings of a package set that hold now, with the purl of their package.
    async fn findings_of_set(&self, set: Digest) -> Result<Vec<(String, Finding)>>;

    /// What could not be assessed about packages of the set at their last match.
    async fn coverage_of_set(&self, set: Digest) -> Result<Vec<Coverage>>;
}
