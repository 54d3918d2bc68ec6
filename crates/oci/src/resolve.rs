//! From a manifest or index to images, wherever the documents are kept.

use std::collections::HashSet;

use aws_lc_rs::digest::SHA256;
use scanyard_package::{Digest, Limits};

use crate::image::{Image, Layer};
use crate::manifest::{self, Manifest};
use crate::{OciError, PlatformSelect};

/// Indexes within indexes that are followed.
const MAX_DEPTH: usize = 4;
/// Manifests that one reference may lead to.
const MAX_MANIFESTS: usize = 512;

/// Where documents come from, as they are: whoever asks verifies them.
pub trait Documents {
    async fn manifest(&self, digest: Digest) -> Result<Vec<u8>, OciError>;
    async fn config(&self, digest: Digest) -> Result<Vec<u8>, OciError>;
}

/// A document to begin with.
pub struct Root {
    /// What messages call it.
    pub name: String,
    /// The digest that it was asked for by, if it was not a tag.
    pub digest: Option<Digest>,
    pub bytes: Vec<u8>,
}

struct Node {
    name: String,
    /// The document at which the way here began.
    root: Digest,
    depth: usize,
    digest: Digest,
    /// Of roots, which were read already.
    bytes: Option<Vec<u8>>,
}

/// The SHA-256 of these bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref());
    Digest::from_bytes(digest)
}

/// Fails unless the bytes have the digest.
pub fn verify(what: &'static str, expected: Digest, bytes: &[u8]) -> Result<(), OciError> {
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

/// The images that the roots lead to, for the platforms wanted. What an index lists beside images
/// is passed over; if there is nothing else, it is refused by its name.
pub async fn images<D: Documents>(
    documents: &D,
    roots: Vec<Root>,
    platforms: &PlatformSelect,
    limits: &Limits,
) -> Result<Vec<Image>, OciError> {
    let mut pending: Vec<Node> = roots.into_iter().rev().map(Node::of_root).collect();
    let what = pending
        .last()
        .map_or_else(|| "the layout".to_owned(), |node| node.name.clone());
    let (mut seen, mut images, mut refused) = (HashSet::new(), Vec::new(), None);
    while let Some(mut node) = pending.pop() {
        if !seen.insert(node.digest) {
            continue;
        }
        if seen.len() > MAX_MANIFESTS {
            let limit = format!("{MAX_MANIFESTS} manifests");
            return Err(OciError::Limit { what, limit });
        }
        let bytes = match node.bytes.take() {
            Some(bytes) => bytes,
            None => documents.manifest(node.digest).await?,
        };
        verify("the manifest", node.digest, &bytes)?;
        match manifest::parse(&node.name, &bytes, limits) {
            Ok(Manifest::Image { config, layers }) => {
                images.push(image(documents, &node, config, layers).await?);
            }
            Ok(Manifest::Index(_)) if node.depth >= MAX_DEPTH => {
                return Err(OciError::malformed(
                    node.name,
                    "indexes are nested too deeply",
                ));
            }
            Ok(Manifest::Index(manifests)) => {
                let wanted = manifest::select(manifests, platforms)?;
                for descriptor in wanted.iter().rev() {
                    let digest = descriptor.digest()?;
                    pending.push(node.child(digest));
                }
            }
            Err(error @ OciError::NotAnImage { .. }) => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if images.is_empty() {
        let kind = "an index that lists no image".to_owned();
        return Err(refused.unwrap_or(OciError::NotAnImage { what, kind }));
    }
    Ok(images)
}

impl Node {
    fn of_root(root: Root) -> Self {
        let digest = root.digest.unwrap_or_else(|| sha256(&root.bytes));
        Self {
            name: root.name,
            root: digest,
            depth: 0,
            digest,
            bytes: Some(root.bytes),
        }
    }

    fn child(&self, digest: Digest) -> Self {
        Self {
            name: digest.to_string(),
            root: self.root,
            depth: self.depth + 1,
            digest,
            bytes: None,
        }
    }
}

async fn image<D: Documents>(
    documents: &D,
    node: &Node,
    config_digest: Digest,
    layers: Vec<Layer>,
) -> Result<Image, OciError> {
    let bytes = documents.config(config_digest).await?;
    verify("the config", config_digest, &bytes)?;
    let (platform, config, _) = crate::config::parse_config(&bytes)?;
    Ok(Image {
        manifest_digest: node.digest,
        root_digest: node.root,
        config_digest,
        platform,
        layers,
        config,
    })
}
