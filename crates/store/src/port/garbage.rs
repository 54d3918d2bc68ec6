//! Retention, and the removal of what nothing names any more.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;

/// How long things are kept; `None` is for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Scans and bulks after their end.
    pub scans: Option<Duration>,
    /// Images without a tag after they were last seen. Then the tenant lets go of them.
    pub untagged_images: Option<Duration>,
    /// Images that are gone: so far back questions about the past know of them.
    pub gone_images: Option<Duration>,
    /// What no longer holds: matches, gaps and package sets that others replaced, and what changed.
    pub history: Option<Duration>,
    /// Inventories of other cataloger sets than those in use, that no image was assembled from.
    pub outdated_inventories: Option<Duration>,
    /// The cataloger sets in use.
    pub cataloger_sets: Vec<String>,
    /// Submitted documents of which no image was made.
    pub unused_documents: Duration,
}

impl Retention {
    /// The defaults, with these cataloger sets in use: what is true now is kept, whatever its age.
    pub fn new(cataloger_sets: Vec<String>) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            scans: Some(DAY * 90),
            untagged_images: None,
            gone_images: Some(DAY * 90),
            history: None,
            outdated_inventories: Some(DAY * 30),
            cataloger_sets,
            unused_documents: DAY,
        }
    }
}

/// Kinds of garbage. What one kind's removal leaves behind is garbage of a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GarbageKind {
    /// Items of bulks that ended long ago.
    BulkItems,
    /// Scans that ended long ago.
    Scans,
    /// Bulks without items and scans.
    Bulks,
    /// Images without a tag that nobody saw for long: they are gone from now on.
    UntaggedImages,
    /// Tenants' rows of images that are gone for long.
    GoneImages,
    /// Package sets that images had long ago.
    FormerPackageSets,
    /// Images that no tenant has.
    Images,
    /// Package sets that no image has or had.
    PackageSets,
    /// Changes of revisions that were processed long ago.
    Changes,
    /// Matches that ended long ago.
    FormerMatches,
    /// Gaps that ended long ago.
    FormerCoverage,
    /// Packages that are in no package set.
    Packages,
    /// Findings that no package has or had.
    Findings,
    /// Inventories of cataloger sets that are no longer in use.
    OutdatedInventories,
    /// Layers that are in no image.
    Layers,
    /// Repositories that never hold anything any more.
    Repositories,
    /// Submitted documents of which there is no image.
    Documents,
}

impl GarbageKind {
    /// Every kind, in the order in which they are swept.
    pub const ALL: [GarbageKind; 17] = [
        GarbageKind::BulkItems,
        GarbageKind::Scans,
        GarbageKind::Bulks,
        GarbageKind::UntaggedImages,
        GarbageKind::GoneImages,
        GarbageKind::FormerPackageSets,
        GarbageKind::Images,
        GarbageKind::PackageSets,
        GarbageKind::Changes,
        GarbageKind::FormerMatches,
        GarbageKind::FormerCoverage,
        GarbageKind::Packages,
        GarbageKind::Findings,
        GarbageKind::OutdatedInventories,
        GarbageKind::Layers,
        GarbageKind::Repositories,
        GarbageKind::Documents,
    ];

    /// The kind's name in API and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            GarbageKind::BulkItems => "bulk_items",
            GarbageKind::Scans => "scans",
            GarbageKind::Bulks => "bulks",
            GarbageKind::UntaggedImages => "untagged_images",
            GarbageKind::GoneImages => "gone_images",
            GarbageKind::FormerPackageSets => "former_package_sets",
            GarbageKind::Images => "images",
            GarbageKind::PackageSets => "package_sets",
            GarbageKind::Changes => "changes",
            GarbageKind::FormerMatches => "former_matches",
            GarbageKind::FormerCoverage => "former_coverage",
            GarbageKind::Packages => "packages",
            GarbageKind::Findings => "findings",
            GarbageKind::OutdatedInventories => "outdated_inventories",
            GarbageKind::Layers => "layers",
            GarbageKind::Repositories => "repositories",
            GarbageKind::Documents => "documents",
        }
    }
}

/// What one step of a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Rows that went, not counting those that belonged to them.
    pub removed: u64,
    /// Where the next step begins; `None` when there are no more of the kind.
    pub next: Option<i64>,
}

/// Garbage collection.
#[async_trait]
pub trait Garbage: Send + Sync + 'static {
    /// Removes garbage of a kind: one bounded batch of it, in a transaction, from a place on that
    /// begins at 0. What is named again meanwhile stays.
    async fn sweep(&self, kind: GarbageKind, from: i64, retention: &Retention) -> Result<Swept>;

    /// How much sweeps would remove now, of the kinds that grow: scans, images and what goes with
    /// them, and history. Reads whole tables.
    async fn forecast_garbage(&self, retention: &Retention) -> Result<Vec<(GarbageKind, u64)>>;
}
