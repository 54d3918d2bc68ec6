//! The OCI distribution protocol, as far as pulling needs it.

mod auth;
mod blob;
mod request;

use std::time::Duration;

use scanyard_package::{Digest, Limits};

pub use blob::BlobReader;

use crate::image::{Image, Layer};
use crate::manifest::{self, Manifest};
use crate::{OciError, PlatformSelect, Reference, local};
use request::Client;

/// How to talk to a registry.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Verify TLS certificates.
    pub tls_verify: bool,
    /// Talk plain HTTP.
    pub plain_http: bool,
    /// Credentials to use instead of those in docker's configuration.
    pub credentials: Option<Credentials>,
    /// Look for credentials in docker's configuration and its helpers.
    pub docker_config: bool,
    /// Tries after the first, each request.
    pub retries: u32,
    /// Longest silence of the other side.
    pub read_timeout: Duration,
    /// Longest wait that a registry can ask for.
    pub max_retry_after: Duration,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            tls_verify: true,
            plain_http: false,
            credentials: None,
            docker_config: true,
            retries: 4,
            read_timeout: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

/// A user's name and password, or a token in the password's place. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// One repository of a registry.
#[derive(Debug)]
pub struct Registry {
    reference: Reference,
    client: Client,
}

impl Registry {
    pub fn new(reference: Reference, options: RegistryOptions) -> Result<Self, OciError> {
        let client = Client::new(&reference, options)?;
        Ok(Self { reference, client })
    }

    async fn manifest(&self, name: &str, limits: &Limits) -> Result<(Digest, Manifest), OciError> {
        let path = format!("manifests/{name}");
        let bytes = self
            .client
            .get_small(&path, Some(manifest::ACCEPT), limits.manifest_bytes)
            .await?;
        let actual = local::sha256(&bytes);
        if let Ok(expected) = name.parse::<Digest>()
            && expected != actual
        {
            return Err(OciError::DigestMismatch {
                what: "the manifest",
                expected,
                actual,
            });
        }
        Ok((
            actual,
            manifest::parse(&self.reference.to_string(), &bytes, limits)?,
        ))
    }

    pub async fn images(
        &self,
        platforms: &PlatformSelect,
        limits: &Limits,
    ) -> Result<Vec<Image>, OciError> {
        const MAX_INDEXES: usize = 4;
        let mut pending = vec![(0, self.reference.manifest())];
        let mut images = Vec::new();
        while let Some((depth, name)) = pending.pop() {
            let (manifest_digest, manifest) = self.manifest(&name, limits).await?;
            match manifest {
                Manifest::Index(_) if depth >= MAX_INDEXES => {
                    return Err(OciError::malformed(name, "indexes are nested too deeply"));
                }
                Manifest::Index(manifests) => {
                    for descriptor in manifest::select(manifests, platforms)?.iter().rev() {
                        pending.push((depth + 1, descriptor.digest()?.to_string()));
                    }
                }
                Manifest::Image { config, layers } => {
                    images.push(self.image(manifest_digest, config, layers, limits).await?);
                }
            }
        }
        Ok(images)
    }

    async fn image(
        &self,
        manifest_digest: Digest,
        config_digest: Digest,
        layers: Vec<Layer>,
        limits: &Limits,
    ) -> Result<Image, OciError> {
        let path = format!("blobs/{config_digest}");
        let bytes = self
            .client
            .get_small(&path, None, limits.manifest_bytes)
            .await?;
        let actual = local::sha256(&bytes);
        if actual != config_digest {
            return Err(OciError::DigestMismatch {
                what: "the config",
                expected: config_digest,
                actual,
            });
        }
        let (platform, config, _) = manifest::parse_config(&bytes)?;
        Ok(Image {
            manifest_digest,
            config_digest,
            platform,
            layers,
            config,
        })
    }

    pub async fn open_blob(&self, layer: &Layer) -> Result<BlobReader, OciError> {
        blob::open(self.client.clone(), layer.digest).await
    }
}
