//! Images and indexes as documents.

use std::collections::BTreeMap;

use scanyard_package::Digest;
use serde_json::{Value, json};

use crate::Layer;
use crate::layer::sha256;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image of one platform. Every method that changes it changes its digest.
#[derive(Debug, Clone)]
pub struct Image {
    layers: Vec<Layer>,
    platform: String,
    labels: BTreeMap<String, String>,
    config_media_type: String,
    edits: Vec<(String, Value)>,
}

impl Image {
    /// An image of these layers, bottom first, for linux/amd64.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self {
            layers,
            platform: "linux/amd64".into(),
            labels: BTreeMap::new(),
            config_media_type: CONFIG.into(),
            edits: Vec::new(),
        }
    }

    /// Sets the platform: `os/architecture` or `os/architecture/variant`.
    pub fn platform(mut self, platform: &str) -> Self {
        self.platform = platform.into();
        self
    }

    /// Adds a label to the config.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Sets the config's media type, to make something that is no image.
    pub fn config_media_type(mut self, media_type: &str) -> Self {
        self.config_media_type = media_type.into();
        self
    }

    /// Sets a field of the manifest, whatever the specification says.
    pub fn manifest_field(mut self, name: &str, value: Value) -> Self {
        self.edits.push((name.into(), value));
        self
    }

    /// Its layers, bottom first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The config document.
    pub fn config(&self) -> Vec<u8> {
        let mut config = platform_document(&self.platform);
        config["config"] = json!({ "Labels": self.labels });
        let diff_ids: Vec<String> = self.layers.iter().map(|l| l.diff_id.to_string()).collect();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        config.to_string().into_bytes()
    }

    /// Digest of the config.
    pub fn config_digest(&self) -> Digest {
        sha256(&self.config())
    }

    /// The manifest document.
    pub fn manifest(&self) -> Vec<u8> {
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| descriptor(&layer.media_type, &layer.blob))
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(&self.config_media_type, &self.config()),
            "layers": layers,
        });
        for (name, value) in &self.edits {
            manifest[name] = value.clone();
        }
        manifest.to_string().into_bytes()
    }

    /// The manifest's media type.
    pub fn media_type(&self) -> String {
        let manifest: Value = serde_json::from_slice(&self.manifest()).unwrap();
        manifest["mediaType"]
            .as_str()
            .unwrap_or(MANIFEST)
            .to_owned()
    }

    /// Digest of the manifest.
    pub fn digest(&self) -> Digest {
        sha256(&self.manifest())
    }

    /// Config and layers by digest.
    pub fn blobs(&self) -> Vec<(Digest, Vec<u8>)> {
        let layers = self.layers.iter().map(|l| (l.digest(), l.blob.clone()));
        layers
            .chain([(self.config_digest(), self.config())])
            .collect()
    }

    /// The descriptor of this image in an index.
    pub(crate) fn descriptor(&self) -> Value {
        let mut found = descriptor(&self.media_type(), &self.manifest());
        found["platform"] = platform_document(&self.platform);
        found
    }
}

/// A list of images by platform.
#[derive(Debug, Clone, Default)]
pub struct Index {
    images: Vec<Image>,
    descriptors: Vec<Value>,
}

impl Index {
    /// An index of these images.
    pub fn new(images: Vec<Image>) -> Self {
        let descriptors = images.iter().map(Image::descriptor).collect();
        Self {
            images,
            descriptors,
        }
    }

    /// Adds something as BuildKit adds attestations: platform `unknown/unknown`, an annotation.
    pub fn attestation(mut self, attestation: Image) -> Self {
        let mut entry = attestation.descriptor();
        entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        entry["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
        self.descriptors.push(entry);
        self.images.push(attestation);
        self
    }

    /// Adds an image without saying what it runs on.
    pub fn without_platform(mut self, image: Image) -> Self {
        self.descriptors
            .push(descriptor(&image.media_type(), &image.manifest()));
        self.images.push(image);
        self
    }

    /// What it lists.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The document.
    pub fn manifest(&self) -> Vec<u8> {
        let document = json!({
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": self.descriptors,
        });
        document.to_string().into_bytes()
    }

    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        INDEX
    }

    /// Digest of the document.
    pub fn digest(&self) -> Digest {
        sha256(&self.manifest())
    }
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": sha256(bytes).to_string(),
        "size": bytes.len(),
    })
}

fn platform_document(platform: &str) -> Value {
    let mut parts = platform.splitn(3, '/');
    let mut document = json!({ "os": parts.next(), "architecture": parts.next() });
    if let Some(variant) = parts.next() {
        document["variant"] = variant.into();
    }
    document
}
