//! The short cut is checked against the real path: the same fleet as images in a registry, pulled,
//! cataloged, folded and matched, says the same.

use scanyard_assessment::Before;
use scanyard_loadtest::fleet::{Fleet, FleetSettings, activate, process};
use scanyard_store::TenantId;
use scanyard_testkit::{FakeRegistry, RealRegistry};

use crate::records::Records;
use crate::service::Service;
use crate::stores::{World, worlds};

const IMAGES: usize = 60;

/// The reference implementation of a registry, or our own where it is not installed.
enum Registry {
    Real(RealRegistry),
    Fake(FakeRegistry),
}

impl Registry {
    async fn start() -> Self {
        match RealRegistry::start().await {
            Some(registry) => Self::Real(registry),
            None => Self::Fake(FakeRegistry::start().await),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Real(registry) => registry.address().to_owned(),
            Self::Fake(registry) => registry.address(),
        }
    }

    /// Uploads the images, each under its tag.
    async fn push(&self, fleet: &Fleet) {
        for sighting in &fleet.sightings {
            let name = &fleet.repositories[sighting.repository].name;
            let (_, name) = name.split_once('/').unwrap();
            let image = fleet.real_image(&fleet.images[sighting.image]);
            match self {
                Self::Real(registry) => registry.push(name, &sighting.tag, &image).await,
                Self::Fake(registry) => registry.push(name, &sighting.tag, &image),
            }
        }
    }
}

async fn compare(direct: &World, service: &Service, fleet: &Fleet) {
    for sighting in &fleet.sightings {
        let image = &fleet.images[sighting.image];
        let real = fleet.real_image(image).digest();
        let tenant = TenantId::DEFAULT;
        let found = direct.store.image(tenant, image.digest).await.unwrap();
        let scanned = service.store.image(tenant, real).await.unwrap();
        let (found, scanned) = (found.unwrap(), scanned.unwrap());
        let title = &image.title;
        assert_eq!(found.package_set, scanned.package_set, "{title}");
        assert_eq!(found.summary.distro, scanned.summary.distro, "{title}");
        assert_eq!(found.summary.counts, scanned.summary.counts, "{title}");
        let set = found.package_set.unwrap();
        let findings = direct.store.findings_of_set(set).await.unwrap();
        let others = service.store.findings_of_set(set).await.unwrap();
        assert_eq!(findings, others, "{title}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_images_have_the_findings_of_the_fleet_that_is_written_directly() {
    let registry = Registry::start().await;
    let directory = tempfile::tempdir().unwrap();
    let advisories = Records::new(5).compile(directory.path());
    let settings = FleetSettings {
        kinds: Fleet::REAL_KINDS.to_vec(),
        registry: registry.address(),
        packages_per_image: 40,
        bases: Some(12),
        advised: 0.8,
        ..FleetSettings::of_images(IMAGES)
    };
    let fleet = Fleet::generate(&advisories, &settings);
    let direct = worlds().await.remove(0);
    direct.write(&fleet).await;

    registry.push(&fleet).await;
    let service = Service::start().await;
    let mut scans = Vec::new();
    for sighting in &fleet.sightings {
        let name = &fleet.repositories[sighting.repository].name;
        scans.push(service.submit(format!("{name}:{}", sighting.tag)).await);
    }
    for scan in scans {
        service.done(scan).await;
    }

    for store in [&direct.store, &service.store] {
        let active = activate(&**store, advisories.clone()).await.unwrap();
        let processed = process(&**store, active, Before::Unknown).await.unwrap();
        assert!(processed.packages > 0);
    }
    compare(&direct, &service, &fleet).await;
}
