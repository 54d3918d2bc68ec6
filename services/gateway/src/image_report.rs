//! Builds an image's report from what is stored.
//!
//! Which layer brought a package is not stored: it follows from the layers' inventories, is folded
//! when somebody asks and remembered for a while.

use std::collections::HashMap;
use std::sync::Arc;

use scanyard_hygiene::ConfigFindings;
use scanyard_inventory::{CatalogerSet, FoldedLayer, LayerInventory, fold};
use scanyard_matching::Finding;
use scanyard_package::{Coverage, Digest};
use scanyard_report::{AdvisoryFacts, ImageFacts, LayerFacts, LookedFor, Report, ReportInput};
use scanyard_store::{ConfigEvidence, ImageDetail, ImageLayer, StoredLayer, TenantId};

use crate::fold_cache::{Fold, FoldKey};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

/// An image of the tenant. One that the tenant never reached is unknown, whoever else has it.
pub async fn find_image(
    gateway: &Gateway,
    tenant: TenantId,
    digest: Digest,
) -> Result<ImageDetail, Problem> {
    let image = gateway.store().image(tenant, digest).await?;
    image.ok_or_else(image_not_found)
}

/// The tenant has no such image.
pub fn image_not_found() -> Problem {
    Problem::new(Code::ImageNotFound, "You have no image of this digest.")
}

/// The image's report as of now.
pub async fn build_report(
    gateway: &Gateway,
    tenant: TenantId,
    digest: Digest,
) -> Result<Report, Problem> {
    let image = find_image(gateway, tenant, digest).await?;
    let (Some(set), Some(cataloger_set)) = (image.package_set, image.cataloger_set.clone()) else {
        return Err(not_ready(
            "The image is known, but its layers are not all cataloged.",
        ));
    };
    let looked_for = looked_for(&image.config, &cataloger_set)?;
    let advisories = advisory_facts(gateway, &image).await?;
    let store = gateway.store();
    let findings = store.findings_of_set(set).await?;
    let mut coverage = store.image_coverage(digest).await?;
    coverage.extend(store.coverage_of_set(set).await?);
    let fold = find_fold(gateway, &image, cataloger_set).await?;
    let stored = Stored {
        image,
        fold,
        findings,
        coverage,
        advisories,
        looked_for,
    };
    let at_hand = gateway.advisories();
    run_blocking(move || {
        let mut report = stored.into_report();
        if let Some(advisories) = at_hand {
            report.predict_exploits(|cve| advisories.predictions.of(cve));
        }
        report
    })
    .await
}

/// What was looked for beside packages when the image was cataloged, whatever is looked for now.
fn looked_for(config: &ConfigEvidence, cataloger_set: &str) -> Result<LookedFor, Problem> {
    let in_files = CatalogerSet::of_name(cataloger_set).is_some_and(|set| set.secrets);
    let read = |stored: Option<&Vec<u8>>| match stored {
        Some(stored) => ConfigFindings::decode(stored).map_err(Problem::internal),
        None => Ok(ConfigFindings::default()),
    };
    Ok(LookedFor {
        secrets: in_files && config.secrets.is_some(),
        checks: config.checks.is_some(),
        config: ConfigFindings {
            secrets: read(config.secrets.as_ref())?.secrets,
            failed: read(config.checks.as_ref())?.failed,
        },
    })
}

/// The advisories behind the image's findings; `None` while there are none at all.
async fn advisory_facts(
    gateway: &Gateway,
    image: &ImageDetail,
) -> Result<Option<AdvisoryFacts>, Problem> {
    let store = gateway.store();
    if store.current_revision().await?.is_none() {
        return Ok(None);
    }
    // While a rescan runs, the image may still be at an earlier revision than the latest.
    let revision = match image.summary.revision {
        Some(sequence) => store.revision(sequence).await?,
        None => None,
    };
    let revision = revision.ok_or_else(|| {
        not_ready("The image is cataloged, but not yet matched with the advisories.")
    })?;
    Ok(Some(AdvisoryFacts {
        revision: revision.digest,
        date: revision.date.unwrap_or(revision.activated_at),
    }))
}

fn not_ready(detail: &'static str) -> Problem {
    Problem::new(Code::NotReady, detail)
}

async fn find_fold(
    gateway: &Gateway,
    image: &ImageDetail,
    cataloger_set: String,
) -> Result<Arc<Fold>, Problem> {
    let key = FoldKey {
        image: image.summary.digest,
        cataloger_set,
    };
    let cache = gateway.folds();
    if let Some(fold) = cache.get(&key) {
        return Ok(fold);
    }
    // Closed only with the gateway itself.
    let turn = cache.folding().acquire().await.map_err(Problem::internal)?;
    // Somebody else may have made it meanwhile.
    if let Some(fold) = cache.get(&key) {
        return Ok(fold);
    }
    let stored = gateway
        .store()
        .image_inventories(key.image, &key.cataloger_set)
        .await?;
    let stored = stored.ok_or_else(|| not_ready("The image is being cataloged anew."))?;
    let layers = image.layers.clone();
    let fold = run_blocking(move || fold_layers(&layers, &stored)).await??;
    drop(turn);
    let fold = Arc::new(fold);
    cache.insert(key, Arc::clone(&fold));
    Ok(fold)
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Problem::internal)
}

/// Folds an image's layers. Those that are never pulled have no inventory and bring nothing; they
/// stand in the image's coverage.
fn fold_layers(layers: &[ImageLayer], stored: &[StoredLayer]) -> Result<Fold, Problem> {
    let mut by_digest = HashMap::new();
    for layer in stored {
        let inventory = LayerInventory::decode(&layer.inventory).map_err(Problem::internal)?;
        by_digest.insert(layer.digest, (layer.diff_id, inventory));
    }
    let nothing = LayerInventory::default();
    let folded: Vec<_> = layers
        .iter()
        .map(|layer| FoldedLayer {
            digest: layer.digest,
            inventory: by_digest
                .get(&layer.digest)
                .map_or(&nothing, |(_, inventory)| inventory),
        })
        .collect();
    let diff_id = |layer: &ImageLayer| by_digest.get(&layer.digest).map(|(diff_id, _)| *diff_id);
    Ok(Fold {
        inventory: fold(&folded),
        diff_ids: layers.iter().map(diff_id).collect(),
    })
}

/// Everything that a report is made of.
struct Stored {
    image: ImageDetail,
    fold: Arc<Fold>,
    findings: Vec<(String, Finding)>,
    coverage: Vec<Coverage>,
    advisories: Option<AdvisoryFacts>,
    looked_for: LookedFor,
}

impl Stored {
    fn into_report(self) -> Report {
        let image = self.image;
        let layers = image.layers.into_iter().zip(&self.fold.diff_ids);
        let facts = ImageFacts {
            digest: image.summary.digest,
            config_digest: image.config_digest,
            platform: image.summary.platform.clone(),
            created: image.created,
            user: None,
            labels: image.labels,
            layers: layers
                .map(|(layer, diff_id)| LayerFacts {
                    digest: layer.digest,
                    diff_id: *diff_id,
                    size: layer.size,
                    media_type: layer.media_type,
                })
                .collect(),
        };
        Report::new(ReportInput {
            source: &source_name(&image.summary),
            image: Some(facts),
            inventory: &self.fold.inventory,
            findings: self.findings,
            coverage: self.coverage,
            advisories: self.advisories,
            looked_for: self.looked_for,
        })
    }
}

/// A name under which the image can be pulled: a tag that names it now, or its digest.
fn source_name(image: &scanyard_store::ImageSummary) -> String {
    match (image.tags.first(), image.repositories.first()) {
        (Some(tag), _) => format!("{}:{}", tag.repository, tag.name),
        (None, Some(repository)) => format!("{repository}@{}", image.digest),
        (None, None) => image.digest.to_string(),
    }
}
