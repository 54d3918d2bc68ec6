//! From a source to what is in it, in this process: resolve, catalog what is not cached, fold.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use scanyard_hygiene::{ConfigFindings, examine_config, showable_labels};
use scanyard_inventory::{
    CatalogerSet, FoldedLayer, ImageInventory, LayerInventory, Unknown, catalog_rootfs,
    catalog_sbom, fold,
};
use scanyard_oci::{Image, ImageSource, Layer, OciError, PlatformSelect, RegistryOptions, Source};
use scanyard_package::{CoverageKind, Digest, Limits};
use scanyard_report::{ImageFacts, LayerFacts};
use scanyard_timing::{Stage, Timings};
use scanyard_worker::{CatalogedLayer, LayerBudget, LayerError, LayerProgress, catalog_layers};

use crate::cache::{Cache, CachedLayer};
use crate::exit::Failure;
use crate::progress::ScanProgress;

/// What a source holds.
pub struct Scanned {
    /// The image; `None` for a root file system.
    pub image: Option<ImageFacts>,
    /// What is in it.
    pub inventory: ImageInventory,
    /// What its config gives away; nothing for what has no config.
    pub config: ConfigFindings,
    /// What it took.
    pub timings: Timings,
}

/// How to scan.
pub struct ScanOptions {
    /// Which image of several.
    pub platforms: PlatformSelect,
    /// How to talk to a registry.
    pub registry: RegistryOptions,
    /// Where inventories are remembered.
    pub cache: Cache,
    /// What to look for.
    pub set: CatalogerSet,
}

#[derive(Clone)]
struct ScannedLayer {
    digest: Digest,
    diff_id: Option<Digest>,
    inventory: Arc<LayerInventory>,
}

/// Scans a source.
pub async fn scan(source: &Source, options: &ScanOptions) -> anyhow::Result<Scanned> {
    let limits = Limits::default();
    if let Source::Rootfs { dir } = source {
        return scan_rootfs(dir, options.set, &limits);
    }
    if let Source::Sbom { file } = source {
        return scan_sbom(file);
    }
    let mut timings = Timings::default();
    let resolving = Box::pin(resolve(source, options, &limits));
    let (opened, image) = timings.awaited(Stage::Resolve, resolving).await?;
    let layers = catalog(&opened, &image.layers, options, &limits, &mut timings).await?;
    let folded: Vec<_> = layers
        .iter()
        .map(|layer| FoldedLayer {
            digest: layer.digest,
            inventory: &layer.inventory,
        })
        .collect();
    let inventory = timings.measured(Stage::Fold, || fold(&folded));
    Ok(Scanned {
        image: Some(facts(&image, &layers)),
        inventory,
        config: examine_config(&image.config),
        timings,
    })
}

async fn resolve(
    source: &Source,
    options: &ScanOptions,
    limits: &Limits,
) -> anyhow::Result<(ImageSource, Image)> {
    let opened = ImageSource::open(source, &options.registry, limits)
        .await
        .map_err(explain)?;
    let images = opened.images(&options.platforms).await.map_err(explain)?;
    let image = images
        .into_iter()
        .next()
        .context("the source holds no image")?;
    Ok((opened, image))
}

fn scan_rootfs(dir: &Path, set: CatalogerSet, limits: &Limits) -> anyhow::Result<Scanned> {
    let mut timings = Timings::default();
    let cataloged = timings.measured(Stage::Walk, || catalog_rootfs(dir, set, limits));
    let inventory = cataloged.map_err(|error| {
        Failure::new(
            format!("cannot read {}: {}", dir.display(), error.io()),
            "check the path and its permissions",
        )
    })?;
    let layer = FoldedLayer {
        digest: Digest::from_bytes([0; 32]),
        inventory: &inventory,
    };
    Ok(Scanned {
        image: None,
        inventory: timings.measured(Stage::Fold, || fold(&[layer])),
        config: ConfigFindings::default(),
        timings,
    })
}

/// The largest bill of materials that is read.
const MAX_SBOM: u64 = 256 << 20;

/// The bytes of a bill of materials.
pub fn read_sbom(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = file.display();
    let read = File::open(file).and_then(|file| {
        let mut content = Vec::new();
        file.take(MAX_SBOM + 1).read_to_end(&mut content)?;
        Ok(content)
    });
    let content = read.map_err(|error| {
        Failure::new(
            format!("cannot read {shown}: {error}"),
            "check the path and its permissions",
        )
    })?;
    if content.len() as u64 > MAX_SBOM {
        return Err(Failure::new(
            format!("{shown} is larger than {} MiB", MAX_SBOM >> 20),
            "split it, or scan the image itself",
        )
        .into());
    }
    Ok(content)
}

fn scan_sbom(file: &Path) -> anyhow::Result<Scanned> {
    let inventory = catalog_sbom(&read_sbom(file)?)
        .map_err(|error| Failure::new(format!("{}: {error}", file.display()), error.remedy()))?;
    let layer = FoldedLayer {
        digest: Digest::from_bytes([0; 32]),
        inventory: &LayerInventory::of_sbom(inventory),
    };
    let mut timings = Timings::default();
    Ok(Scanned {
        image: None,
        inventory: timings.measured(Stage::Fold, || fold(&[layer])),
        config: ConfigFindings::default(),
        timings,
    })
}

/// Layers in the image's order: from the cache where they are known, else cataloged side by side.
async fn catalog(
    source: &ImageSource,
    layers: &[Layer],
    options: &ScanOptions,
    limits: &Limits,
    timings: &mut Timings,
) -> anyhow::Result<Vec<ScannedLayer>> {
    let cache = &options.cache;
    let mut known = timings.measured(Stage::Cache, || known_layers(cache, layers));
    let missing: Vec<_> = layers
        .iter()
        .filter(|layer| !known.contains_key(&layer.digest))
        .cloned()
        .collect();
    let watches: HashMap<Digest, Arc<LayerProgress>> = missing
        .iter()
        .map(|layer| (layer.digest, Arc::default()))
        .collect();
    let progress = ScanProgress::start(&missing, &watches);
    let budget = LayerBudget::of_this_machine();
    let watch = |layer: &Layer| watches.get(&layer.digest).cloned().unwrap_or_default();
    let cataloged = catalog_layers(source, &missing, options.set, limits, &budget, watch).await;
    progress.finish();
    for (digest, layer) in cataloged.map_err(|error| explain_layer(&error))? {
        timings.merge(&layer.timings);
        let kept = timings.measured(Stage::Cache, || save(cache, digest, layer));
        known.insert(digest, kept);
    }
    if !missing.is_empty() {
        timings.measured(Stage::Cache, || cache.keep_within_bounds());
    }
    let layer_of = |layer: &Layer| known.get(&layer.digest).cloned();
    layers
        .iter()
        .map(|layer| layer_of(layer).context("a layer was not cataloged"))
        .collect()
}

/// What need not be read: what the cache has, and what nobody may read.
fn known_layers(cache: &Cache, layers: &[Layer]) -> HashMap<Digest, ScannedLayer> {
    let mut known = HashMap::new();
    for layer in layers {
        if layer.is_foreign() {
            known.insert(layer.digest, foreign(layer));
        } else if let Some(cached) = load(cache, layer) {
            known.insert(layer.digest, cached);
        }
    }
    known
}

fn save(cache: &Cache, digest: Digest, layer: CatalogedLayer) -> ScannedLayer {
    let diff_id = layer.verified.diff_id;
    let entry = CachedLayer {
        diff_id,
        inventory: layer.inventory.encode(),
    };
    cache.save(&digest, &entry);
    ScannedLayer {
        digest,
        diff_id: Some(diff_id),
        inventory: Arc::new(layer.inventory),
    }
}

fn load(cache: &Cache, layer: &Layer) -> Option<ScannedLayer> {
    let entry = cache.load(&layer.digest)?;
    Some(ScannedLayer {
        digest: layer.digest,
        diff_id: Some(entry.diff_id),
        inventory: Arc::new(LayerInventory::decode(&entry.inventory).ok()?),
    })
}

/// A layer whose bytes no registry has to hold: nothing of it is assessed, and that is said.
fn foreign(layer: &Layer) -> ScannedLayer {
    let unknown = Unknown {
        kind: CoverageKind::ForeignLayer,
        detail: format!(
            "the layer is {}, which registries do not hold",
            layer.media_type
        ),
    };
    ScannedLayer {
        digest: layer.digest,
        diff_id: None,
        inventory: Arc::new(LayerInventory {
            unknowns: vec![unknown],
            ..LayerInventory::default()
        }),
    }
}

fn facts(image: &Image, layers: &[ScannedLayer]) -> ImageFacts {
    let layers = image
        .layers
        .iter()
        .zip(layers)
        .map(|(layer, cataloged)| LayerFacts {
            digest: layer.digest,
            diff_id: cataloged.diff_id,
            size: layer.size,
            media_type: layer.media_type.clone(),
        })
        .collect();
    ImageFacts {
        digest: image.manifest_digest,
        config_digest: image.config_digest,
        platform: image.platform.to_string(),
        created: image.config.created.clone(),
        user: Some(image.config.user.clone()),
        labels: showable_labels(&image.config),
        layers,
    }
}

/// The error and its causes on one line, with its remedy.
fn explain(error: OciError) -> anyhow::Error {
    let remedy = error.remedy();
    Failure::of(&error, remedy).into()
}

fn explain_layer(error: &LayerError) -> anyhow::Error {
    let remedy = match error {
        LayerError::Oci(error) => error.remedy(),
        LayerError::Cancelled => String::new(),
    };
    Failure::of(error, remedy).into()
}
