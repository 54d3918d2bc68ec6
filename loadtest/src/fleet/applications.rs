//! Applications: repositories whose images are built on a base again and again, with dependencies
//! that change now and then.

use scanyard_package::PackageKind;

use super::FleetSettings;
use super::bases::{Base, Chosen, share};
use super::random::Random;
use super::supply::{Language, Supply, own_product};

/// Share of the dependencies that a step upgrades, and that it replaces.
const UPGRADED: f64 = 0.06;
const REPLACED: f64 = 0.02;
/// Share of the steps that move to the next build of the base.
const REBASED: f64 = 0.4;

/// What images of an application hold between two changes of its dependencies.
#[derive(Debug)]
pub(super) struct Step {
    /// The place of the base image.
    pub(super) base: usize,
    /// What the application adds.
    pub(super) packages: Chosen,
}

/// A repository of images of an application.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) kind: PackageKind,
    pub(super) steps: Vec<Step>,
    pub(super) images: usize,
}

/// How images and package sets are spread over the repositories: a few have very many.
fn spread(total: usize, weights: &[f64]) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let (mut before, mut passed) = (0, 0.0);
    let parts = weights.iter().map(|weight| {
        passed += weight;
        let until = (total as f64 * passed / sum).round() as usize;
        let part = until - before;
        before = until;
        part
    });
    parts.collect()
}

/// The applications. Their own packages are added to the supply.
pub(super) fn applications(
    supply: &mut Supply,
    bases: &[Base],
    settings: &FleetSettings,
) -> Vec<Application> {
    let mut random = Random::new(settings.seed, 2);
    let weights: Vec<f64> = (0..settings.repositories())
        .map(|_| 0.25 + 3.0 * random.unit().powi(3))
        .collect();
    let images = spread(settings.applications(), &weights);
    let steps = spread(settings.sets().saturating_sub(bases.len()), &weights);
    let mut applications = Vec::with_capacity(images.len());
    for (number, (images, steps)) in images.into_iter().zip(steps).enumerate() {
        if images > 0 {
            let steps = steps.clamp(1, images);
            let random = Random::new(settings.seed, 10_000 + number as u64);
            let maker = Maker::new(supply, bases, settings, random);
            applications.push(maker.application(number, images, steps));
        }
    }
    applications
}

struct Maker<'a> {
    supply: &'a mut Supply,
    bases: &'a [Base],
    settings: &'a FleetSettings,
    random: Random,
    language: Option<usize>,
}

impl<'a> Maker<'a> {
    fn new(
        supply: &'a mut Supply,
        bases: &'a [Base],
        settings: &'a FleetSettings,
        mut random: Random,
    ) -> Self {
        let language = pick_language(&supply.languages, &mut random);
        Self {
            supply,
            bases,
            settings,
            random,
            language,
        }
    }

    fn application(mut self, number: usize, images: usize, steps: usize) -> Application {
        let kind = self.language.map_or(PackageKind::Generic, |language| {
            self.supply.languages[language].kind
        });
        // The line is popular or not, but an application that begins is on any of its builds.
        let mut base = self.random.skewed(self.bases.len());
        let mut packages = self.first_packages(base);
        let own = own_product(kind, &format!("app-{number}"), steps);
        let own = self.supply.add(own);
        let mut made = Vec::with_capacity(steps);
        for step in 0..steps {
            if step > 0 {
                base = self.next_base(base);
                packages = self.next_packages(packages);
            }
            if self.language.is_some() {
                packages.insert(own, step);
            }
            made.push(Step {
                base,
                packages: packages.clone(),
            });
        }
        Application {
            kind,
            steps: made,
            images,
        }
    }

    fn first_packages(&mut self, base: usize) -> Chosen {
        let in_base = self.bases[base].packages.keys().next();
        let share = in_base.map_or(0.5, |product| share(self.supply.products[*product].kind));
        let usual = self.settings.packages_per_image as f64 * (1.0 - share);
        let wanted = (usual * (0.5 + self.random.unit())) as usize;
        let mut packages = Chosen::new();
        for _ in 0..wanted {
            if let Some((product, version)) = self.dependency() {
                packages.entry(product).or_insert(version);
            }
        }
        packages
    }

    fn next_base(&mut self, base: usize) -> usize {
        let next = base + 1;
        let has_next = (self.bases.get(next)).is_some_and(|b| b.line == self.bases[base].line);
        match has_next && self.random.chance(REBASED) {
            true => next,
            false => base,
        }
    }

    fn next_packages(&mut self, before: Chosen) -> Chosen {
        let mut packages = Chosen::new();
        for (product, version) in before {
            if self.random.chance(REPLACED) {
                packages.extend(self.dependency());
                continue;
            }
            let last = self.supply.products[product].versions.len() - 1;
            let step = usize::from(self.random.chance(UPGRADED));
            packages.insert(product, (version + step).min(last));
        }
        packages
    }

    /// A package of the language at some version: popular names far more often, later versions
    /// too.
    fn dependency(&mut self) -> Option<(usize, usize)> {
        let names = &self.supply.languages.get(self.language?)?.names;
        let wants_advised = self.random.chance(self.settings.advised);
        let places = match wants_advised && !names.advised.is_empty() {
            true => &names.advised,
            false => &names.quiet,
        };
        let product = *places.get(self.random.skewed(places.len()))?;
        let versions = self.supply.products[product].versions.len();
        let version = versions - 1 - self.random.skewed(versions);
        Some((product, version))
    }
}

fn pick_language(languages: &[Language], random: &mut Random) -> Option<usize> {
    let sum: f64 = languages.iter().map(|language| language.share).sum();
    let mut place = random.unit() * sum;
    languages.iter().position(|language| {
        place -= language.share;
        place < 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spread_adds_up() {
        let parts = spread(100, &[0.5, 3.0, 0.01, 1.0]);
        assert_eq!(parts.iter().sum::<usize>(), 100);
        assert!(parts[1] > parts[3] && parts[3] > parts[0]);
    }
}
