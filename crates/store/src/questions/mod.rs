//! Questions across the fleet, answered the same way over either adapter.
//!
//! An adapter gives facts about distinct packages, package sets and images ([`Facts`]), each from one
//! statement and all from one snapshot; what follows from them is here. Most answers take the same
//! way: from packages to the sets that hold them to the images that have these sets.

mod facts;
mod fleet;
mod holders;
mod lineage;
mod packages;
mod plan;
mod rankings;
mod scope;

pub(crate) use facts::{Facts, SummaryRow};
pub(crate) use fleet::{select_images, summarize_fleet};
pub(crate) use holders::{holders, holders_by_repository, vulnerability};
pub(crate) use lineage::{LineageFacts, MovedTag, base_images, image_content, images_built_on};
pub(crate) use packages::{read_named, read_names, spread_of_packages};
pub(crate) use plan::{PlanFacts, fix_plan};
pub(crate) use rankings::{
    RankedRow, RankingFacts, WorstRow, changes_since, top_vulnerabilities, worst_images,
};
pub(crate) use scope::{Moment, Scope};
