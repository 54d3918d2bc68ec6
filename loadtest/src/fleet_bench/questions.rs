//! What is asked of a fleet.

use std::pin::Pin;

use scanyard_advisory::Database;
use scanyard_loadtest::fleet::{Fleet, Random, match_image};
use scanyard_package::{Digest, PackageKind};
use scanyard_store::{FindingBounds, PageRequest, Selection, Store, Subject, TenantId};
use scanyard_version::VersionRange;

/// The first page of images.
const FIRST: PageRequest = PageRequest {
    cursor: None,
    limit: 50,
};

type Asking<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;

/// A question that is asked with other words each time.
pub struct Probe {
    pub name: &'static str,
    pub ask: for<'a> fn(&'a dyn Store, &'a Samples, usize) -> Asking<'a>,
}

/// The first of them is asked during a full rescan too.
pub const PROBES: [Probe; 9] = [
    Probe {
        name: "images with a vulnerability, first page",
        ask: |store, samples, number| Box::pin(images_with(store, samples, number)),
    },
    Probe {
        name: "a vulnerability in numbers",
        ask: |store, samples, number| Box::pin(vulnerability(store, samples, number)),
    },
    Probe {
        name: "an image with its findings",
        ask: |store, samples, number| Box::pin(image(store, samples, number)),
    },
    Probe {
        name: "images with a package in a range, first page",
        ask: |store, samples, number| Box::pin(package_in_range(store, samples, number)),
    },
    Probe {
        name: "the fleet in numbers",
        ask: |store, _, _| Box::pin(summary(store)),
    },
    Probe {
        name: "the worst images, first page",
        ask: |store, _, _| Box::pin(worst(store)),
    },
    Probe {
        name: "images with something known exploited, first page",
        ask: |store, _, _| Box::pin(exploited(store)),
    },
    Probe {
        name: "the commonest vulnerabilities",
        ask: |store, _, _| Box::pin(top(store)),
    },
    Probe {
        name: "the plan of fixes",
        ask: |store, _, _| Box::pin(plan(store)),
    },
];

/// What is asked about: as often as it is in images.
pub struct Samples {
    vulnerabilities: Vec<String>,
    images: Vec<Digest>,
    packages: Vec<(PackageKind, String)>,
}

impl Samples {
    /// Takes so many out of the fleet.
    pub fn take(database: &Database, fleet: &Fleet, count: usize) -> Self {
        let mut random = Random::new(1, 60);
        let mut samples = Self {
            vulnerabilities: Vec::with_capacity(count),
            images: Vec::with_capacity(count),
            packages: Vec::with_capacity(count),
        };
        for _ in 0..count {
            let image = &fleet.images[random.below(fleet.images.len())];
            samples.images.push(image.digest);
            let package = random.pick(&fleet.sets[image.set].packages);
            samples.packages.extend(package.map(|place| {
                let package = &fleet.packages[*place].package;
                (package.kind, package.name.clone())
            }));
            let outcome = match_image(database, fleet, &fleet.sets[image.set]);
            let finding = random.pick(&outcome.findings);
            samples
                .vulnerabilities
                .extend(finding.map(|(_, finding)| finding.id.clone()));
        }
        samples
    }

    fn vulnerability(&self, number: usize) -> &str {
        let count = self.vulnerabilities.len().max(1);
        let found = self.vulnerabilities.get(number % count);
        found.map_or("CVE-2021-44228", String::as_str)
    }
}

async fn images_with(store: &dyn Store, samples: &Samples, number: usize) -> anyhow::Result<()> {
    let subject = Subject::Vulnerability(samples.vulnerability(number).to_owned());
    store
        .holders(TenantId::DEFAULT, &subject, &Selection::default(), &FIRST)
        .await?;
    Ok(())
}

async fn vulnerability(store: &dyn Store, samples: &Samples, number: usize) -> anyhow::Result<()> {
    let id = samples.vulnerability(number);
    store
        .vulnerability(TenantId::DEFAULT, id, &Selection::default())
        .await?;
    Ok(())
}

/// Every version of the package but the first: what a range takes, and no advisory.
async fn package_in_range(
    store: &dyn Store,
    samples: &Samples,
    number: usize,
) -> anyhow::Result<()> {
    let count = samples.packages.len().max(1);
    let Some((kind, name)) = samples.packages.get(number % count) else {
        return Ok(());
    };
    let mut packages = store.packages_named(Some(*kind), name).await?;
    let scheme = kind.scheme();
    if let Some(first) = packages.first().map(|package| package.version.clone())
        && let Ok(range) = format!(">={first}").parse::<VersionRange>()
    {
        packages.retain(|package| {
            scheme.is_some_and(|scheme| range.contains(scheme, &package.version) == Ok(true))
        });
    }
    let subject = Subject::Packages(packages.iter().map(|package| package.id).collect());
    store
        .holders(TenantId::DEFAULT, &subject, &Selection::default(), &FIRST)
        .await?;
    Ok(())
}

async fn summary(store: &dyn Store) -> anyhow::Result<()> {
    store
        .summarize_fleet(TenantId::DEFAULT, &Selection::default())
        .await?;
    Ok(())
}

async fn worst(store: &dyn Store) -> anyhow::Result<()> {
    store
        .worst_images(TenantId::DEFAULT, &Selection::default(), &FIRST)
        .await?;
    Ok(())
}

async fn exploited(store: &dyn Store) -> anyhow::Result<()> {
    let selection = Selection {
        findings: FindingBounds {
            is_known_exploited: true,
            ..FindingBounds::default()
        },
        ..Selection::default()
    };
    store
        .select_images(TenantId::DEFAULT, &selection, &FIRST)
        .await?;
    Ok(())
}

async fn top(store: &dyn Store) -> anyhow::Result<()> {
    store
        .top_vulnerabilities(TenantId::DEFAULT, &Selection::default(), 20)
        .await?;
    Ok(())
}

async fn plan(store: &dyn Store) -> anyhow::Result<()> {
    store
        .fix_plan(TenantId::DEFAULT, &Selection::default(), 10)
        .await?;
    Ok(())
}

async fn image(store: &dyn Store, samples: &Samples, number: usize) -> anyhow::Result<()> {
    let digest = samples.images[number % samples.images.len()];
    let image = store.image(TenantId::DEFAULT, digest).await?;
    if let Some(set) = image.and_then(|image| image.package_set) {
        store.findings_of_set(set).await?;
    }
    Ok(())
}
