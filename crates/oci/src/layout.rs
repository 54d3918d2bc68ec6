//! Images in OCI layouts, in a directory or a tar.

use std::sync::Arc;

use scanyard_package::{Digest, Limits};

use crate::files::Files;
use crate::image::Image;
use crate::image_source::blocking;
use crate::manifest::{self, Descriptor, Manifest};
use crate::resolve::{self, Documents, Root};
use crate::source::Select;
use crate::{OciError, PlatformSelect};

const INDEX: &str = "index.json";
const NAME: &str = "org.opencontainers.image.ref.name";
/// What containerd adds: the whole reference.
const FULL_NAME: &str = "io.containerd.image.name";
/// Names that a message lists.
const MAX_CHOICES: usize = 8;

/// The path of a blob in an OCI layout.
pub fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.to_hex())
}

/// The images of an OCI layout.
pub async fn images(
    files: Arc<Files>,
    select: &Select,
    platforms: &PlatformSelect,
    limits: &Limits,
) -> Result<Vec<Image>, OciError> {
    let documents = LayoutDocuments {
        files,
        limit: limits.manifest_bytes,
    };
    let mut roots = Vec::new();
    for digest in documents.roots(select, platforms, limits).await? {
        roots.push(Root {
            name: digest.to_string(),
            digest: Some(digest),
            bytes: documents.manifest(digest).await?,
        });
    }
    resolve::images(&documents, roots, platforms, limits).await
}

struct LayoutDocuments {
    files: Arc<Files>,
    limit: u64,
}

impl LayoutDocuments {
    /// The digests that the choice leads to.
    async fn roots(
        &self,
        select: &Select,
        platforms: &PlatformSelect,
        limits: &Limits,
    ) -> Result<Vec<Digest>, OciError> {
        if let Select::Digest(digest) = select {
            return Ok(vec![*digest]);
        }
        let index = self.read(INDEX.to_owned()).await?;
        let Manifest::Index(manifests) = manifest::parse(INDEX, &index, limits)? else {
            return Err(OciError::malformed(INDEX, "it is not an index"));
        };
        let chosen = match select {
            Select::Tag(tag) => named(manifests, tag)?,
            _ => only(manifests, platforms)?,
        };
        chosen.iter().map(Descriptor::digest).collect()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, OciError> {
        let (files, limit) = (Arc::clone(&self.files), self.limit);
        blocking(move || files.read(&name, limit)).await
    }
}

impl Documents for LayoutDocuments {
    async fn manifest(&self, digest: Digest) -> Result<Vec<u8>, OciError> {
        self.read(blob_path(&digest)).await
    }

    async fn config(&self, digest: Digest) -> Result<Vec<u8>, OciError> {
        self.read(blob_path(&digest)).await
    }
}

/// Whether a name in a layout or archive is meant by a tag: all of it, or what follows its colon.
pub fn is_named(name: &str, tag: &str) -> bool {
    name == tag || name.rsplit_once(':').is_some_and(|(_, last)| last == tag)
}

fn named(manifests: Vec<Descriptor>, tag: &str) -> Result<Vec<Descriptor>, OciError> {
    let is_meant = |d: &Descriptor| names_of(d).any(|name| is_named(name, tag));
    if !manifests.iter().any(is_meant) {
        let mut names: Vec<&str> = manifests.iter().flat_map(names_of).collect();
        names.sort_unstable();
        names.dedup();
        return Err(no_such_name("the layout", tag, &names));
    }
    Ok(manifests.into_iter().filter(is_meant).collect())
}

fn names_of(descriptor: &Descriptor) -> impl Iterator<Item = &str> {
    [NAME, FULL_NAME]
        .into_iter()
        .filter_map(|key| descriptor.annotations.get(key).map(String::as_str))
}

/// The error for a name that none of the images has.
pub fn no_such_name(what: &str, wanted: impl ToString, names: &[&str]) -> OciError {
    let available = match names {
        [] => "none with a name".to_owned(),
        names => choices(names),
    };
    OciError::NoSuchName {
        what: what.to_owned(),
        wanted: wanted.to_string(),
        available,
    }
}

/// Several manifests with names of their own are several images; without, they are one image for
/// several platforms.
fn only(
    manifests: Vec<Descriptor>,
    platforms: &PlatformSelect,
) -> Result<Vec<Descriptor>, OciError> {
    let mut names: Vec<&str> = manifests
        .iter()
        .filter_map(|d| d.annotations.get(NAME).map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > 1 {
        return Err(OciError::Ambiguous {
            what: "the layout".into(),
            choices: choices(&names),
        });
    }
    manifest::select(manifests, platforms)
}

/// Names for a message.
pub fn choices(names: &[&str]) -> String {
    let mut text = names[..names.len().min(MAX_CHOICES)].join(", ");
    if names.len() > MAX_CHOICES {
        text += &format!(" and {} more", names.len() - MAX_CHOICES);
    }
    text
}
