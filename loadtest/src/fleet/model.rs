//! A fleet: images, what they share, and where they were seen.

use scanyard_package::{Digest, Distro, Package, PackageKind};
use scanyard_store::TenantId;

/// What manifests call a layer.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// What a layer is said to weigh, compressed.
pub(super) const LAYER_BYTES: u64 = 30_000_000;

/// A fleet of images, the same for the same settings and advisories. What refers to something else
/// names its place in the list of those.
#[derive(Debug, Default)]
pub struct Fleet {
    /// Releases of distros.
    pub distros: Vec<Distro>,
    /// Distinct packages, in the order of their purls.
    pub packages: Vec<FleetPackage>,
    /// Distinct package sets.
    pub sets: Vec<FleetSet>,
    /// Distinct layers.
    pub layers: Vec<FleetLayer>,
    /// Images, base images first, those of an application one after the other.
    pub images: Vec<FleetImage>,
    /// Repositories of each tenant.
    pub repositories: Vec<FleetRepository>,
    /// Who reached which image where, in the order of time within each repository.
    pub sightings: Vec<Sighting>,
}

/// A distinct package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetPackage {
    /// Its purl.
    pub purl: String,
    /// The package.
    pub package: Package,
    /// Its distro, for OS packages.
    pub distro: Option<usize>,
}

/// A distinct package set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetSet {
    /// Its digest.
    pub digest: Digest,
    /// The distro of the images that have it.
    pub distro: usize,
    /// Its packages, in ascending order.
    pub packages: Vec<usize>,
}

/// What a layer brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerContent {
    /// A distro with its packages.
    Base {
        /// The distro.
        distro: usize,
        /// Its packages.
        packages: Vec<usize>,
    },
    /// Packages of a language.
    Dependencies {
        /// The language's kind of packages.
        kind: PackageKind,
        /// They.
        packages: Vec<usize>,
    },
    /// Nothing that a cataloger looks at.
    Nothing,
}

/// A distinct layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetLayer {
    /// Its digest.
    pub digest: Digest,
    /// What it brings.
    pub content: LayerContent,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetImage {
    /// Its digest.
    pub digest: Digest,
    /// Its package set.
    pub set: usize,
    /// Its layers, bottom first.
    pub layers: Vec<usize>,
    /// What its labels call it.
    pub title: String,
    /// When it was built, in microseconds since 1970.
    pub created: i64,
}

/// A tenant's repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetRepository {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name, with the registry.
    pub name: String,
}

/// A tenant's credentials reached an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The repository.
    pub repository: usize,
    /// The image.
    pub image: usize,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The tag that names it for good.
    pub tag: String,
    /// When `latest`, which named it from then on, moved to the next; `None` while it has not.
    pub latest_until: Option<i64>,
}
