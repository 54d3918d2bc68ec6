//! A fleet out of its base images and applications.

use std::collections::HashMap;

use scanyard_advisory::Database;
use scanyard_inventory::package_set_digest;
use scanyard_package::{Digest, Package, PackageKind, SourcePackage};
use scanyard_store::TenantId;
use scanyard_testkit::sha256;
use uuid::Uuid;

use super::applications::{Application, Step, applications};
use super::bases::{Base, Chosen, bases};
use super::supply::{Product, Supply};
use super::{
    Fleet, FleetImage, FleetLayer, FleetPackage, FleetRepository, FleetSet, FleetSettings,
    LayerContent, Sighting,
};

/// When the last image was built: 2025-12-01.
const END: i64 = 1_764_547_200_000_000;
/// The fleet was built in 180 days.
const SPAN: i64 = 180 * 86_400_000_000;

impl Fleet {
    /// The fleet of these settings, of packages that the advisories speak of and others.
    pub fn generate(database: &Database, settings: &FleetSettings) -> Self {
        let mut supply = Supply::read(database, settings);
        let bases = bases(&supply, settings);
        let applications = applications(&mut supply, &bases, settings);
        let mut assembly = Assembly::new(supply, settings);
        assembly.number_packages(&bases, &applications);
        assembly.add_bases(&bases);
        for (number, application) in applications.iter().enumerate() {
            assembly.add_application(number, application, &bases);
        }
        assembly.fleet
    }
}

struct Assembly<'a> {
    settings: &'a FleetSettings,
    supply: Supply,
    fleet: Fleet,
    /// The place of each product's first version among all versions of all products.
    first_versions: Vec<usize>,
    /// The package of each of those, if it is in an image.
    packages: Vec<usize>,
    sets: HashMap<Digest, usize>,
    base_layers: Vec<[usize; 2]>,
}

impl<'a> Assembly<'a> {
    fn new(mut supply: Supply, settings: &'a FleetSettings) -> Self {
        let mut versions = 0;
        let first_versions = supply.products.iter().map(|product| {
            let first = versions;
            versions += product.versions.len();
            first
        });
        let first_versions = first_versions.collect();
        let fleet = Fleet {
            distros: std::mem::take(&mut supply.distros),
            ..Fleet::default()
        };
        Self {
            settings,
            supply,
            fleet,
            first_versions,
            packages: vec![usize::MAX; versions],
            sets: HashMap::new(),
            base_layers: Vec::new(),
        }
    }

    /// Gives every package that is in an image its place, in the order of purls.
    fn number_packages(&mut self, bases: &[Base], applications: &[Application]) {
        let chosen_by_bases = bases.iter().map(|base| &base.packages);
        let steps = applications.iter().flat_map(|app| &app.steps);
        let mut used: Vec<(usize, usize)> = Vec::new();
        for chosen in chosen_by_bases.chain(steps.map(|step| &step.packages)) {
            for (product, version) in chosen {
                let place = &mut self.packages[self.first_versions[*product] + version];
                if *place == usize::MAX {
                    *place = 0;
                    used.push((*product, *version));
                }
            }
        }
        let mut packages: Vec<_> = used
            .into_iter()
            .map(|(product, version)| {
                let package = self.package(&self.supply.products[product], version);
                (package, product, version)
            })
            .collect();
        packages.sort_unstable_by(|(a, ..), (b, ..)| a.purl.cmp(&b.purl));
        for (package, product, version) in packages {
            if (self.fleet.packages.last()).is_none_or(|last| last.purl != package.purl) {
                self.fleet.packages.push(package);
            }
            let place = self.first_versions[product] + version;
            self.packages[place] = self.fleet.packages.len() - 1;
        }
    }

    fn package(&self, product: &Product, version: usize) -> FleetPackage {
        let version = product.versions[version].clone();
        let source = product.source.clone().map(|name| SourcePackage {
            name,
            version: version.clone(),
        });
        let package = Package {
            kind: product.kind,
            name: product.name.clone(),
            version,
            arch: product.arch.map(str::to_owned),
            source,
            module: None,
        };
        let distro = product.distro.map(|distro| &self.fleet.distros[distro]);
        FleetPackage {
            purl: package.purl(distro),
            package,
            distro: product.distro,
        }
    }

    fn places(&self, chosen: &Chosen) -> Vec<usize> {
        let places = chosen
            .iter()
            .map(|(product, version)| self.packages[self.first_versions[*product] + version]);
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn add_set(&mut self, distro: usize, packages: Vec<usize>) -> usize {
        let purls = packages
            .iter()
            .map(|place| self.fleet.packages[*place].purl.as_str());
        let digest = package_set_digest(self.fleet.distros.get(distro), purls);
        *self.sets.entry(digest).or_insert_with(|| {
            self.fleet.sets.push(FleetSet {
                digest,
                distro,
                packages,
            });
            self.fleet.sets.len() - 1
        })
    }

    fn add_layer(&mut self, content: LayerContent) -> usize {
        let number = self.fleet.layers.len();
        self.fleet.layers.push(FleetLayer {
            digest: self.digest("layer", number),
            content,
        });
        number
    }

    fn digest(&self, what: &str, number: usize) -> Digest {
        sha256(format!("{what} {number} of fleet {}", self.settings.seed).as_bytes())
    }

    fn add_repository(&mut self, tenant: usize, name: &str) -> usize {
        self.fleet.repositories.push(FleetRepository {
            tenant: tenant_id(tenant),
            name: format!("{}/{name}", self.settings.registry),
        });
        self.fleet.repositories.len() - 1
    }

    /// Base images: every tenant has reached them.
    fn add_bases(&mut self, bases: &[Base]) {
        let mut repositories = Vec::new();
        for (number, base) in bases.iter().enumerate() {
            if base.build == 0 {
                let id = self.fleet.distros[base.distro].id.clone();
                let name = format!("base/{id}-{}", base.line);
                repositories = (0..self.settings.tenants.max(1))
                    .map(|tenant| self.add_repository(tenant, &name))
                    .collect();
            }
            let packages = self.places(&base.packages);
            let content = LayerContent::Base {
                distro: base.distro,
                packages: packages.clone(),
            };
            let layers = [
                self.add_layer(content),
                self.add_layer(LayerContent::Nothing),
            ];
            self.base_layers.push(layers);
            let is_next_of = |next: &&Base| next.line == base.line;
            let next = bases.get(number + 1).filter(is_next_of);
            let set = self.add_set(base.distro, packages);
            let image = self.add_image(set, layers.to_vec(), "base", time_of_build(base));
            for repository in &repositories {
                self.fleet.sightings.push(Sighting {
                    repository: *repository,
                    image,
                    at: time_of_build(base),
                    tag: format!("build-{}", base.build),
                    latest_until: next.map(time_of_build),
                });
            }
        }
    }

    fn add_image(&mut self, set: usize, layers: Vec<usize>, title: &str, created: i64) -> usize {
        let number = self.fleet.images.len();
        self.fleet.images.push(FleetImage {
            digest: self.digest("image", number),
            set,
            layers,
            title: title.to_owned(),
            created,
        });
        number
    }

    fn add_application(&mut self, number: usize, application: &Application, bases: &[Base]) {
        let name = format!("team-{}/app-{number}", number % 40);
        let repository = self.add_repository(number % self.settings.tenants.max(1), &name);
        let steps: Vec<(usize, usize)> = (application.steps.iter())
            .map(|step| self.add_step(application.kind, step, bases))
            .collect();
        let count = application.images;
        // Repositories are pushed to at different times of a day.
        let offset = (number as i64 * 7_919 % 86_400) * 1_000_000;
        let time = |image: usize| END - SPAN + offset + SPAN * image as i64 / count as i64;
        for image in 0..count {
            let step = image * steps.len() / count;
            let (set, layer) = steps[step];
            let base = application.steps[step].base;
            let mut layers = self.base_layers[base].to_vec();
            layers.push(layer);
            layers.push(self.add_layer(LayerContent::Nothing));
            let place = self.add_image(set, layers, &name, time(image));
            self.fleet.sightings.push(Sighting {
                repository,
                image: place,
                at: time(image),
                tag: format!("1.{step}.{image}"),
                latest_until: (image + 1 < count).then(|| time(image + 1)),
            });
        }
    }

    /// The package set of a step and the layer of its dependencies.
    fn add_step(&mut self, kind: PackageKind, step: &Step, bases: &[Base]) -> (usize, usize) {
        let base = &bases[step.base];
        let own = self.places(&step.packages);
        let mut packages = self.places(&base.packages);
        packages.extend(&own);
        packages.sort_unstable();
        let set = self.add_set(base.distro, packages);
        let content = match own.is_empty() {
            true => LayerContent::Nothing,
            false => LayerContent::Dependencies {
                kind,
                packages: own,
            },
        };
        (set, self.add_layer(content))
    }
}

/// Bases are built before the images on them.
fn time_of_build(base: &Base) -> i64 {
    END - 2 * SPAN + base.build as i64 * SPAN / 8
}

/// The first tenant is that of an installation that has only one.
fn tenant_id(number: usize) -> TenantId {
    match number {
        0 => TenantId::DEFAULT,
        number => TenantId(Uuid::from_u128(number as u128)),
    }
}
