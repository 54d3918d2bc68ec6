//! What the advisories in use say about the packages in the store.
//!
//! [`Advisories`] is the one handle to the revision in use, swapped under running work.
//! [`match_set`] and [`match_batch`] bring packages up to it. Workers do so for the images that
//! they assemble, the scheduler for everything else when a revision arrives. Nothing here knows a
//! layer or a registry.

mod advisories;
mod coverage;
mod load;
mod matching;

pub use advisories::{ActiveAdvisories, Advisories};
pub use load::{LoadError, Loaded, load_advisories};
pub use matching::{AssessError, match_batch, match_set};
