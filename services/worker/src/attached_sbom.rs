//! A bill of materials that lies in a registry as an artifact, attached to the image that it is of, as
//! Harbor keeps them. It is stored as a submitted one is, and stands for an image of its own.

use scanyard_oci::{Reference, RegistryOptions, fetch_document};
use scanyard_store::{NewImage, SUBJECT_LABEL};

use crate::WorkerContext;
use crate::failure::JobError;
use crate::sbom_source;

/// The artifact's type.
const ARTIFACT_TYPE: &str = "application/vnd.goharbor.harbor.sbom.v1";
/// The largest bill that is taken, as of those that are submitted.
const MAX_BYTES: u64 = 64 << 20;

/// The bill that a reference names, as an image; `None` where it names something else.
pub async fn image(
    worker: &WorkerContext,
    reference: &Reference,
    options: &RegistryOptions,
) -> Result<Option<NewImage>, JobError> {
    let found = fetch_document(reference, ARTIFACT_TYPE, MAX_BYTES, options).await?;
    let Some(document) = found else {
        return Ok(None);
    };
    let digest = worker.store.save_document(&document.content).await?;
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    let mut image = sbom_source::image_of(digest, document.content.len() as u64, repository);
    if let Some(subject) = document.subject {
        image
            .labels
            .insert(SUBJECT_LABEL.to_owned(), subject.to_string());
    }
    Ok(Some(image))
}
