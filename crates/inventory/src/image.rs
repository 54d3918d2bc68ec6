//! What is in an image.

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_package::{Coverage, Digest, Distro, Package};
use scanyard_secrets::Secret;

use crate::layer::LayerInventory;
use crate::mode::Mode;

/// One layer of an image, bottom first.
#[derive(Debug, Clone, Copy)]
pub struct FoldedLayer<'a> {
    /// The layer's blob digest.
    pub digest: Digest,
    /// What it holds.
    pub inventory: &'a LayerInventory,
}

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageInventory {
    /// The distro, if the image says which.
    pub distro: Option<Distro>,
    /// Packages, sorted, each once.
    pub packages: Vec<LocatedPackage>,
    /// What could not be read, with its place.
    pub coverage: Vec<Coverage>,
    /// Credentials in files, by path; those in files that are gone at the end too.
    pub secrets: Vec<LocatedSecret>,
    /// Files whose mode lets others do more than is usual, by path.
    pub special_files: Vec<SpecialFile>,
}

/// A credential and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocatedSecret {
    /// The file.
    pub path: String,
    /// The credential, masked.
    pub secret: Secret,
    /// Index of the lowest layer from which the file has had it without interruption.
    pub layer: usize,
    /// Whether an upper layer deletes or replaces it. Whoever has the image has it all the same.
    pub deleted: bool,
}

/// A file with an unusual mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecialFile {
    /// The file.
    pub path: String,
    /// What its mode lets others do.
    pub mode: Mode,
    /// Index of the layer that it is from.
    pub layer: usize,
}

/// A package and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocatedPackage {
    /// The package.
    pub package: Package,
    /// Index of the lowest layer that brought it in this version.
    pub layer: usize,
    /// The files that say it is installed.
    pub paths: Vec<String>,
    /// Its licences, as its metadata words them; several hold together.
    pub licences: Vec<String>,
    /// Who built it, where the package manager records that.
    pub vendor: Option<String>,
}

impl ImageInventory {
    /// The package's purl in this image.
    pub fn purl(&self, located: &LocatedPackage) -> String {
        located.package.purl(self.distro.as_ref())
    }

    /// Names the set of packages: images with equal digests have equal findings.
    pub fn package_set_digest(&self) -> Digest {
        let mut purls: Vec<_> = self
            .packages
            .iter()
            .map(|located| self.purl(located))
            .collect();
        purls.sort_unstable();
        package_set_digest(self.distro.as_ref(), purls.iter().map(String::as_str))
    }
}

/// Names a set of packages of images of a distro, by their sorted purls.
pub fn package_set_digest<'a>(
    distro: Option<&Distro>,
    sorted_purls: impl IntoIterator<Item = &'a str>,
) -> Digest {
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    line(&distro.map(Distro::qualifier).unwrap_or_default());
    for channel in distro.iter().flat_map(|distro| &distro.channels) {
        line(channel);
    }
    sorted_purls.into_iter().for_each(line);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    Digest::from_bytes(bytes)
}
