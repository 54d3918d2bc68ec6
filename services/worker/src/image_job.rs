//! The image job: resolve a scan's reference, record its images, and assemble them at once when
//! every layer is known.

use std::collections::BTreeMap;
use std::time::Instant;

use metrics::{counter, histogram};
use scanyard_oci::{Image, Layer, OciError};
use scanyard_package::Digest;
use scanyard_protocol::ImageJob;
use scanyard_store::{NewImage, Recorded, Scan, ScanId, ScanState, SubmittedSbom};
use scanyard_telemetry::name;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::WorkerContext;
use crate::assemble::assemble;
use crate::delivery::JobContext;
use crate::failure::{JobError, layer_not_reached, too_slow};
use crate::sbom_source;
use crate::scan_source::ScanSource;

/// Layers asked about at once.
const PROBES: usize = 8;

/// Works on the job, or finds that there is nothing to do.
pub async fn run(context: &JobContext, job: &ImageJob) -> Result<(), JobError> {
    let worker = &context.worker;
    let id = ScanId(job.scan_id);
    let Some(scan) = worker.store.scan_of_any_tenant(id).await? else {
        return Ok(());
    };
    match scan.state {
        ScanState::Queued | ScanState::Cataloging => {}
        // Its dead letter was redriven; a message that only comes again was delivered before.
        ScanState::Failed if context.first_delivery => {
            worker.store.retry_scan(id).await?;
            return Ok(());
        }
        ScanState::Done | ScanState::Failed | ScanState::Cancelled => return Ok(()),
    }
    let images = context
        .interruptible(resolve_in_time(worker, &scan))
        .await?;
    let layers: usize = images.iter().map(|image| image.layers.len()).sum();
    let set = worker.look_for.cataloger_set();
    let recorded = worker.store.record_images(id, &images, set.name()).await?;
    if let Recorded::Complete(images) = recorded {
        for image in images {
            let assembling = assemble(worker, image, set.name());
            context.interruptible(assembling).await?;
        }
    }
    counter!(name::LAYERS_ASKED).increment(layers as u64);
    Ok(())
}

async fn resolve_in_time(worker: &WorkerContext, scan: &Scan) -> Result<Vec<NewImage>, JobError> {
    let limit = worker.settings.resolve_time;
    let span = tracing::info_span!("resolve", reference = %scan.reference);
    let resolving = resolve(worker, scan).instrument(span);
    let resolved = tokio::time::timeout(limit, resolving).await;
    resolved.unwrap_or_else(|_| Err(too_slow("resolving the reference", limit)))
}

async fn resolve(worker: &WorkerContext, scan: &Scan) -> Result<Vec<NewImage>, JobError> {
    if let Some(bill) = SubmittedSbom::of_reference(&scan.reference) {
        return Ok(vec![sbom_source::image(worker, &bill).await?]);
    }
    let begun = Instant::now();
    let mut source = ScanSource::open(worker, scan).await?;
    let images = match source.resolve().await {
        Ok(images) => images,
        Err(refused @ OciError::NotAnImage { .. }) => {
            let bill = source.attached_bill(worker).await?;
            return bill.map(|bill| vec![bill]).ok_or_else(|| refused.into());
        }
        Err(error) => return Err(error.into()),
    };
    if images.is_empty() {
        return Err(OciError::NotFound(scan.reference.clone()).into());
    }
    verify_reach(worker, scan, &source, &images).await?;
    source.ask_where_tag_stands().await?;
    histogram!(name::STEP_SECONDS, "step" => "resolve").record(begun.elapsed());
    record(worker, source, images).await
}

/// The images as the store records them. A config may be long, so looking through it is no work for a
/// thread that others wait for.
async fn record(
    worker: &WorkerContext,
    source: ScanSource,
    images: Vec<Image>,
) -> Result<Vec<NewImage>, JobError> {
    let look_for = worker.look_for;
    let recording = tokio::task::spawn_blocking(move || {
        let images = images.iter();
        images
            .map(|image| source.record(image, look_for.examine(&image.config)))
            .collect()
    });
    recording.await.map_err(|error| JobError::of_task(&error))
}

/// Inventories are shared, access is not: a layer that this tenant has never reached may be known
/// from another's images, so the scan's own source has to show that it would give it out.
async fn verify_reach(
    worker: &WorkerContext,
    scan: &Scan,
    source: &ScanSource,
    images: &[Image],
) -> Result<(), JobError> {
    let mut unreached: BTreeMap<Digest, &Layer> = images
        .iter()
        .flat_map(|image| &image.layers)
        .filter(|layer| !layer.is_foreign())
        .map(|layer| (layer.digest, layer))
        .collect();
    let digests: Vec<_> = unreached.keys().copied().collect();
    for digest in worker.store.layers_reached(scan.tenant, &digests).await? {
        unreached.remove(&digest);
    }
    let mut waiting = unreached.into_values();
    let mut probes = JoinSet::new();
    loop {
        while probes.len() < PROBES
            && let Some(layer) = waiting.next()
        {
            let (images, layer) = (source.images().clone(), layer.clone());
            probes.spawn(async move { (layer.digest, images.reaches(&layer).await) });
        }
        match probes.join_next().await {
            None => return Ok(()),
            Some(Ok((_, Ok(true)))) => {}
            Some(Ok((digest, Ok(false)))) => return Err(layer_not_reached(&digest)),
            Some(Ok((_, Err(error)))) => return Err(error.into()),
            Some(Err(error)) => return Err(JobError::of_task(&error)),
        }
    }
}
