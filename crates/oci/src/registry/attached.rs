//! A document that is kept in a registry as an artifact: a manifest of another type than images have,
//! with the document as its one layer.

use scanyard_package::{Digest, Limits};
use serde::Deserialize;

use super::RegistryOptions;
use super::place::Place;
use super::request::Client;
use crate::resolve::sha256;
use crate::{OciError, Reference, manifest};

/// The document, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedDocument {
    /// Its bytes, which are those of its digest.
    pub content: Vec<u8>,
    /// The manifest that the artifact is attached to.
    pub subject: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    artifact_type: Option<String>,
    #[serde(default)]
    layers: Vec<Pointer>,
    subject: Option<Pointer>,
}

#[derive(Deserialize)]
struct Pointer {
    digest: String,
}

impl Pointer {
    fn read(&self, what: &Reference) -> Result<Digest, OciError> {
        let digest = self.digest.parse();
        digest.map_err(|error| OciError::malformed(what.to_string(), error))
    }
}

/// The document of an artifact of this type; `None` where the reference names something else.
///
/// # Errors
///
/// As for pulls; an artifact of the type that has not one layer is malformed.
pub async fn fetch_document(
    reference: &Reference,
    artifact_type: &str,
    max_bytes: u64,
    options: &RegistryOptions,
) -> Result<Option<AttachedDocument>, OciError> {
    let client = Client::new(Place::Repository(reference.clone()), options.clone())?;
    let path = format!("manifests/{}", reference.manifest());
    let limit = Limits::default().manifest_bytes;
    let bytes = client
        .get_small(&path, Some(manifest::ACCEPT), limit)
        .await?;
    if let Some(digest) = reference.digest() {
        check("manifest", digest, &bytes)?;
    }
    let artifact: Artifact = serde_json::from_slice(&bytes)
        .map_err(|error| OciError::malformed(reference.to_string(), error))?;
    if artifact.artifact_type.as_deref() != Some(artifact_type) {
        return Ok(None);
    }
    let [layer] = artifact.layers.as_slice() else {
        let detail = format!("it has {} layers in place of one", artifact.layers.len());
        return Err(OciError::malformed(reference.to_string(), detail));
    };
    let digest = layer.read(reference)?;
    let path = format!("blobs/{digest}");
    let content = client.get_small(&path, None, max_bytes).await?;
    check("layer", digest, &content)?;
    let subject = artifact.subject.map(|subject| subject.read(reference));
    Ok(Some(AttachedDocument {
        content,
        subject: subject.transpose()?,
    }))
}

fn check(what: &'static str, expected: Digest, bytes: &[u8]) -> Result<(), OciError> {
    let actual = sha256(bytes);
    if actual == expected {
        return Ok(());
    }
    Err(OciError::DigestMismatch {
        what,
        expected,
        actual,
    })
}
