//! What is asked of a fleet.

use std::pin::Pin;

use scanyard_advisory::Database;
use scanyard_loadtest::fleet::{Fleet, Random, match_image};
use scanyard_package::Digest;
use scanyard_store::{PageRequest, Store, TenantId};

/// Images of a page.
const PAGE: u32 = 50;

type Asking<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;

/// A question that is asked with other words each time.
pub struct Probe {
    pub name: &'static str,
    pub ask: for<'a> fn(&'a dyn Store, &'a Samples, usize) -> Asking<'a>,
}

/// The first of them is asked during a full rescan too.
pub const PROBES: [Probe; 3] = [
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
];

/// What is asked about: as often as it is in images.
pub struct Samples {
    vulnerabilities: Vec<String>,
    images: Vec<Digest>,
}

impl Samples {
    /// Takes so many out of the fleet.
    pub fn take(database: &Database, fleet: &Fleet, count: usize) -> Self {
        let mut random = Random::new(1, 60);
        let mut samples = Self {
            vulnerabilities: Vec::with_capacity(count),
            images: Vec::with_capacity(count),
        };
        for _ in 0..count {
            let image = &fleet.images[random.below(fleet.images.len())];
            samples.images.push(image.digest);
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
    let page = PageRequest {
        cursor: None,
        limit: PAGE,
    };
    let id = samples.vulnerability(number);
    store.affected_images(TenantId::DEFAULT, id, &page).await?;
    Ok(())
}

async fn vulnerability(store: &dyn Store, samples: &Samples, number: usize) -> anyhow::Result<()> {
    let id = samples.vulnerability(number);
    store.vulnerability(TenantId::DEFAULT, id).await?;
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
