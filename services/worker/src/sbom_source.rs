//! A submitted bill of materials as an image: of one layer, whose inventory the bill is.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_inventory::{LayerInventory, catalog_sbom};
use scanyard_package::Digest;
use scanyard_store::{ConfigEvidence, ImageLayer, NewImage, ScanFailure, SubmittedSbom, Tag};

use crate::WorkerContext;
use crate::failure::JobError;
use crate::{CatalogedLayer, VerifiedLayer};

/// The manifest's word for such a layer.
const MEDIA_TYPE: &str = "application/vnd.scanyard.sbom.v1+json";

/// The bill as an image. Its submitter had its content, so no access is to be shown.
pub async fn image(worker: &WorkerContext, bill: &SubmittedSbom) -> Result<NewImage, JobError> {
    let size = content(worker, bill).await?.len() as u64;
    let repository = format!("sbom:{}", bill.name);
    Ok(NewImage {
        digest: bill.digest,
        root_digest: bill.digest,
        config_digest: bill.digest,
        platform: "unknown".to_owned(),
        created: None,
        labels: BTreeMap::new(),
        config: ConfigEvidence::default(),
        layers: vec![ImageLayer {
            digest: layer_digest(bill.digest),
            size,
            media_type: MEDIA_TYPE.to_owned(),
            foreign: false,
        }],
        tag: bill.tag.clone().map(|name| Tag {
            repository: repository.clone(),
            name,
        }),
        repository,
    })
}

/// The layer's inventory.
pub async fn catalog(
    worker: &WorkerContext,
    bill: &SubmittedSbom,
) -> Result<CatalogedLayer, JobError> {
    let content = content(worker, bill).await?;
    let bytes = content.len() as u64;
    let reading = tokio::task::spawn_blocking(move || catalog_sbom(&content));
    let evidence = reading.await.map_err(|error| JobError::of_task(&error))?;
    let evidence = evidence.map_err(|error| {
        JobError::failed(ScanFailure {
            code: "invalid_sbom".to_owned(),
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            retryable: false,
        })
    })?;
    Ok(CatalogedLayer {
        verified: VerifiedLayer {
            diff_id: layer_digest(bill.digest),
            compressed_bytes: bytes,
            decompressed_bytes: bytes,
        },
        inventory: LayerInventory::of_sbom(evidence),
    })
}

/// Not the document's own digest: an image's layer could be a blob of the same bytes, and would be
/// cataloged as a tar.
fn layer_digest(document: Digest) -> Digest {
    let mut bytes = [0; 32];
    let name = format!("sbom:{document}");
    bytes.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    Digest::from_bytes(bytes)
}

async fn content(worker: &WorkerContext, bill: &SubmittedSbom) -> Result<Vec<u8>, JobError> {
    worker.store.document(bill.digest).await?.ok_or_else(|| {
        JobError::failed(ScanFailure {
            code: "sbom_not_found".to_owned(),
            message: format!("no bill of materials {} is kept", bill.digest),
            remedy: "submit it at /v1/sboms again".to_owned(),
            retryable: false,
        })
    })
}
