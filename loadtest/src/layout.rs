//! The images of an OCI layout and the files of their layers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// An image to measure.
#[derive(Debug, Clone)]
pub struct LayoutImage {
    /// Its tag.
    pub tag: String,
    /// Its layers, with the program that decompresses each.
    pub layers: Vec<(PathBuf, &'static str)>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    annotations: std::collections::HashMap<String, String>,
}

/// The images of a layout that have a tag and layers; indexes of several platforms are left out.
pub fn images(dir: &Path) -> anyhow::Result<Vec<LayoutImage>> {
    let index: Index = read(&dir.join("index.json"))?;
    let mut images = Vec::new();
    for descriptor in index.manifests {
        let Some(tag) = descriptor
            .annotations
            .get("org.opencontainers.image.ref.name")
        else {
            continue;
        };
        let manifest: Manifest = read(&blob(dir, &descriptor.digest))?;
        if manifest.layers.is_empty() {
            continue;
        }
        let layers = manifest
            .layers
            .iter()
            .map(|layer| (blob(dir, &layer.digest), decompressor(&layer.media_type)))
            .collect();
        images.push(LayoutImage {
            tag: tag.clone(),
            layers,
        });
    }
    Ok(images)
}

/// Writes a layout that holds one image of another: some peers take no tag.
pub fn write_single(dir: &Path, tag: &str, into: &Path) -> anyhow::Result<()> {
    let mut index: serde_json::Value = read(&dir.join("index.json"))?;
    let manifests = index["manifests"].as_array_mut().context("no manifests")?;
    manifests
        .retain(|manifest| manifest["annotations"]["org.opencontainers.image.ref.name"] == *tag);
    fs::write(into.join("index.json"), index.to_string())?;
    fs::copy(dir.join("oci-layout"), into.join("oci-layout"))?;
    std::os::unix::fs::symlink(fs::canonicalize(dir.join("blobs"))?, into.join("blobs"))?;
    Ok(())
}

fn blob(dir: &Path, digest: &str) -> PathBuf {
    dir.join("blobs").join(digest.replacen(':', "/", 1))
}

fn decompressor(media_type: &str) -> &'static str {
    match media_type {
        media_type if media_type.ends_with("zstd") => "zstd -dcq",
        media_type if media_type.ends_with("gzip") => "gzip -dc",
        _ => "cat",
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> anyhow::Result<T> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is malformed", path.display()))
}
