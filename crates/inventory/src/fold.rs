//! Lays layer inventories over each other, as a container runtime does with the layers.

use std::collections::{BTreeMap, HashMap};

use scanyard_package::{Coverage, Package, PackageKind};

use crate::catalogers;
use crate::channels;
use crate::image::{FoldedLayer, ImageInventory, LocatedPackage, SpecialFile};
use crate::overlay::{Overlay, Standing};
use crate::path;
use crate::set::CatalogerSet;

/// What an image made of these layers holds.
pub fn fold(layers: &[FoldedLayer<'_>]) -> ImageInventory {
    let mut overlay = Overlay::default();
    let mut coverage = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        overlay.apply(index, layer.inventory);
        let subject = layer.digest.to_string();
        let unknowns = layer.inventory.unknowns.iter();
        coverage.extend(unknowns.map(|u| Coverage::new(u.kind, subject.clone(), u.detail.clone())));
    }
    let secrets = overlay.secrets();
    let mut files = overlay.into_files();
    let special_files = special_files(&files);
    let databases = files
        .iter()
        .map(|(path, standing)| (*path, standing.evidence.packages.len()));
    for path in catalogers::left_behind(databases) {
        files.remove(path);
    }
    let owned = owned_paths(&files);
    for (path, standing) in &files {
        let owned_since = owned.get(path::without_usr(path));
        // An archive or executable of an OS package is that package, whatever it says or hides.
        if catalogers::by_path(path, CatalogerSet::WHOLE).is_none()
            && owned_since.is_some_and(|since| standing.layer() <= *since)
        {
            continue;
        }
        let unknowns = standing.evidence.unknowns.iter();
        coverage.extend(unknowns.map(|u| Coverage::new(u.kind, *path, u.detail.clone())));
    }
    let mut distro = files
        .iter()
        .filter_map(|(path, standing)| {
            let distro = standing.evidence.distro.as_ref()?;
            Some((catalogers::distro_rank(path), distro))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, distro)| distro.clone());
    if let Some(distro) = &mut distro {
        distro.channels = channels::of_image(&files, &mut coverage);
    }
    ImageInventory {
        distro,
        packages: locate(&files, &owned),
        coverage,
        secrets,
        special_files,
    }
}

/// Files that stand with an unusual mode.
fn special_files(files: &BTreeMap<&str, Standing<'_>>) -> Vec<SpecialFile> {
    let special = files
        .iter()
        .filter(|(_, standing)| !standing.evidence.mode.is_ordinary());
    special
        .map(|(path, standing)| SpecialFile {
            path: (*path).to_owned(),
            mode: standing.evidence.mode,
            layer: standing.layer(),
        })
        .collect()
}

/// Every package that stands, once, without those that belong to an OS package.
fn locate(
    files: &BTreeMap<&str, Standing<'_>>,
    owned: &HashMap<&str, usize>,
) -> Vec<LocatedPackage> {
    let mut located: BTreeMap<&Package, LocatedPackage> = BTreeMap::new();
    for (path, standing) in files {
        let owned_since = owned.get(path::without_usr(path));
        for declared in &standing.evidence.packages {
            let package = &declared.package;
            let layer = standing.origin(package);
            // Whoever wrote the file later than the OS package did has put something else there.
            let owned = owned_since.is_some_and(|since| layer <= *since);
            if owned && !package.kind.is_os() {
                continue;
            }
            let entry = located.entry(package).or_insert_with(|| LocatedPackage {
                package: package.clone(),
                layer,
                paths: Vec::new(),
                licences: Vec::new(),
                vendor: None,
            });
            if entry.licences.is_empty() {
                entry.licences.clone_from(&declared.licences);
            }
            if entry.vendor.is_none() {
                entry.vendor.clone_from(&declared.vendor);
            }
            entry.layer = entry.layer.min(layer);
            if entry.paths.last().map(String::as_str) != Some(*path) {
                entry.paths.push((*path).to_owned());
            }
        }
    }
    let mut located: Vec<_> = located.into_values().collect();
    add_debian_licences(&mut located, files);
    located
}

/// Gives packages of dpkg the licences that lie in a file of their name.
fn add_debian_licences(located: &mut [LocatedPackage], files: &BTreeMap<&str, Standing<'_>>) {
    for located in located {
        if located.package.kind == PackageKind::Deb && located.licences.is_empty() {
            let path = catalogers::copyright_path(&located.package.name);
            if let Some(copyright) = files.get(path.as_str()) {
                located.licences.clone_from(&copyright.evidence.licences);
            }
        }
    }
}

/// Paths that OS packages own, with the layer in which their package wrote them.
fn owned_paths<'a>(files: &BTreeMap<&str, Standing<'a>>) -> HashMap<&'a str, usize> {
    let mut owned = HashMap::new();
    for standing in files.values() {
        for (path, since) in standing.owned_paths() {
            let known = owned.entry(path::without_usr(path)).or_insert(since);
            *known = since.max(*known);
        }
    }
    owned
}
