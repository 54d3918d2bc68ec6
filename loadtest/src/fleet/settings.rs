//! How large a fleet is, and what it is made of.

use clap::Args;
use scanyard_package::PackageKind;

/// What fleets look like: 300,000 images are 10,000 repositories, 50,000 package sets, 500,000
/// distinct packages and 300 base images.
const IMAGES_OF_A_REPOSITORY: usize = 30;
const IMAGES_OF_A_SET: usize = 6;
const IMAGES_OF_A_BASE: usize = 1_000;
const PACKAGES_OF_A_SET: usize = 10;

/// The size of a fleet. Equal settings and advisories give equal fleets.
#[derive(Debug, Clone, Args)]
pub struct FleetSettings {
    /// Images.
    #[arg(long, default_value_t = 300_000)]
    pub images: usize,
    /// Repositories. By default one for thirty images.
    #[arg(long)]
    pub repositories: Option<usize>,
    /// Base images. By default one for a thousand images, at least six.
    #[arg(long)]
    pub bases: Option<usize>,
    /// Distinct package sets. By default one for six images.
    #[arg(long)]
    pub sets: Option<usize>,
    /// Distinct packages to aim at. By default ten for each package set.
    #[arg(long)]
    pub packages: Option<usize>,
    /// Packages of an image, in the middle.
    #[arg(long, default_value_t = 200)]
    pub packages_per_image: usize,
    /// Share of the packages of languages whose names occur in advisories.
    #[arg(long, default_value_t = 0.3)]
    pub advised: f64,
    /// Tenants, who share the base images.
    #[arg(long, default_value_t = 1)]
    pub tenants: usize,
    /// The registry that the repositories are in.
    #[arg(long, default_value = "registry.example")]
    pub registry: String,
    /// What everything follows from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Only packages of these kinds, by purl type, separated by commas. All by default.
    #[arg(long, value_delimiter = ',', value_parser = parse_kind)]
    pub kinds: Vec<PackageKind>,
}

fn parse_kind(text: &str) -> Result<PackageKind, String> {
    PackageKind::from_purl_type(text).ok_or_else(|| "not a purl type".to_owned())
}

impl FleetSettings {
    /// A fleet of this many images, of usual proportions.
    pub fn of_images(images: usize) -> Self {
        Self {
            images,
            repositories: None,
            bases: None,
            sets: None,
            packages: None,
            packages_per_image: 200,
            advised: 0.3,
            tenants: 1,
            registry: "registry.example".to_owned(),
            seed: 1,
            kinds: Vec::new(),
        }
    }

    pub(super) fn bases(&self) -> usize {
        let usual = (self.images / IMAGES_OF_A_BASE).max(6);
        self.bases.unwrap_or(usual).clamp(1, self.images.max(1))
    }

    /// Images that are not base images.
    pub(super) fn applications(&self) -> usize {
        self.images.saturating_sub(self.bases())
    }

    pub(super) fn repositories(&self) -> usize {
        let usual = self.images / IMAGES_OF_A_REPOSITORY;
        self.repositories.unwrap_or(usual).max(1)
    }

    pub(super) fn sets(&self) -> usize {
        self.sets.unwrap_or(self.images / IMAGES_OF_A_SET).max(1)
    }

    pub(super) fn packages(&self) -> usize {
        self.packages.unwrap_or(self.sets() * PACKAGES_OF_A_SET)
    }

    pub(super) fn has_kind(&self, kind: PackageKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}
