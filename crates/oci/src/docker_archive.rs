//! Images in archives as `docker save` writes them: before version 25 with a directory a layer,
//! since then an OCI layout with a `manifest.json` beside it.

use std::io::{self, Read};

use scanyard_package::{Digest, Limits};
use serde::Deserialize;

use crate::files::Files;
use crate::image::{Image, Layer};
use crate::layer_reader::HashingReader;
use crate::layout::{blob_path, choices, is_named, no_such_name};
use crate::manifest::{self, Manifest};
use crate::resolve::{sha256, verify};
use crate::source::Select;
use crate::{OciError, Reference};

const MANIFEST: &str = "manifest.json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// Images of an archive's index that are looked through for one's manifest.
const MAX_INDEXED: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The image of an archive.
pub fn images(files: &Files, select: &Select, limits: &Limits) -> Result<Vec<Image>, OciError> {
    let bytes = files
        .read(MANIFEST, limits.manifest_bytes)
        .map_err(|error| match error {
            OciError::NoFile(_) => OciError::malformed(
                "the archive",
                "it has no manifest.json, so docker save did not write it; is it an oci-archive?",
            ),
            error => error,
        })?;
    let saved: Vec<Saved> =
        serde_json::from_slice(&bytes).map_err(|e| OciError::malformed(MANIFEST, e))?;
    let found = choose(saved, select)?;
    if found.layers.len() > limits.layers {
        return Err(OciError::Limit {
            what: "the image".into(),
            limit: format!("{} layers", limits.layers),
        });
    }
    let config = files.read(&found.config, limits.manifest_bytes)?;
    let config_digest = sha256(&config);
    if let Some(expected) = digest_in_name(&found.config) {
        verify("the config", expected, &config)?;
    }
    let (platform, facts, diff_ids) = crate::config::parse_config(&config)?;
    if diff_ids.len() != found.layers.len() {
        let detail = "it names another number of layers than manifest.json";
        return Err(OciError::malformed("the image config", detail));
    }
    let layers = found.layers.iter().zip(&diff_ids);
    let layers = layers
        .map(|(file, diff_id)| layer(files, file, diff_id))
        .collect::<Result<Vec<_>, _>>()?;
    let manifest_digest = manifest_of(files, config_digest, limits).unwrap_or(config_digest);
    Ok(vec![Image {
        manifest_digest,
        root_digest: manifest_digest,
        config_digest,
        platform,
        layers,
        config: facts,
    }])
}

fn choose(saved: Vec<Saved>, select: &Select) -> Result<Saved, OciError> {
    let count = saved.len();
    let names = saved.iter().flat_map(|s| s.repo_tags.iter().flatten());
    let names: Vec<String> = names.cloned().collect();
    let mut matching = saved.into_iter().filter(|saved| match select {
        Select::Only => count == 1,
        Select::Tag(tag) => saved
            .repo_tags
            .iter()
            .flatten()
            .any(|name| is_meant(name, tag)),
        Select::Digest(digest) => saved.config.contains(&digest.to_hex()),
    });
    matching.next().ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match select {
            Select::Only if count > 1 => OciError::Ambiguous {
                what: "the archive".into(),
                choices: choices(&names),
            },
            Select::Only => OciError::malformed("the archive", "it holds no image"),
            Select::Tag(tag) => no_such_name("the archive", tag, &names),
            Select::Digest(digest) => no_such_name("the archive", digest, &names),
        }
    })
}

/// Some writers complete names, as users need not: `debian:12` is `docker.io/library/debian:12`.
fn is_meant(name: &str, tag: &str) -> bool {
    let completed = |text: &str| text.parse::<Reference>().ok();
    is_named(name, tag) || completed(name).is_some_and(|name| Some(name) == completed(tag))
}

/// The digest of the image's manifest, where the archive has manifests. Whatever is wrong with them
/// is no harm: the image is read from `manifest.json`.
fn manifest_of(files: &Files, config: Digest, limits: &Limits) -> Option<Digest> {
    let read = |name: &str| {
        let bytes = files.read(name, limits.manifest_bytes).ok()?;
        let parsed = manifest::parse(name, &bytes, limits).ok()?;
        Some((sha256(&bytes), parsed))
    };
    let (_, Manifest::Index(manifests)) = read("index.json")? else {
        return None;
    };
    let digests = manifests
        .iter()
        .take(MAX_INDEXED)
        .filter_map(|d| d.digest().ok());
    digests
        .filter_map(|digest| read(&blob_path(&digest)))
        .find_map(|(digest, parsed)| match parsed {
            Manifest::Image { config: found, .. } if found == config => Some(digest),
            _ => None,
        })
}

/// The digest that a file's name is: `blobs/sha256/DIGITS`, `DIGITS.json`.
fn digest_in_name(name: &str) -> Option<Digest> {
    let file = name.rsplit('/').next()?;
    let digits = file
        .strip_suffix(".json")
        .or_else(|| file.strip_suffix(".tar"));
    format!("sha256:{}", digits.unwrap_or(file)).parse().ok()
}

/// A layer, whose digest is in its name, or is the diff ID where it is stored uncompressed, or else
/// is computed. Whichever it is, reading the layer verifies it.
fn layer(files: &Files, file: &str, diff_id: &str) -> Result<Layer, OciError> {
    let (reader, size) = files.open(file)?;
    let digest = match digest_in_name(file) {
        Some(digest) => digest,
        None => digest_of(reader, diff_id).map_err(|source| OciError::File {
            path: file.to_owned(),
            source,
        })?,
    };
    let mut layer = Layer::new(digest, size, LAYER);
    layer.file = Some(file.to_owned());
    Ok(layer)
}

fn digest_of(mut reader: impl Read, diff_id: &str) -> io::Result<Digest> {
    let mut head = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let compressed = head.starts_with(&[0x1f, 0x8b]) || head == [0x28, 0xb5, 0x2f, 0xfd];
    if !compressed && let Ok(digest) = diff_id.parse() {
        return Ok(digest);
    }
    let mut hashing = HashingReader::new(head.as_slice().chain(reader));
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish().0)
}
