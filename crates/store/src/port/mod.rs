//! The port, one file for each thing that is stored.

mod answers;
mod bulk;
mod bulk_counts;
mod changes;
mod deliveries;
mod documents;
mod fleet;
mod garbage;
mod hooks;
mod images;
mod keys;
mod layers;
mod leadership;
mod lifecycle;
mod matches;
mod outbox;
mod page;
mod predictions;
mod questions;
mod registries;
mod rescans;
mod scan_credentials;
mod scans;
mod selection;
mod subscriptions;
mod walks;

pub use answers::{
    BaseImage, ChangeSummary, ChangedVulnerability, FindingTotals, FixCounts, FixPlan, FixStep,
    FleetSummary, HeldPackage, Holder, Holders, ImageContent, NamedPackage, NewerImage,
    PackageName, RankedVulnerability, Ranking, RepositoryImages, Upgrade, VulnerabilityDetail,
};
pub use bulk::{
    Appended, Bulk, BulkChange, BulkFailures, BulkId, BulkItem, BulkItemState, BulkReference,
    BulkSource, BulkState, Bulks, CreatedBulk, Listed, Listing, ListingStep, MAX_REJECTIONS,
    NewBulk, RegistrySelection, RejectedPlace, Rejection, Rejections,
};
pub use bulk_counts::{BulkCounts, BulkDepth, Fed, Settled};
pub use changes::{
    Change, ChangeFilter, ChangeId, ChangeKind, ChangeQuery, Changes, Event, HistoryEntry,
    ImageCount, ImageEvent, UnknownChangeKind,
};
pub use deliveries::{
    Attempt, AttemptOutcome, ChangeNotice, ClaimedDelivery, Deliveries, Delivery, DeliveryDepth,
    DeliveryId, DeliveryState, DueSubscription, NoticedPackage, Notification,
};
pub use documents::{Documents, SUBJECT_LABEL, SubmittedSbom};
pub use fleet::{Completed, Concerned, DistroId, Fleet, PackageGroup};
pub use garbage::{Garbage, GarbageKind, Retention, Swept};
pub use hooks::{Hook, HookId, HookSecret, Hooks, NewHook};
pub use images::{
    ConfigEvidence, ImageDetail, ImageFilter, ImageLayer, ImageSummary, Images, NewImage,
    SeverityCounts, Tag,
};
pub use keys::{ApiKey, KeyId, Keys, NewApiKey, TenantId};
pub use layers::{Claim, LayerInventories, Lease, StoredLayer};
pub use leadership::Leadership;
pub use lifecycle::{Lifecycle, RepositorySummary, TagDetail, TagPeriod, TaggedImage};
pub use matches::{MatchedPackage, Matches, PackageId, PackageSet, Revision, StoredPackage};
pub use outbox::Outbox;
pub use page::{Page, PageRequest};
pub use predictions::Predictions;
pub use questions::Questions;
pub use registries::{
    ClientCertificate, CreatedRegistry, DiscoveryTurn, NewRegistry, Registries, RegistryChange,
    RegistryCredentials, RegistryId, RegistryResource, RegistrySettings, RegistryTransport,
    SealedSecret,
};
pub use rescans::{RescanProgress, RescanRecord, RescanState, Rescans};
pub use scan_credentials::ScanCredentials;
pub use scans::{
    CreatedScan, NewScan, Recorded, Scan, ScanFailure, ScanFilter, ScanId, ScanProgress, ScanState,
    Scans,
};
pub use selection::{FindingBounds, ImageBounds, LabelBound, Selection, Subject, Total};
pub use subscriptions::{
    MessageForm, NewSubscription, Subscription, SubscriptionChange, SubscriptionId,
    SubscriptionState, Subscriptions, Target, UnknownWord,
};
pub use walks::{Walk, WalkStep, Walks};

use async_trait::async_trait;

use crate::error::Result;

/// Everything that is stored.
#[async_trait]
pub trait Store:
    Keys
    + Scans
    + Bulks
    + Hooks
    + Images
    + Lifecycle
    + LayerInventories
    + Documents
    + Garbage
    + Walks
    + Registries
    + ScanCredentials
    + Matches
    + Fleet
    + Rescans
    + Changes
    + Questions
    + Predictions
    + Subscriptions
    + Deliveries
    + Outbox
    + Leadership
{
    /// Answers when the store can be read and written.
    async fn check(&self) -> Result<()>;
}
