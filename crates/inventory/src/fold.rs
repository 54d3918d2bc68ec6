//! Lays layer inventories over each other, as a container runtime does with the layers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_package::{Coverage, Digest, Distro, Package};

use crate::catalogers;
use crate::layer::{FileEvidence, LayerInventory};
use crate::path;

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
        let mut text = String::new();
        let distro = self
            .distro
            .as_ref()
            .map(Distro::qualifier)
            .unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{distro}");
        for purl in purls {
            let _ = writeln!(text, "{purl}");
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Digest::from_bytes(bytes)
    }
}

/// A file as it stands after the layers so far.
struct Standing<'a> {
    evidence: &'a FileEvidence,
    layer: usize,
    /// The lowest layer of each package that this file has named without interruption.
    origins: HashMap<&'a Package, usize>,
}

/// What an image made of these layers holds.
pub fn fold(layers: &[FoldedLayer<'_>]) -> ImageInventory {
    let mut files: BTreeMap<&str, Standing<'_>> = BTreeMap::new();
    let mut coverage = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        apply(&mut files, index, layer.inventory);
        let subject = layer.digest.to_string();
        let unknowns = layer.inventory.unknowns.iter();
        coverage.extend(unknowns.map(|u| Coverage::new(u.kind, subject.clone(), u.detail.clone())));
    }
    for (path, standing) in &files {
        let unknowns = standing.evidence.unknowns.iter();
        coverage.extend(unknowns.map(|u| Coverage::new(u.kind, *path, u.detail.clone())));
    }
    let distro = files
        .iter()
        .filter_map(|(path, standing)| {
            let distro = standing.evidence.distro.as_ref()?;
            Some((catalogers::distro_rank(path)?, distro))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, distro)| distro.clone());
    ImageInventory {
        distro,
        packages: locate(&files),
        coverage,
    }
}

/// Opaque directories and whiteouts first, then what a layer replaces, then what it brings.
fn apply<'a>(files: &mut BTreeMap<&'a str, Standing<'a>>, index: usize, layer: &'a LayerInventory) {
    let mut below = HashMap::new();
    let gone: Vec<&str> = files
        .keys()
        .copied()
        .filter(|path| hidden(layer, path) || replaced(layer, path))
        .collect();
    for path in gone {
        if let Some(standing) = files.remove(path) {
            below.insert(path, standing);
        }
    }
    for (path, evidence) in &layer.files {
        let evidence = match &evidence.hard_link {
            // The target stands in a layer below, hidden by this one or not.
            Some(target) => match files
                .get(target.as_str())
                .or_else(|| below.get(target.as_str()))
            {
                Some(standing) => standing.evidence,
                None => evidence,
            },
            None => evidence,
        };
        let before = below.get(path.as_str());
        let origin = |package| {
            before
                .and_then(|b| b.origins.get(package).copied())
                .unwrap_or(index)
        };
        let origins = evidence
            .packages
            .iter()
            .map(|package| (package, origin(package)))
            .collect();
        files.insert(
            path,
            Standing {
                evidence,
                layer: index,
                origins,
            },
        );
    }
}

/// Whether the layer deletes the path from those below.
fn hidden(layer: &LayerInventory, path: &str) -> bool {
    if layer.whiteouts.is_empty() && layer.opaque.is_empty() {
        return false;
    }
    let parents = path::with_ancestors(path)
        .skip(1)
        .any(|dir| layer.opaque.contains(dir));
    parents
        || layer.opaque.contains("")
        || path::with_ancestors(path).any(|path| layer.whiteouts.contains(path))
}

/// Whether the layer has something else in the path's place, or in that of a directory above it.
fn replaced(layer: &LayerInventory, path: &str) -> bool {
    let stands = |path: &str| {
        layer
            .non_directories
            .binary_search(&path::hash(path))
            .is_ok()
    };
    layer.files.contains_key(path) || path::with_ancestors(path).any(stands)
}

fn locate(files: &BTreeMap<&str, Standing<'_>>) -> Vec<LocatedPackage> {
    let owned: HashSet<&str> = files
        .values()
        .flat_map(|standing| &standing.evidence.owned)
        .map(|path| path::without_usr(path))
        .collect();
    let mut located: BTreeMap<&Package, LocatedPackage> = BTreeMap::new();
    for (path, standing) in files {
        let owned_by_os = owned.contains(path::without_usr(path));
        for package in &standing.evidence.packages {
            if owned_by_os && !package.kind.is_os() {
                continue;
            }
            let layer = standing
                .origins
                .get(package)
                .copied()
                .unwrap_or(standing.layer);
            let entry = located.entry(package).or_insert_with(|| LocatedPackage {
                package: package.clone(),
                layer,
                paths: Vec::new(),
            });
            entry.layer = entry.layer.min(layer);
            if entry.paths.last().map(String::as_str) != Some(*path) {
                entry.paths.push((*path).to_owned());
            }
        }
    }
    located.into_values().collect()
}
