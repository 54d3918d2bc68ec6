//! A small fleet as real images in a registry.

use anyhow::{Context, ensure};
use clap::Args;
use scanyard_loadtest::fleet::{Fleet, FleetSettings};
use scanyard_testkit::RealRegistry;

use crate::make_fleet::{AdvisorySource, describe};

/// Images are built one by one and kept by a registry of this process.
const MAX_IMAGES: usize = 2_000;

/// What to push.
#[derive(Debug, Args)]
pub struct FleetImagesArgs {
    #[command(flatten)]
    source: AdvisorySource,
    #[command(flatten)]
    settings: FleetSettings,
}

/// Starts a registry, pushes the fleet, prints a reference for each image and serves them until it
/// is interrupted.
pub fn run(args: &FleetImagesArgs) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(serve(args))
}

async fn serve(args: &FleetImagesArgs) -> anyhow::Result<()> {
    let images = args.settings.images;
    ensure!(images <= MAX_IMAGES, "at most {MAX_IMAGES} real images");
    let registry = RealRegistry::start()
        .await
        .context("docker-registry is not installed")?;
    let settings = FleetSettings {
        registry: registry.address().to_owned(),
        kinds: Fleet::REAL_KINDS.to_vec(),
        ..args.settings.clone()
    };
    let fleet = Fleet::generate(&args.source.open()?, &settings);
    eprintln!("{}", describe(&fleet));
    for sighting in &fleet.sightings {
        let name = &fleet.repositories[sighting.repository].name;
        let (_, repository) = name.split_once('/').context("no registry")?;
        let image = fleet.real_image(&fleet.images[sighting.image]);
        registry.push(repository, &sighting.tag, &image).await;
        println!("{name}:{}", sighting.tag);
    }
    eprintln!("serving them until interrupted");
    Ok(tokio::signal::ctrl_c().await?)
}
