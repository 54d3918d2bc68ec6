//! Times the cataloging of an image's layers, or prints what was found.
//!
//! `catalog_image SOURCE catalog|purls [LAYERS AT ONCE]`; `purls` also of `rootfs:DIR`.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use scanyard_inventory::{CatalogerSet, FoldedLayer, catalog_rootfs, fold};
use scanyard_oci::{ImageSource, Layer, PlatformSelect, RegistryOptions, Source};
use scanyard_package::{Digest, Limits};
use scanyard_worker::{CatalogedLayer, LayerBudget, LayerProgress, catalog_layers};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "catalog_image SOURCE catalog|purls [LAYERS AT ONCE]";
    let source: Source = arguments.next().ok_or(usage)?.parse()?;
    let mode = arguments.next().ok_or(usage)?;
    let at_once: NonZeroUsize = arguments.next().as_deref().unwrap_or("2").parse()?;
    let limits = Limits::default();
    if let Source::Rootfs { dir } = &source {
        let inventory = catalog_rootfs(dir, CatalogerSet::STANDARD, &limits)?;
        let digest = Digest::from_bytes([0; 32]);
        print(&[FoldedLayer {
            digest,
            inventory: &inventory,
        }]);
        return Ok(());
    }
    let source = ImageSource::open(&source, &RegistryOptions::default(), &limits).await?;
    let images = source.images(&PlatformSelect::All).await?;
    let start = Instant::now();
    let mut files = 0;
    for image in &images {
        let layers = catalog(&source, &image.layers, &limits, at_once).await?;
        files += layers.len();
        if mode == "purls" {
            print(&folded(&image.layers, &layers));
        }
    }
    if mode == "purls" {
        return Ok(());
    }
    let seconds = start.elapsed().as_secs_f64();
    let peak = std::fs::read_to_string("/proc/self/status")?
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")
                .map(|value| value.trim().to_owned())
        })
        .unwrap_or_default();
    println!("{mode}\t{seconds:.3} s\t{peak}\t{files}");
    Ok(())
}

async fn catalog(
    source: &ImageSource,
    layers: &[Layer],
    limits: &Limits,
    at_once: NonZeroUsize,
) -> Result<HashMap<Digest, CatalogedLayer>> {
    let budget = LayerBudget::new(at_once);
    let watch = |_: &Layer| Arc::new(LayerProgress::default());
    Ok(catalog_layers(
        source,
        layers,
        CatalogerSet::STANDARD,
        limits,
        &budget,
        watch,
    )
    .await?)
}

fn folded<'a>(
    layers: &[Layer],
    cataloged: &'a HashMap<Digest, CatalogedLayer>,
) -> Vec<FoldedLayer<'a>> {
    let layers = layers.iter().map(|layer| FoldedLayer {
        digest: layer.digest,
        inventory: &cataloged[&layer.digest].inventory,
    });
    layers.collect()
}

fn print(layers: &[FoldedLayer<'_>]) {
    let start = Instant::now();
    let image = fold(layers);
    eprintln!("folded in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    for located in &image.packages {
        println!(
            "{}\t{}\t{}",
            image.purl(located),
            located.layer,
            located.paths.join(" ")
        );
    }
    for gap in &image.coverage {
        println!("{}\t{}\t{}", gap.kind, gap.subject, gap.detail);
    }
}
