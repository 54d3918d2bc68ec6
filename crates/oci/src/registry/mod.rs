//! The OCI distribution protocol, as far as listing and pulling need it.

mod attached;
mod authorization;
mod blob;
mod challenge;
mod credentials;
mod helper;
mod listing;
mod manifest_digest;
mod place;
mod request;
mod retry;
mod session;
mod token;

use std::time::Duration;

use scanyard_package::{Digest, Limits};

pub use attached::{AttachedDocument, fetch_document};
pub use blob::BlobReader;
pub use credentials::{CredentialFiles, Credentials};
pub use listing::{NamePage, list_repositories, list_tags};
pub use manifest_digest::find_manifest;
pub use session::Session;

use crate::image::{Image, Layer};
use crate::resolve::{self, Documents, Root};
use crate::{OciError, PlatformSelect, Reference, manifest};
use place::Place;
use request::Client;

/// How to talk to a registry.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Verify TLS certificates.
    pub tls_verify: bool,
    /// Talk plain HTTP. Registries on this machine are tried with it unasked.
    pub plain_http: bool,
    /// Credentials to use instead of those in files.
    pub credentials: Option<Credentials>,
    /// Where else to look for credentials.
    pub credential_files: CredentialFiles,
    /// Tries after the first, each request.
    pub retries: u32,
    /// The wait before the second try; it doubles from there.
    pub backoff: Duration,
    /// Longest silence of the other side.
    pub read_timeout: Duration,
    /// Longest wait between tries, even if the registry asks for more.
    pub max_retry_after: Duration,
    /// Connections and tokens: one session for all the images that a process reads.
    pub session: Session,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            tls_verify: true,
            plain_http: false,
            credentials: None,
            credential_files: CredentialFiles::from_env(),
            retries: 4,
            backoff: Duration::from_millis(250),
            read_timeout: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(60),
            session: Session::default(),
        }
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
        let client = Client::new(Place::Repository(reference.clone()), options)?;
        Ok(Self { reference, client })
    }

    pub async fn images(
        &self,
        platforms: &PlatformSelect,
        limits: &Limits,
    ) -> Result<Vec<Image>, OciError> {
        let name = self.reference.manifest();
        let bytes = self.manifest(&name, limits).await?;
        let root = Root {
            name: self.reference.to_string(),
            digest: self.reference.digest(),
            bytes,
        };
        let documents = RegistryDocuments {
            registry: self,
            limits,
        };
        resolve::images(&documents, vec![root], platforms, limits).await
    }

    async fn manifest(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, OciError> {
        let path = format!("manifests/{name}");
        let limit = limits.manifest_bytes;
        self.client
            .get_small(&path, Some(manifest::ACCEPT), limit)
            .await
    }

    pub async fn open_blob(&self, layer: &Layer) -> Result<BlobReader, OciError> {
        blob::open(self.client.clone(), layer).await
    }

    pub async fn has_blob(&self, layer: &Layer) -> Result<bool, OciError> {
        self.client.has(&format!("blobs/{}", layer.digest)).await
    }
}

struct RegistryDocuments<'a> {
    registry: &'a Registry,
    limits: &'a Limits,
}

impl Documents for RegistryDocuments<'_> {
    async fn manifest(&self, digest: Digest) -> Result<Vec<u8>, OciError> {
        self.registry
            .manifest(&digest.to_string(), self.limits)
            .await
    }

    async fn config(&self, digest: Digest) -> Result<Vec<u8>, OciError> {
        let path = format!("blobs/{digest}");
        let limit = self.limits.manifest_bytes;
        self.registry.client.get_small(&path, None, limit).await
    }
}
