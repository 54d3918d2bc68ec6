//! Images in OCI layouts, OCI archives and docker archives.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use scanyard_package::{Digest, Limits};
use serde::Deserialize;

use crate::files::Files;
use crate::image::{Image, Layer};
use crate::manifest::{self, Descriptor, Manifest};
use crate::source::Select;
use crate::{OciError, PlatformSelect};

/// Indexes within indexes that are followed.
const MAX_INDEXES: usize = 4;

/// The path of a blob in an OCI layout.
pub fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.to_hex())
}

/// The digest of these bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref());
    Digest::from_bytes(digest)
}

/// A small blob, checked against its digest.
fn read_blob(
    files: &Files,
    what: &'static str,
    digest: Digest,
    limits: &Limits,
) -> Result<Vec<u8>, OciError> {
    let bytes = files.read(&blob_path(&digest), limits.manifest_bytes)?;
    let actual = sha256(&bytes);
    if actual != digest {
        return Err(OciError::DigestMismatch {
            what,
            expected: digest,
            actual,
        });
    }
    Ok(bytes)
}

/// The images of an OCI layout.
pub fn layout_images(
    files: &Files,
    select: &Select,
    platforms: &PlatformSelect,
    limits: &Limits,
) -> Result<Vec<Image>, OciError> {
    let index = files.read("index.json", limits.manifest_bytes)?;
    let Manifest::Index(manifests) = manifest::parse("index.json", &index, limits)? else {
        return Err(OciError::malformed("index.json", "it is not an index"));
    };
    let mut pending = match select {
        Select::Digest(digest) => vec![(0, *digest)],
        _ => named(manifests, select, platforms)?
            .iter()
            .map(|d| Ok((0, d.digest()?)))
            .collect::<Result<_, OciError>>()?,
    };
    let mut images = Vec::new();
    while let Some((depth, digest)) = pending.pop() {
        let bytes = read_blob(files, "the manifest", digest, limits)?;
        match manifest::parse(&digest.to_string(), &bytes, limits)? {
            Manifest::Index(_) if depth >= MAX_INDEXES => {
                return Err(OciError::malformed(
                    digest.to_string(),
                    "indexes are nested too deeply",
                ));
            }
            Manifest::Index(manifests) => {
                for descriptor in manifest::select(manifests, platforms)?.iter().rev() {
                    pending.push((depth + 1, descriptor.digest()?));
                }
            }
            Manifest::Image { config, layers } => {
                let bytes = read_blob(files, "the config", config, limits)?;
                let (platform, facts, _) = manifest::parse_config(&bytes)?;
                let manifest_digest = digest;
                images.push(Image {
                    manifest_digest,
                    config_digest: config,
                    platform,
                    layers,
                    config: facts,
                });
            }
        }
    }
    Ok(images)
}

fn named(
    manifests: Vec<Descriptor>,
    select: &Select,
    platforms: &PlatformSelect,
) -> Result<Vec<Descriptor>, OciError> {
    const NAME: &str = "org.opencontainers.image.ref.name";
    if let Select::Tag(tag) = select {
        let matches = |d: &Descriptor| {
            d.annotations.get(NAME).is_some_and(|name| {
                name == tag || name.rsplit_once(':').is_some_and(|(_, last)| last == tag)
            })
        };
        let found: Vec<_> = manifests.into_iter().filter(matches).collect();
        return if found.is_empty() {
            Err(OciError::NotFound(format!("the tag {tag}")))
        } else {
            Ok(found)
        };
    }
    let names: Vec<String> = manifests
        .iter()
        .filter_map(|d| d.annotations.get(NAME).cloned())
        .collect();
    if manifests.len() > 1 && names.len() == manifests.len() {
        let sample = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        let detail = format!("it holds {} images; add one of :{sample}", names.len());
        return Err(OciError::malformed("the layout's choice of image", detail));
    }
    manifest::select(manifests, platforms)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The image of an archive as `docker save` writes it.
pub fn archive_images(
    files: &Files,
    select: &Select,
    limits: &Limits,
) -> Result<Vec<Image>, OciError> {
    let bytes = files.read("manifest.json", limits.manifest_bytes)?;
    let saved: Vec<Saved> =
        serde_json::from_slice(&bytes).map_err(|e| OciError::malformed("manifest.json", e))?;
    let found = choose(saved, select)?;
    if found.layers.len() > limits.layers {
        let limit = format!("{} layers", limits.layers);
        return Err(OciError::Limit {
            what: "the image".into(),
            limit,
        });
    }
    let config = files.read(&found.config, limits.manifest_bytes)?;
    let config_digest = sha256(&config);
    check_name(&found.config, config_digest)?;
    let (platform, facts, diff_ids) = manifest::parse_config(&config)?;
    if diff_ids.len() != found.layers.len() {
        return Err(OciError::malformed(
            "the image config",
            "it names another number of layers",
        ));
    }
    let layers = found
        .layers
        .iter()
        .zip(&diff_ids)
        .map(|(file, diff_id)| archive_layer(files, file, diff_id))
        .collect::<Result<_, _>>()?;
    Ok(vec![Image {
        manifest_digest: config_digest,
        config_digest,
        platform,
        layers,
        config: facts,
    }])
}

fn choose(saved: Vec<Saved>, select: &Select) -> Result<Saved, OciError> {
    let count = saved.len();
    let tags: Vec<String> = saved
        .iter()
        .flat_map(|s| s.repo_tags.clone().unwrap_or_default())
        .collect();
    let mut matching =
        saved.into_iter().filter(|saved| match select {
            Select::Only => count == 1,
            Select::Tag(tag) => saved.repo_tags.iter().flatten().any(|name| {
                name == tag || name.rsplit_once(':').is_some_and(|(_, last)| last == tag)
            }),
            Select::Digest(digest) => saved.config.contains(&digest.to_hex()),
        });
    matching.next().ok_or_else(|| match select {
        Select::Only if count > 1 => {
            let detail = format!("it holds {count} images; add one of :{}", tags.join(", :"));
            OciError::malformed("the archive's choice of image", detail)
        }
        select => OciError::NotFound(format!("the image {select} in the archive")),
    })
}

/// Files that are named by a digest must have it.
fn check_name(name: &str, actual: Digest) -> Result<(), OciError> {
    match digest_in_name(name) {
        Some(expected) if expected != actual => Err(OciError::DigestMismatch {
            what: "the config",
            expected,
            actual,
        }),
        _ => Ok(()),
    }
}

fn digest_in_name(name: &str) -> Option<Digest> {
    let file = name.rsplit('/').next()?.trim_end_matches(".json");
    format!("sha256:{file}").parse().ok()
}

/// A layer's digest: in its name, or the diff ID where it is stored uncompressed, or else computed.
/// Whichever it is, reading the layer verifies it.
fn archive_layer(files: &Files, file: &str, diff_id: &str) -> Result<Layer, OciError> {
    let (mut reader, size) = files.open(file)?;
    let digest = match digest_in_name(file) {
        Some(digest) => digest,
        None => {
            let failed = |source| OciError::File {
                path: file.to_owned(),
                source,
            };
            let mut head = [0; 4];
            let count = reader.read(&mut head).map_err(failed)?;
            let compressed =
                head[..count].starts_with(&[0x1f, 0x8b]) || head == [0x28, 0xb5, 0x2f, 0xfd];
            if compressed {
                hash_rest(&head[..count], reader).map_err(failed)?
            } else {
                diff_id
                    .parse()
                    .map_err(|error| OciError::malformed("the image config", error))?
            }
        }
    };
    let mut layer = Layer::new(digest, size, "application/vnd.docker.image.rootfs.diff.tar");
    layer.file = Some(file.to_owned());
    Ok(layer)
}

fn hash_rest(head: &[u8], mut reader: impl Read) -> io::Result<Digest> {
    let mut hash = Context::new(&SHA256);
    hash.update(head);
    let mut buffer = vec![0; 128 << 10];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Ok(Digest::from_bytes(bytes))
}
