//! What can go wrong between a reference and the bytes of a layer.

use std::time::Duration;

use scanyard_package::Digest;

/// Why an image, or a part of it, could not be had.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The registry has no such thing, or does not show it.
    #[error("{0} was not found")]
    NotFound(String),
    /// A layout or archive lacks a file.
    #[error("{0} does not exist")]
    NoFile(String),
    /// A layout or archive has no image of that name.
    #[error("{what} has no image {wanted}; there is {available}")]
    NoSuchName {
        /// The layout or archive.
        what: String,
        /// The name asked for.
        wanted: String,
        /// Those that exist.
        available: String,
    },
    /// The registry does not tell which repositories it has.
    #[error("{0} does not list its repositories")]
    NoCatalog(String),
    /// The registry wants other credentials.
    #[error("{registry} refuses access to {what}")]
    Denied {
        /// The registry's host.
        registry: String,
        /// The repository or blob that was asked for.
        what: String,
    },
    /// The registry asks to come back later, and retries are used up.
    #[error("{registry} allows no more requests for now")]
    RateLimited {
        /// The registry's host.
        registry: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The registry could not be reached, or answered with an error of its own.
    #[error("{registry} did not answer: {detail}")]
    Unavailable {
        /// The registry's host.
        registry: String,
        /// What happened instead.
        detail: String,
    },
    /// The registry's certificate is not one that this machine trusts.
    #[error("the certificate of {registry} is not trusted: {detail}")]
    Untrusted {
        /// The registry's host.
        registry: String,
        /// What is wrong with it.
        detail: String,
    },
    /// We may not send requests there.
    #[error("{registry} is not asked: {detail}")]
    NotAllowed {
        /// The registry's host.
        registry: String,
        /// What may not be reached, and why.
        detail: String,
    },
    /// The registry does not follow the protocol.
    #[error("{registry} does not answer as a registry does: {detail}")]
    Unexpected {
        /// The registry's host.
        registry: String,
        /// What it did.
        detail: String,
    },
    /// A layout or archive has several images and none was named.
    #[error("{what} holds several images: {choices}")]
    Ambiguous {
        /// The layout or archive.
        what: String,
        /// Their names.
        choices: String,
    },
    /// The bytes are not those that the digest names.
    #[error("{what} has digest {actual}, not the {expected} that names it")]
    DigestMismatch {
        /// Manifest, config or layer.
        what: &'static str,
        /// The digest that named it.
        expected: Digest,
        /// The digest of what came.
        actual: Digest,
    },
    /// What the reference names is no container image.
    #[error("{what} is {kind}, not a container image")]
    NotAnImage {
        /// The reference or digest.
        what: String,
        /// What it is instead, with its article.
        kind: String,
    },
    /// The image does not exist for the platform.
    #[error("no image for platform {wanted}; there is {available}")]
    Platform {
        /// The platform asked for.
        wanted: String,
        /// Those that exist.
        available: String,
    },
    /// A manifest, config, layout or archive that does not follow its specification.
    #[error("{what} is malformed: {detail}")]
    Malformed {
        /// Which document.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A layer that ends early or does not decompress.
    #[error("layer {layer} cannot be decompressed: {detail}")]
    Corrupt {
        /// The layer's blob digest.
        layer: Digest,
        /// What the decompressor says.
        detail: String,
    },
    /// A limit was reached.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
    /// A file on this machine could not be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl OciError {
    /// A stable word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            OciError::NotFound(_) | OciError::NoFile(_) | OciError::NoSuchName { .. } => {
                "image_not_found"
            }
            OciError::NoCatalog(_) => "catalog_unsupported",
            OciError::Denied { .. } => "registry_denied",
            OciError::RateLimited { .. } => "registry_rate_limited",
            OciError::Unavailable { .. } => "registry_unavailable",
            OciError::Untrusted { .. } => "registry_untrusted",
            OciError::NotAllowed { .. } => "registry_not_allowed",
            OciError::Unexpected { .. } => "registry_unexpected",
            OciError::Ambiguous { .. } => "image_ambiguous",
            OciError::DigestMismatch { .. } => "digest_mismatch",
            OciError::NotAnImage { .. } => "not_an_image",
            OciError::Platform { .. } => "platform_not_found",
            OciError::Malformed { .. } => "malformed_image",
            OciError::Corrupt { .. } => "corrupt_layer",
            OciError::Limit { .. } => "limit_exceeded",
            OciError::File { .. } => "file_unreadable",
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        let text = match self {
            OciError::NotFound(_) => {
                "check the name and the tag; private repositories also answer like this without \
                 credentials"
            }
            OciError::NoFile(_) => {
                "check the path; a layout has an index.json and every blob that it names"
            }
            OciError::NoSuchName { .. } => "name one of these after the path: PATH:NAME",
            OciError::NoCatalog(_) => "send the references themselves instead of a pattern",
            OciError::Denied { .. } => {
                "check the name, and log in with `docker login` or `podman login`, or set \
                 SCANYARD_REGISTRY_USERNAME and SCANYARD_REGISTRY_PASSWORD"
            }
            OciError::RateLimited { .. } => {
                "wait, or log in: most registries allow more requests then"
            }
            OciError::Unavailable { .. } => {
                "check the address and the network; --plain-http for a registry without TLS"
            }
            OciError::Untrusted { .. } => {
                "add the certificate's authority to this machine's, or use --tls-verify=false"
            }
            OciError::NotAllowed { .. } => {
                "add the registry with `scanyard registry add`; what only an operator may allow is \
                 in `scanyard serve --help` under --allow-registry and --allow-private-registries"
            }
            OciError::Unexpected { .. } => {
                "check that the address is a registry's; --plain-http for one without TLS"
            }
            OciError::Ambiguous { .. } => "add the name of one of them after the path: PATH:NAME",
            OciError::DigestMismatch { .. } => {
                "push the image again; if it persists, the registry or something before it alters \
                 content"
            }
            OciError::NotAnImage { .. } => {
                "name the image itself; charts, signatures and attestations hold nothing to scan"
            }
            OciError::Platform { .. } => "choose one of these with --platform",
            OciError::Malformed { .. } => "rebuild or push the image again",
            OciError::Corrupt { .. } => "push the image again: a layer was damaged or cut short",
            OciError::Limit { .. } => {
                "raise the limit only if you trust where the image comes from"
            }
            OciError::File { .. } => "check the path and its permissions",
        };
        text.to_owned()
    }

    /// Whether the same request can succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            OciError::RateLimited { .. } | OciError::Unavailable { .. }
        )
    }

    pub(crate) fn malformed(what: impl Into<String>, detail: impl ToString) -> Self {
        OciError::Malformed {
            what: what.into(),
            detail: detail.to_string(),
        }
    }
}
