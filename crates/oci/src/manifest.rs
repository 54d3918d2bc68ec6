//! Manifests and indexes of OCI and Docker, and what is neither.

use std::collections::BTreeMap;

use scanyard_package::{Digest, Limits};
use serde::Deserialize;

use crate::image::Layer;
use crate::{OciError, Platform, PlatformSelect};

/// The media types that we ask registries for.
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    schema_version: u32,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

/// A pointer to content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: String,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    platform: Option<PlatformDocument>,
}

#[derive(Debug, Clone, Deserialize)]
struct PlatformDocument {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

impl PlatformDocument {
    fn read(self) -> Option<Platform> {
        let known = |word: &str| !word.is_empty() && word != "unknown";
        (known(&self.os) && known(&self.architecture)).then(|| Platform {
            os: self.os,
            architecture: self.architecture,
            variant: self.variant.filter(|variant| !variant.is_empty()),
        })
    }
}

impl Descriptor {
    /// The digest that it points to.
    pub fn digest(&self) -> Result<Digest, OciError> {
        self.digest
            .parse()
            .map_err(|error| OciError::malformed("a descriptor", error))
    }

    fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
    }
}

/// What a manifest document turns out to be.
#[derive(Debug)]
pub enum Manifest {
    /// An image: its config and its layers.
    Image { config: Digest, layers: Vec<Layer> },
    /// A list of manifests by platform.
    Index(Vec<Descriptor>),
}

/// Reads a manifest document.
pub fn parse(what: &str, bytes: &[u8], limits: &Limits) -> Result<Manifest, OciError> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|e| OciError::malformed(what, e))?;
    if document.manifests.is_some() && (document.config.is_some() || document.layers.is_some()) {
        // Readers disagree on what it is, and an attacker picks what each of them sees.
        return Err(OciError::malformed(
            what,
            "it is a manifest and an index at once",
        ));
    }
    if let Some(manifests) = document.manifests {
        return Ok(Manifest::Index(manifests));
    }
    let refuse = |kind: &str| {
        Err(OciError::NotAnImage {
            what: what.to_owned(),
            kind: kind.to_owned(),
        })
    };
    if document.schema_version == 1 {
        return refuse("a manifest of the withdrawn schema 1");
    }
    let (Some(config), Some(layers)) = (&document.config, &document.layers) else {
        return refuse("a document that is no manifest");
    };
    if let Some(kind) = other_kind(document.artifact_type.as_deref(), config, layers) {
        return refuse(&kind);
    }
    if layers.len() > limits.layers {
        let limit = format!("{} layers", limits.layers);
        return Err(OciError::Limit {
            what: what.to_owned(),
            limit,
        });
    }
    let layers = layers
        .iter()
        .map(|layer| Ok(Layer::new(layer.digest()?, layer.size, &layer.media_type)))
        .collect::<Result<_, OciError>>()?;
    Ok(Manifest::Image {
        config: config.digest()?,
        layers,
    })
}

/// What a manifest is when it is no image, with its article.
fn other_kind(
    artifact: Option<&str>,
    config: &Descriptor,
    layers: &[Descriptor],
) -> Option<String> {
    let types = || {
        let layers = layers.iter().map(|layer| layer.media_type.as_str());
        artifact
            .into_iter()
            .chain([config.media_type.as_str()])
            .chain(layers)
    };
    let any = |part: &str| types().any(|media_type| media_type.contains(part));
    let known = [
        ("helm", "a Helm chart"),
        ("cosign.simplesigning", "a cosign signature"),
        ("sigstore.bundle", "a sigstore signature"),
        ("notary.signature", "a notation signature"),
        ("in-toto", "an attestation"),
        ("spdx", "an SBOM"),
        ("cyclonedx", "an SBOM"),
        ("wasm", "a WebAssembly module"),
        ("docker.plugin", "a Docker plugin"),
        ("+encrypted", "an encrypted image"),
    ];
    if let Some((_, kind)) = known.into_iter().find(|(part, _)| any(part)) {
        return Some(kind.to_owned());
    }
    // The last two are of images from before configs had a media type.
    const CONFIGS: [&str; 4] = [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
        "application/octet-stream",
        "",
    ];
    if CONFIGS.contains(&config.media_type.as_str()) && artifact.is_none() {
        return None;
    }
    Some(format!(
        "an artifact of type {}",
        artifact.unwrap_or(&config.media_type)
    ))
}

/// The manifests of an index that are wanted, attestations left out.
pub fn select(
    manifests: Vec<Descriptor>,
    wanted: &PlatformSelect,
) -> Result<Vec<Descriptor>, OciError> {
    let platform = |d: &Descriptor| d.platform.clone().and_then(PlatformDocument::read);
    let images: Vec<Descriptor> = manifests
        .into_iter()
        .filter(|d| !d.is_attestation() && (d.platform.is_none() || platform(d).is_some()))
        .collect();
    let PlatformSelect::One(wanted) = wanted else {
        return Ok(images);
    };
    let ranked = images
        .iter()
        .filter_map(|d| Some((platform(d)?.rank(wanted)?, d)));
    if let Some((_, best)) = ranked.min_by_key(|(rank, _)| *rank) {
        return Ok(vec![best.clone()]);
    }
    // An entry without platform may be anything; its config will say.
    let (unsaid, said): (Vec<_>, Vec<_>) = images.into_iter().partition(|d| platform(d).is_none());
    if !unsaid.is_empty() || said.is_empty() {
        return Ok(unsaid);
    }
    let available: Vec<_> = said
        .iter()
        .filter_map(platform)
        .map(|p| p.to_string())
        .collect();
    Err(OciError::Platform {
        wanted: wanted.to_string(),
        available: available.join(", "),
    })
}
