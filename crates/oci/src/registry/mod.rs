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
mod token_hosts;
mod trust;

use std::pin::Pin;
use std::time::Duration;

use scanyard_egress::Egress;
use scanyard_package::{Digest, Limits};

pub use attached::{AttachedDocument, fetch_document};
pub use blob::BlobReader;
pub use credentials::{BearerToken, CredentialFiles, Credentials, IDENTITY_TOKEN_USER};
pub use listing::{NamePage, list_repositories, list_tags};
pub use manifest_digest::find_manifest;
pub use session::Session;
pub use token_hosts::TokenHosts;
pub use trust::Certificates;

use crate::image::{Image, Layer};
use crate::resolve::{self, Documents, Root};
use crate::{OciError, PlatformSelect, Reference, RegistryHost, manifest};
use place::Place;
use request::Client;

/// How to talk to a registry.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Verify TLS certificates.
    pub tls_verify: bool,
    /// Talk plain HTTP. Registries on this machine are tried with it unasked.
    pub plain_http: bool,
    /// Certificates beside those of the machine.
    pub certificates: Certificates,
    /// Which addresses may be reached: by the first request, redirects, and for tokens.
    pub egress: Egress,
    /// Who may sell tokens, beside the registry itself.
    pub token_hosts: TokenHosts,
    /// Registries that have the same repositories, with how to talk to them, and are asked first for
    /// manifests and blobs. Mirrors of theirs do not count.
    pub mirrors: Vec<(RegistryHost, RegistryOptions)>,
    /// A token to show instead of buying one.
    pub bearer: Option<BearerToken>,
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
            certificates: Certificates::default(),
            egress: Egress::Anywhere,
            token_hosts: TokenHosts::Any,
            mirrors: Vec::new(),
            bearer: None,
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

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, OciError>> + Send + 'a>>;

/// One repository of a registry.
#[derive(Debug)]
pub struct Registry {
    reference: Reference,
    client: Client,
    mirrors: Vec<Client>,
}

impl Registry {
    pub fn new(reference: Reference, options: RegistryOptions) -> Result<Self, OciError> {
        let mirrors = options.mirrors.iter().map(|(host, options)| {
            let place = Place::Repository(reference.at(host));
            Client::new(place, options.clone())
        });
        Ok(Self {
            mirrors: mirrors.collect::<Result<_, _>>()?,
            client: Client::new(Place::Repository(reference.clone()), options)?,
            reference,
        })
    }

    /// Asks the mirrors one after the other, and the registry itself where none of them has it.
    async fn ask<T, F>(&self, ask: impl Fn(Client) -> F) -> Result<T, OciError>
    where
        F: Future<Output = Result<T, OciError>> + Send,
    {
        // Boxed: it is awaited through many callers.
        let ask = |client| -> Answer<'_, T> { Box::pin(ask(client)) };
        for mirror in &self.mirrors {
            match ask(mirror.clone()).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let mirror = mirror.registry();
                    tracing::debug!(%mirror, %error, "a mirror does not have it");
                }
            }
        }
        ask(self.client.clone()).await
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
        let (path, accept) = (path.as_str(), Some(manifest::ACCEPT));
        self.ask(|client| async move { client.get_small(path, accept, limit).await })
            .await
    }

    pub async fn open_blob(&self, layer: &Layer) -> Result<BlobReader, OciError> {
        self.ask(|client| blob::open(client, layer)).await
    }

    pub async fn has_blob(&self, layer: &Layer) -> Result<bool, OciError> {
        let path = format!("blobs/{}", layer.digest);
        for mirror in &self.mirrors {
            if let Ok(true) = mirror.has(&path).await {
                return Ok(true);
            }
        }
        self.client.has(&path).await
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
        let (path, limit) = (path.as_str(), self.limits.manifest_bytes);
        self.registry
            .ask(|client| async move { client.get_small(path, None, limit).await })
            .await
    }
}
