//! The layer job: catalog one layer under a lease, then assemble the images that waited for it.

use std::sync::Arc;
use std::time::Instant;

use metrics::{counter, histogram};
use scanyard_inventory::CatalogerSet;
use scanyard_package::Digest;
use scanyard_protocol::LayerJob;
use scanyard_store::{Claim, ImageLayer, Lease, Scan, ScanId, StoredLayer};
use scanyard_telemetry::name;
use tracing::Instrument;

use crate::assemble::assemble;
use crate::delivery::JobContext;
use crate::failure::{JobError, layer_not_reached, too_slow, unknown_cataloger_set};
use crate::sbom_source;
use crate::scan_source::ScanSource;
use crate::stages::{self, catalog_span};
use crate::{CatalogedLayer, LayerProgress, WorkerContext, catalog_layer};

/// Scans whose sources are tried before a layer counts as broken for everybody who waits: one
/// tenant's registry must not be able to fail the scans of others.
const SOURCES: usize = 3;

/// Works on the job, or finds that there is nothing to do.
pub async fn run(context: &JobContext, job: &LayerJob) -> Result<(), JobError> {
    let set = cataloger_set(job)?;
    let store = &context.worker.store;
    let lease = context.worker.settings.lease;
    match store.claim_layer(job.layer, set.name(), lease).await? {
        Claim::Acquired(lease) => catalog_and_commit(context, job, &lease).await?,
        Claim::Done => {}
        // Its holder has a delivery of its own. Should it die, the scheduler's reaper asks again,
        // and no delivery of ours was used up by waiting.
        Claim::Held(_) => return Ok(()),
        Claim::Unwanted => {
            if context.first_delivery {
                // The dead letter of a failed layer was redriven, or else nothing failed here.
                store.retry_scans_of_layer(job.layer, set.name()).await?;
            }
            return Ok(());
        }
    }
    for image in store.images_ready(job.layer, set.name()).await? {
        let assembling = assemble(&context.worker, image, set.name());
        context.interruptible(assembling).await?;
    }
    Ok(())
}

/// The catalogers that the job asks for. Workers that look for different things share their jobs;
/// those of different versions do not.
fn cataloger_set(job: &LayerJob) -> Result<CatalogerSet, JobError> {
    let set = CatalogerSet::of_name(&job.cataloger_set);
    set.filter(|set| set.name() == job.cataloger_set)
        .ok_or_else(|| unknown_cataloger_set(&job.cataloger_set, CatalogerSet::STANDARD.name()))
}

/// What became of the work under a lease.
enum Work {
    Cataloged(Box<CatalogedLayer>),
    /// No scan waits any more, or the lease belongs to somebody else.
    Unwanted,
}

async fn catalog_and_commit(
    context: &JobContext,
    job: &LayerJob,
    lease: &Lease,
) -> Result<(), JobError> {
    let worker = &context.worker;
    // Boxed: it holds what talking to a registry needs, and is awaited through several callers.
    let outcome = context
        .interruptible(Box::pin(catalog(worker, job, lease)))
        .await;
    let cataloged = match outcome {
        Ok(Work::Cataloged(cataloged)) => cataloged,
        Ok(Work::Unwanted) => {
            release(worker, lease).await;
            return Ok(());
        }
        Err(error) => {
            release(worker, lease).await;
            return Err(error);
        }
    };
    let layer = stored(job.layer, &cataloged);
    let commit = || async { Ok(worker.store.commit_layer(lease, &layer).await?) };
    if context.patiently(commit).await? {
        counter!(name::LAYERS_CATALOGED).increment(1);
    }
    Ok(())
}

/// Best effort: a lease that is not given back expires.
async fn release(worker: &WorkerContext, lease: &Lease) {
    if let Err(error) = worker.store.release_lease(lease).await {
        tracing::debug!(%error, "a lease was left to expire");
    }
}

fn stored(digest: Digest, cataloged: &CatalogedLayer) -> StoredLayer {
    StoredLayer {
        digest,
        diff_id: cataloged.verified.diff_id,
        compressed_bytes: cataloged.verified.compressed_bytes,
        decompressed_bytes: cataloged.verified.decompressed_bytes,
        inventory: cataloged.inventory.encode(),
    }
}

/// Reads the layer through a waiting scan's source, and through another's when that one's fails for
/// good.
async fn catalog(worker: &WorkerContext, job: &LayerJob, lease: &Lease) -> Result<Work, JobError> {
    let mut failed = 0;
    loop {
        let Some(scan) = waiting_scan(worker, job).await? else {
            // A scan may begin to wait just now. The store decides: either the layer is nobody's
            // concern and the next scan asks for it anew, or the lease holds and there is a scan.
            let renewed = worker.store.renew_lease(lease, worker.settings.lease, 0);
            if renewed.await? {
                continue;
            }
            return Ok(Work::Unwanted);
        };
        match catalog_for(worker, job, lease, &scan).await {
            Err(JobError::Failed(failure, _)) if !failure.retryable => {
                worker.store.fail_scan(scan.id, &failure).await?;
                failed += 1;
                if failed == SOURCES {
                    return Err(JobError::failed(failure));
                }
            }
            outcome => return outcome,
        }
    }
}

/// The scan that the job names while it waits, or else another one.
async fn waiting_scan(worker: &WorkerContext, job: &LayerJob) -> Result<Option<Scan>, JobError> {
    let named = worker.store.scan_of_any_tenant(ScanId(job.scan_id)).await?;
    if let Some(scan) = named.filter(|scan| !scan.state.is_final()) {
        return Ok(Some(scan));
    }
    let other = worker
        .store
        .scan_waiting_for_layer(job.layer, &job.cataloger_set);
    Ok(other.await?)
}

/// Reads the layer while the lease holds and the time lasts.
async fn catalog_for(
    worker: &WorkerContext,
    job: &LayerJob,
    lease: &Lease,
    scan: &Scan,
) -> Result<Work, JobError> {
    let progress = Arc::new(LayerProgress::default());
    let _end = EndReading(Arc::clone(&progress));
    let limit = worker.settings.layer_time;
    let span = catalog_span!(job.layer);
    let reading = read(worker, scan, job, Arc::clone(&progress)).instrument(span);
    tokio::select! {
        cataloged = reading => {
            cataloged.map(|layer| Work::Cataloged(Box::new(layer)))
        }
        () = renew_until_lost(worker, lease, &progress) => Ok(Work::Unwanted),
        () = tokio::time::sleep(limit) => Err(too_slow("reading a layer", limit)),
    }
}

async fn read(
    worker: &WorkerContext,
    scan: &Scan,
    job: &LayerJob,
    progress: Arc<LayerProgress>,
) -> Result<CatalogedLayer, JobError> {
    let set = cataloger_set(job)?;
    if let Some(document) = sbom_source::document_of(&scan.images, job.layer) {
        return sbom_source::catalog(worker, document).await;
    }
    let begun = Instant::now();
    let source = ScanSource::open(worker, scan).await?;
    let recorded = recorded_layer(worker, scan, job.layer).await?;
    let layer = source.layer(&recorded).await?;
    let stream = source.images().open_layer(&layer).await?;
    let limits = worker.limits;
    let reading =
        tokio::task::spawn_blocking(move || catalog_layer(stream, &layer, set, &limits, &progress));
    let cataloged = reading.await.map_err(|error| JobError::of_task(&error))??;
    histogram!(name::STEP_SECONDS, "step" => "catalog").record(begun.elapsed());
    stages::tell(&cataloged.timings);
    Ok(cataloged)
}

/// What an image of the scan says about the layer.
async fn recorded_layer(
    worker: &WorkerContext,
    scan: &Scan,
    digest: Digest,
) -> Result<ImageLayer, JobError> {
    for image in &scan.images {
        let layers = worker.store.image_layers(*image).await?.unwrap_or_default();
        if let Some(layer) = layers.into_iter().find(|layer| layer.digest == digest) {
            return Ok(layer);
        }
    }
    Err(layer_not_reached(&digest))
}

/// Returns when the layer is somebody else's, or nobody's concern any more.
async fn renew_until_lost(worker: &WorkerContext, lease: &Lease, progress: &LayerProgress) {
    let settings = &worker.settings;
    loop {
        tokio::time::sleep(settings.heartbeat).await;
        let renewed = worker
            .store
            .renew_lease(lease, settings.lease, progress.compressed_bytes());
        match renewed.await {
            Ok(true) => {}
            Ok(false) => return,
            // Whoever finds the lease expired takes over; the commit is refused then.
            Err(error) => tracing::debug!(%error, "a lease could not be renewed"),
        }
    }
}

/// Ends the reading thread, which does not end with its task, and counts what it read.
struct EndReading(Arc<LayerProgress>);

impl Drop for EndReading {
    fn drop(&mut self) {
        self.0.cancel();
        counter!(name::PULLED_BYTES).increment(self.0.compressed_bytes());
    }
}
