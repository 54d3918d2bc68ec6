//! What is in a layer, and what is in an image made of layers.
//!
//! [`catalog_tar`] reads one layer in one pass into a [`LayerInventory`], a pure function of its
//! bytes and of [`CatalogerSet`]. [`fold`] lays inventories over each other as a container
//! runtime lays layers. Nothing here opens a connection, or knows what an advisory is.

mod catalogers;
mod channels;
mod encode;
mod fold;
mod image;
mod layer;
mod mode;
mod overlay;
mod path;
mod rootfs;
mod sbom;
mod secret_tee;
mod set;
mod tar_stream;
mod walk;
mod zip_stream;
#[cfg(test)]
mod zip_writer;

pub use encode::DecodeError;
pub use fold::fold;
pub use image::{
    FoldedLayer, ImageInventory, LocatedPackage, LocatedSecret, SpecialFile, package_set_digest,
};
pub use layer::{DeclaredPackage, FileEvidence, LayerInventory, Unknown};
pub use mode::Mode;
pub use rootfs::catalog_rootfs;
pub use sbom::{SbomError, catalog_sbom};
pub use set::CatalogerSet;
pub use tar_stream::{CatalogError, catalog_tar};
