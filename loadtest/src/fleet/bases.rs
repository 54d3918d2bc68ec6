//! Base images: lines of builds of a distro's release, in which packages are upgraded.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;

use super::FleetSettings;
use super::random::Random;
use super::supply::{Names, Supply};

/// Builds of a line of base images.
const BUILDS: usize = 6;
/// Share of the packages that a build upgrades.
const UPGRADED: f64 = 0.2;

/// A product at a version, by places.
pub(super) type Chosen = BTreeMap<usize, usize>;

/// A base image.
#[derive(Debug)]
pub(super) struct Base {
    /// Its line, which is its repository.
    pub(super) line: usize,
    /// Its place among the builds of the line.
    pub(super) build: usize,
    pub(super) distro: usize,
    pub(super) packages: Chosen,
}

/// The base images, line by line, builds in their order.
pub(super) fn bases(supply: &Supply, settings: &FleetSettings) -> Vec<Base> {
    let mut bases = Vec::new();
    let count = settings.bases();
    for line in 0..count.div_ceil(BUILDS) {
        let mut random = Random::new(settings.seed, 1_000 + line as u64);
        let Some(release) = supply.releases.get(line % supply.releases.len().max(1)) else {
            break;
        };
        let wanted = settings.packages_per_image as f64 * share(release.kind);
        let mut packages = pick_packages(supply, &release.names, wanted as usize, &mut random);
        for build in 0..BUILDS.min(count - line * BUILDS) {
            if build > 0 {
                upgrade(supply, &mut packages, &mut random);
            }
            bases.push(Base {
                line,
                build,
                distro: release.distro,
                packages: packages.clone(),
            });
        }
    }
    bases
}

/// The part of an image's packages that is its base's.
pub(super) fn share(kind: PackageKind) -> f64 {
    match kind {
        PackageKind::Apk => 0.2,
        PackageKind::Rpm => 0.6,
        _ => 0.5,
    }
}

/// Half of them of names in advisories, as far as there are so many.
fn pick_packages(supply: &Supply, names: &Names, wanted: usize, random: &mut Random) -> Chosen {
    let mut chosen = Chosen::new();
    for (places, wanted) in [
        (&names.advised, wanted / 2),
        (&names.quiet, wanted - wanted / 2),
    ] {
        let wanted = chosen.len() + wanted.min(places.len());
        let mut tries = 0;
        while chosen.len() < wanted && tries < 20 * wanted {
            tries += 1;
            if let Some(product) = random.pick(places) {
                // A base begins with what is current at that time, which is in the later half.
                let versions = supply.products[*product].versions.len();
                let version = versions / 2 + random.below(versions.div_ceil(2));
                chosen.entry(*product).or_insert(version.min(versions - 1));
            }
        }
    }
    chosen
}

fn upgrade(supply: &Supply, packages: &mut Chosen, random: &mut Random) {
    for (product, version) in packages {
        let last = supply.products[*product].versions.len() - 1;
        if random.chance(UPGRADED) {
            *version = (*version + 1).min(last);
        }
    }
}
