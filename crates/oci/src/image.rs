//! An image of one platform, and its layers.

use scanyard_package::Digest;

use crate::Platform;

/// An image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Digest of its manifest; of its config where an archive has no manifest.
    pub manifest_digest: Digest,
    /// Digest of what the reference named: of the index that led to it, or of its own manifest.
    pub root_digest: Digest,
    /// Digest of its config, which is Docker's image ID.
    pub config_digest: Digest,
    /// What it runs on.
    pub platform: Platform,
    /// Its layers, bottom first.
    pub layers: Vec<Layer>,
    /// What its config says about it.
    pub config: ImageConfig,
}

/// What we read of an image's config.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// When it was built, as the builder wrote it.
    pub created: Option<String>,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Whom it runs as, as the config words it; empty where it does not say, which means root.
    pub user: String,
    /// Whether the runtime is told how to ask how it is.
    pub has_healthcheck: bool,
    /// What may hold credentials.
    pub texts: ConfigTexts,
}

/// Texts of an image's config that may hold credentials. They are looked at and then dropped: never
/// stored, logged or shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ConfigTexts {
    /// `NAME=value` of the environment.
    pub environment: Vec<String>,
    /// The entry point and its arguments.
    pub entrypoint: Vec<String>,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// What each step of the build ran, oldest first.
    pub history: Vec<String>,
}

impl std::fmt::Debug for ConfigTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigTexts").finish_non_exhaustive()
    }
}

/// A layer as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Digest of the blob as stored.
    pub digest: Digest,
    /// Bytes of the blob as stored.
    pub size: u64,
    /// The manifest's word for its format.
    pub media_type: String,
    /// Where it is kept in an archive that does not name it by digest.
    pub(crate) file: Option<String>,
}

impl Layer {
    /// A layer that a registry or layout keeps under its digest.
    pub fn new(digest: Digest, size: u64, media_type: impl Into<String>) -> Self {
        Self {
            digest,
            size,
            media_type: media_type.into(),
            file: None,
        }
    }

    /// Whether the registry does not have to hold it (base layers of Windows, mostly).
    pub fn is_foreign(&self) -> bool {
        self.media_type.contains("foreign") || self.media_type.contains("nondistributable")
    }
}
