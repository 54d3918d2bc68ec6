//! From the entries of a bill of materials to evidence.

use std::collections::{BTreeMap, HashSet};

use scanyard_package::{CoverageKind, Distro, InvalidPurl, Package, PackageKind, SourcePackage};

use crate::layer::{DeclaredPackage, FileEvidence, Unknown};

/// Unreadable entries that are named one by one; the rest are counted.
const MOST_NAMED: usize = 10;

/// One package as a bill lists it.
#[derive(Default)]
pub struct Entry<'a> {
    pub name: &'a str,
    pub purl: Option<&'a str>,
    pub licences: Vec<String>,
    /// The source package, where the bill says so outside the purl.
    pub source: Option<SourcePackage>,
    pub module: Option<String>,
}

/// Collects entries.
#[derive(Default)]
pub struct Collector {
    /// Packages at most, and how many there were beyond.
    most: usize,
    beyond: usize,
    evidence: FileEvidence,
    known: HashSet<Package>,
    distro: Option<Distro>,
    other_types: BTreeMap<String, usize>,
    without_purl: Vec<String>,
    unreadable: Vec<String>,
}

impl Collector {
    /// Nothing yet, and room for so many packages.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// The distro as the bill names it, which decides over the purls.
    pub fn distro(&mut self, distro: Distro) {
        self.evidence.distro.get_or_insert(distro);
    }

    /// One package.
    pub fn add(&mut self, entry: Entry<'_>) {
        let Some(purl) = entry.purl else {
            self.without_purl.push(entry.name.to_owned());
            return;
        };
        let (mut package, distro) = match Package::from_purl(purl) {
            Ok(read) => read,
            Err(InvalidPurl::Type(other)) => {
                *self.other_types.entry(other).or_default() += 1;
                return;
            }
            Err(error) => {
                self.unreadable.push(format!("{purl}: {error}"));
                return;
            }
        };
        if package.kind.is_os() && package.source.is_none() {
            package.source = entry.source.filter(|source| *source != of_itself(&package));
        }
        if package.kind == PackageKind::Rpm && package.module.is_none() {
            package.module = entry.module;
        }
        if self.distro.is_none() {
            self.distro = distro;
        }
        if self.known.contains(&package) {
            return;
        }
        if self.known.len() >= self.most {
            self.beyond += 1;
        } else if self.known.insert(package.clone()) {
            self.evidence.packages.push(DeclaredPackage {
                package,
                licences: entry.licences,
                vendor: None,
                owned: Vec::new(),
            });
        }
    }

    /// What all of it says.
    pub fn finish(mut self) -> FileEvidence {
        self.evidence.distro = self.evidence.distro.or(self.distro);
        let mut unknown = |kind, detail| self.evidence.unknowns.push(Unknown { kind, detail });
        for (purl_type, count) in self.other_types {
            let detail = format!(
                "{count} listed with purls of type {purl_type}, which no advisories that we read speak of"
            );
            unknown(CoverageKind::NoAdvisories, detail);
        }
        if self.beyond > 0 {
            let detail = format!(
                "more than {} packages; {} entries were left out",
                self.most, self.beyond
            );
            unknown(CoverageKind::LimitExceeded, detail);
        }
        if !self.without_purl.is_empty() {
            let detail = format!("listed without a purl: {}", named(&self.without_purl));
            unknown(CoverageKind::UnreadableFile, detail);
        }
        if !self.unreadable.is_empty() {
            let detail = format!("purls that cannot be read: {}", named(&self.unreadable));
            unknown(CoverageKind::UnreadableFile, detail);
        }
        self.evidence
    }
}

fn of_itself(package: &Package) -> SourcePackage {
    SourcePackage {
        name: package.name.clone(),
        version: package.version.clone(),
    }
}

fn named(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_NAMED)].join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_beyond_the_limit_are_counted_and_said() {
        let mut collector = Collector::new(2);
        for purl in ["pkg:npm/a@1", "pkg:npm/b@1", "pkg:npm/a@1", "pkg:npm/c@1"] {
            let purl = Some(purl);
            collector.add(Entry {
                purl,
                ..Entry::default()
            });
        }
        let evidence = collector.finish();
        assert_eq!(evidence.packages.len(), 2);
        let [unknown] = evidence.unknowns.as_slice() else {
            panic!("{evidence:?}");
        };
        assert_eq!(unknown.kind, CoverageKind::LimitExceeded);
        assert_eq!(
            unknown.detail,
            "more than 2 packages; 1 entries were left out"
        );
    }
}
