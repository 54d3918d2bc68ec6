//! What the advisories in use say about the packages in the store.
//!
//! [`Advisories`] is the one handle to the revision in use, swapped under running work.
//! [`match_set`] brings the packages of one set up to it, for the images that workers assemble; a
//! [`Rescan`] those of the whole fleet, when a revision arrives. Nothing here knows a
//! layer or a registry.

mod advisories;
mod coverage;
mod load;
mod matching;
mod rescan;

pub use advisories::{ActiveAdvisories, Advisories};
pub use load::{LoadError, Loaded, load_advisories};
pub use matching::{AssessError, match_set};
pub use rescan::{Before, Rescan, Step};
