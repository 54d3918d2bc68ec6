//! JSON forms of what is stored. Field names here are the API; the port's may change.

mod bulk;
mod event;
mod finding;
mod fleet;
mod holder;
mod hook;
mod image;
mod page;
mod ranking;
mod registry;
mod repository;
mod rescan;
mod scan;
mod severity;
mod subscription;

pub use bulk::{BulkFailuresView, BulkItemStateView, BulkItemView, BulkView};
pub use event::{EventKindView, EventView, HistoryEntryView};
pub use finding::FindingView;
pub use fleet::FleetSummaryView;
pub use holder::{
    AffectedImageView, HolderList, HoldingImageView, RepositoryImagesView, TotalView,
};
pub use hook::HookView;
pub use image::{ImageView, LayerView, TagView};
pub use page::{Listing, PageParameters};
pub use ranking::{ChangeSummaryView, FixPlanView, RankingView};
pub use registry::RegistryView;
pub use repository::{RepositoryView, TagDetailView, TagPeriodView};
pub use rescan::{RescanId, RescanView};
pub use scan::{LaneView, ScanStateView, ScanView};
pub use severity::SeverityView;
pub use subscription::{
    DeliveryStateView, DeliveryView, EventFilterView, MessageFormView, SubscriptionView,
};
