//! A submitted bill of materials as an image: of one layer, whose inventory the bill is.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_inventory::{LayerInventory, catalog_sbom};
use scanyard_package::Digest;
use scanyard_store::{ConfigEvidence, ImageLayer, NewImage, ScanFailure, SubmittedSbom, Tag};
use scanyard_timing::Timings;

use crate::WorkerContext;
use crate::failure::JobError;
use crate::{CatalogedLayer, VerifiedLayer};

/// The manifest's word for such a layer.
const MEDIA_TYPE: &str = "application/vnd.scanyard.sbom.v1+json";

/// The bill as an image. Its submitter had its content, so no access is to be shown.
pub async fn image(worker: &WorkerContext, bill: &SubmittedSbom) -> Result<NewImage, JobError> {
    let size = content(worker, bill.digest).await?.len() as u64;
    let repository = format!("sbom:{}", bill.name);
    let tag = bill.tag.clone().map(|name| Tag {
        repository: repository.clone(),
        name,
    });
    Ok(NewImage {
        tag,
        ..image_of(bill.digest, size, repository)
    })
}

/// The image that stands for a document in a repository.
pub fn image_of(document: Digest, size: u64, repository: String) -> NewImage {
    NewImage {
        digest: document,
        root_digest: document,
        config_digest: document,
        platform: "unknown".to_owned(),
        created: None,
        labels: BTreeMap::new(),
        config: ConfigEvidence::default(),
        layers: vec![ImageLayer {
            digest: layer_digest(document),
            size,
            media_type: MEDIA_TYPE.to_owned(),
            foreign: false,
        }],
        tag: None,
        repository,
    }
}

/// Of a scan's images the document that the layer stands for. A layer of an image cannot pass for one:
/// its digest would have to be made of that of the manifest that names it.
pub fn document_of(images: &[Digest], layer: Digest) -> Option<Digest> {
    images
        .iter()
        .copied()
        .find(|image| layer_digest(*image) == layer)
}

/// The layer's inventory.
pub async fn catalog(worker: &WorkerContext, document: Digest) -> Result<CatalogedLayer, JobError> {
    let content = content(worker, document).await?;
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
            diff_id: layer_digest(document),
            compressed_bytes: bytes,
            decompressed_bytes: bytes,
        },
        inventory: LayerInventory::of_sbom(evidence),
        timings: Timings::default(),
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

async fn content(worker: &WorkerContext, document: Digest) -> Result<Vec<u8>, JobError> {
    worker.store.document(document).await?.ok_or_else(|| {
        JobError::failed(ScanFailure {
            code: "sbom_not_found".to_owned(),
            message: format!("no bill of materials {document} is kept"),
            remedy: "submit it at /v1/sboms again".to_owned(),
            retryable: false,
        })
    })
}
