//! The images of an OCI layout and the files of their layers.

use std::fs::{self, File};
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
struct ArchivedManifest {
    config: Descriptor,
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

/// Writes what `docker save` writes of the one image of a layout: some peers take nothing else.
pub fn write_archive(layout: &Path, file: &Path) -> anyhow::Result<()> {
    let index: Index = read(&layout.join("index.json"))?;
    let manifest = index.manifests.first().context("no manifests")?;
    let manifest: ArchivedManifest = read(&blob(layout, &manifest.digest))?;
    let name = |descriptor: &Descriptor| blob(Path::new(""), &descriptor.digest);
    let listed = serde_json::json!([{
        "Config": name(&manifest.config),
        "RepoTags": ["measured:latest"],
        "Layers": manifest.layers.iter().map(name).collect::<Vec<_>>(),
    }]);
    let mut archive = tar::Builder::new(File::create(file)?);
    let text = listed.to_string();
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "manifest.json", text.as_bytes())?;
    for descriptor in manifest.layers.iter().chain([&manifest.config]) {
        let name = name(descriptor);
        archive.append_path_with_name(layout.join(&name), &name)?;
    }
    archive.finish()?;
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
