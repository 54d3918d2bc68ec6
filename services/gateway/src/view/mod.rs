//! JSON forms of what is stored. Field names here are the API; the port's may change.

mod bulk;
mod event;
mod finding;
mod image;
mod page;
mod repository;
mod scan;
mod severity;

pub use bulk::{BulkFailuresView, BulkItemStateView, BulkItemView, BulkView};
pub use event::{EventKindView, EventView, HistoryEntryView};
pub use finding::FindingView;
pub use image::{ImageView, LayerView, TagView};
pub use page::{Listing, PageParameters};
pub use repository::{RepositoryView, TagDetailView, TagPeriodView};
pub use scan::{LaneView, ScanStateView, ScanView};
pub use severity::SeverityView;
