//! The port, one file for each thing that is stored.

mod images;
mod keys;
mod layers;
mod matches;
mod outbox;
mod page;
mod scans;

pub use images::{
    ImageDetail, ImageFilter, ImageLayer, ImageSummary, Images, NewImage, SeverityCounts, Tag,
};
pub use keys::{ApiKey, KeyId, Keys, NewApiKey, TenantId};
pub use layers::{Claim, LayerInventories, Lease, StoredLayer};
pub use matches::{
    AffectedImage, MatchedPackage, Matches, PackageId, PackageSet, Revision, StoredPackage,
    VulnerabilityDetail,
};
pub use outbox::Outbox;
pub use page::{Page, PageRequest};
pub use scans::{
    CreatedScan, NewScan, Recorded, Scan, ScanFailure, ScanFilter, ScanId, ScanProgress, ScanState,
    Scans,
};

use async_trait::async_trait;

use crate::error::Result;

/// Everything that is stored.
#[async_trait]
pub trait Store: Keys + Scans + Images + LayerInventories + Matches + Outbox {
    /// Answers when the store can be read and written.
    async fn check(&self) -> Result<()>;
}
