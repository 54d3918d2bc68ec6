//! The files of interest that stand after some layers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use scanyard_package::Package;
use scanyard_secrets::Secret;

use crate::image::LocatedSecret;
use crate::layer::{DeclaredPackage, FileEvidence, LayerInventory};
use crate::path;

/// A file as it stands after the layers so far.
pub struct Standing<'a> {
    pub evidence: &'a FileEvidence,
    layer: usize,
    /// Lower layers from which this file has named packages without interruption.
    origins: HashMap<&'a Package, usize>,
    /// The same of its secrets, by what does not change when lines move.
    secrets: HashMap<(&'a str, &'a str), usize>,
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
            secrets: HashMap::new(),
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
        let secrets: HashMap<_, _> = before.secrets().map(|(s, since)| (key(s), since)).collect();
        for secret in &evidence.secrets {
            if let Some(since) = secrets.get(&key(secret)) {
                standing.secrets.insert(key(secret), *since);
            }
        }
        standing
    }

    /// The layer that it is from.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// Its secrets, each with the lowest layer from which it has had them without interruption.
    fn secrets(&self) -> impl Iterator<Item = (&'a Secret, usize)> {
        let since = |secret| self.secrets.get(&key(secret)).copied();
        let secrets = self.evidence.secrets.iter();
        secrets.map(move |secret| (secret, since(secret).unwrap_or(self.layer)))
    }

    /// The lowest layer from which this file has named the package without interruption.
    pub fn origin(&self, package: &Package) -> usize {
        self.origins.get(package).copied().unwrap_or(self.layer)
    }

    fn packages(&self) -> impl Iterator<Item = (&'a Package, usize)> {
        let packages = self.evidence.packages.iter();
        packages.map(|declared| (&declared.package, self.origin(&declared.package)))
    }

    /// Paths that OS packages own, each with the layer that brought its package in this version:
    /// then the package manager wrote the path. A list of one package's files is written with them.
    pub fn owned_paths(&self) -> impl Iterator<Item = (&'a str, usize)> {
        let listed = self.evidence.owned.iter();
        let listed = listed.map(|path| (path, self.layer));
        let declared = self.evidence.packages.iter().flat_map(|declared| {
            let origin = self.origin(&declared.package);
            declared.owned.iter().map(move |path| (path, origin))
        });
        listed
            .chain(declared)
            .map(|(path, since)| (path.as_str(), since))
    }
}

/// What tells secrets of one file apart, wherever in it they stand.
fn key(secret: &Secret) -> (&str, &str) {
    (&secret.rule, &secret.excerpt)
}

/// Layers laid over each other. The work for each layer follows its own size, not that of what is
/// below: images of a hundred small layers are common.
#[derive(Default)]
pub struct Overlay<'a> {
    files: BTreeMap<&'a str, Standing<'a>>,
    /// Every path of a file that ever stood, and of the directories above it, by hash. Layers say
    /// what they replace in hashes.
    known: HashMap<u64, &'a str>,
    /// Secrets of files that a layer deleted or replaced.
    deleted: Vec<LocatedSecret>,
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
        for (path, standing) in below {
            self.note_deleted(path, &standing);
        }
    }

    /// Notes secrets of a file that is gone, unless what is in its place has them too.
    fn note_deleted(&mut self, path: &str, gone: &Standing<'a>) {
        let stands = self.files.get(path);
        let kept: HashSet<_> = stands
            .into_iter()
            .flat_map(|standing| standing.evidence.secrets.iter().map(key))
            .collect();
        let lost = gone
            .secrets()
            .filter(|(secret, _)| !kept.contains(&key(secret)));
        self.deleted
            .extend(lost.map(|(secret, layer)| located(path, secret, layer, true)));
    }

    /// Every secret so far: those that stand and those that are gone.
    pub fn secrets(&self) -> Vec<LocatedSecret> {
        let stands = self.files.iter().flat_map(|(path, standing)| {
            let secrets = standing.secrets();
            secrets.map(|(secret, layer)| located(path, secret, layer, false))
        });
        let mut secrets: Vec<_> = stands.chain(self.deleted.iter().cloned()).collect();
        secrets.sort();
        secrets.dedup();
        secrets
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

fn located(path: &str, secret: &Secret, layer: usize, deleted: bool) -> LocatedSecret {
    LocatedSecret {
        path: path.to_owned(),
        secret: secret.clone(),
        layer,
        deleted,
    }
}
