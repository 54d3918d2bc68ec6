//! The files of interest that stand after some layers.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use scanyard_package::Package;

use crate::layer::{DeclaredPackage, FileEvidence, LayerInventory};
use crate::path;

/// A file as it stands after the layers so far.
pub struct Standing<'a> {
    pub evidence: &'a FileEvidence,
    layer: usize,
    /// Lower layers from which this file has named packages without interruption.
    origins: HashMap<&'a Package, usize>,
    /// The same of the paths that it says are owned.
    owned: HashMap<&'a str, usize>,
}

impl<'a> Standing<'a> {
    fn new(
        evidence: &'a FileEvidence,
        layer: usize,
        path: &str,
        below: &HashMap<&str, Standing<'a>>,
    ) -> Self {
        let mut standing = Self {
            evidence,
            layer,
            origins: HashMap::new(),
            owned: HashMap::new(),
        };
        let Some(before) = below.get(path) else {
            return standing;
        };
        let named: HashMap<_, _> = before.packages().collect();
        for DeclaredPackage { package, .. } in &evidence.packages {
            if let Some(origin) = named.get(package) {
                standing.origins.insert(package, *origin);
            }
        }
        let owned: HashMap<_, _> = before.owned_paths().collect();
        for path in &evidence.owned {
            if let Some(since) = owned.get(path.as_str()) {
                standing.owned.insert(path, *since);
            }
        }
        standing
    }

    /// The lowest layer from which this file has named the package without interruption.
    pub fn origin(&self, package: &Package) -> usize {
        self.origins.get(package).copied().unwrap_or(self.layer)
    }

    /// The lowest layer from which this file has named the path as owned without interruption.
    pub fn owned_since(&self, path: &str) -> usize {
        self.owned.get(path).copied().unwrap_or(self.layer)
    }

    fn packages(&self) -> impl Iterator<Item = (&'a Package, usize)> {
        let packages = self.evidence.packages.iter();
        packages.map(|declared| (&declared.package, self.origin(&declared.package)))
    }

    fn owned_paths(&self) -> impl Iterator<Item = (&'a str, usize)> {
        let paths = self.evidence.owned.iter();
        paths.map(|path| (path.as_str(), self.owned_since(path)))
    }
}

/// Layers laid over each other. The work for each layer follows its own size, not that of what is
/// below: images of a hundred small layers are common.
#[derive(Default)]
pub struct Overlay<'a> {
    files: BTreeMap<&'a str, Standing<'a>>,
    /// Every path of a file that ever stood, and of the directories above it, by hash. Layers say
    /// what they replace in hashes.
    known: HashMap<u64, &'a str>,
}

impl<'a> Overlay<'a> {
    /// Lays one more layer on top: what it deletes first, then what it replaces, then what it
    /// brings.
    pub fn apply(&mut self, index: usize, layer: &'a LayerInventory) {
        let below = self.take_away(layer);
        for (path, evidence) in &layer.files {
            // A target stands in a layer below, hidden by this one or not.
            let target = evidence.hard_link.as_deref();
            let linked = target.and_then(|target| {
                let standing = self.files.get(target).filter(|found| found.layer < index);
                standing.or_else(|| below.get(target))
            });
            let evidence = linked.map_or(evidence, |standing| standing.evidence);
            let standing = Standing::new(evidence, index, path, &below);
            self.files.insert(path, standing);
            for (prefix, hash) in path::prefixes(path) {
                self.known.insert(hash, prefix);
            }
        }
    }

    /// What stands at the end, by path.
    pub fn into_files(self) -> BTreeMap<&'a str, Standing<'a>> {
        self.files
    }

    /// Removes what the layer hides or replaces.
    fn take_away(&mut self, layer: &LayerInventory) -> HashMap<&'a str, Standing<'a>> {
        let mut gone = HashMap::new();
        for directory in &layer.opaque {
            self.take_below(directory, &mut gone);
        }
        for path in &layer.whiteouts {
            self.take_at(path, &mut gone);
            self.take_below(path, &mut gone);
        }
        for hash in &layer.non_directories {
            if let Some(path) = self.known.get(hash).copied() {
                self.take_at(path, &mut gone);
                self.take_below(path, &mut gone);
            }
        }
        for hash in &layer.directories {
            if let Some(path) = self.known.get(hash).copied() {
                self.take_at(path, &mut gone);
            }
        }
        gone
    }

    fn take_at(&mut self, path: &str, gone: &mut HashMap<&'a str, Standing<'a>>) {
        if let Some((path, standing)) = self.files.remove_entry(path) {
            gone.insert(path, standing);
        }
    }

    fn take_below(&mut self, directory: &str, gone: &mut HashMap<&'a str, Standing<'a>>) {
        let prefix = match directory {
            "" => String::new(),
            directory => format!("{directory}/"),
        };
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let paths: Vec<_> = self
            .files
            .range::<str, _>(from)
            .map(|(path, _)| *path)
            .take_while(|path| path.starts_with(&prefix))
            .collect();
        for path in paths {
            self.take_at(path, gone);
        }
    }
}
