//! Which manifest a name stands for, without reading it where the registry says.

use http::HeaderMap;
use scanyard_package::{Digest, Limits};

use super::RegistryOptions;
use super::place::Place;
use super::request::Client;
use crate::resolve::sha256;
use crate::{OciError, Reference, manifest};

/// The header in which registries say a manifest's digest.
const DIGEST: &str = "docker-content-digest";

/// Digest of the manifest or index that a reference names now.
///
/// # Errors
///
/// [`OciError::NotFound`] where the registry has no such thing, and as for pulls.
pub async fn find_manifest(
    reference: &Reference,
    options: &RegistryOptions,
) -> Result<Digest, OciError> {
    let client = Client::new(Place::Repository(reference.clone()), options.clone())?;
    let path = format!("manifests/{}", reference.manifest());
    let headers = client.head(&path, Some(manifest::ACCEPT)).await?;
    if let Some(digest) = read_digest(&headers) {
        return Ok(digest);
    }
    let limit = Limits::default().manifest_bytes;
    let bytes = client
        .get_small(&path, Some(manifest::ACCEPT), limit)
        .await?;
    Ok(sha256(&bytes))
}

fn read_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(DIGEST)?.to_str().ok()?.parse().ok()
}
