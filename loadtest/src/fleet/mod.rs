//! Fleets of images made directly in a store, as if each image had been scanned.
//!
//! A fleet is what [`FleetSettings`] and an advisory database make of a seed: base images in lines
//! of builds, applications on them whose dependencies change now and then, and images that share
//! all of that. Names are those of real advisories and others that no advisory speaks of; versions
//! stand around the borders of what is affected.

mod applications;
mod assembly;
mod bases;
mod contents;
mod model;
mod one_by_one;
mod postgres;
mod process;
mod push;
mod random;
mod real;
mod rows;
mod settings;
mod sqlite;
mod supply;
mod versions;

pub use model::{
    Fleet, FleetImage, FleetLayer, FleetPackage, FleetRepository, FleetSet, LayerContent, Sighting,
};
pub use one_by_one::{ImageOutcome, match_image};
pub use postgres::write_postgres;
pub use process::{Processed, activate, process};
pub use random::Random;
pub use settings::FleetSettings;
pub use sqlite::write_sqlite;
