//! What archives were found to be, gathered from the innermost outwards.

use std::collections::BTreeMap;
use std::io;

use scanyard_package::{CoverageKind, Limits};

use super::archive::{Name, Piece};
use super::identity::{self, Clues, Identity};
use super::tomcat;
use crate::layer::{DeclaredPackage, FileEvidence, Unknown};
use crate::zip_stream::ZipError;

/// Names that a sentence gives, and characters of each.
const EXAMPLES: usize = 5;
const NAME_LENGTH: usize = 60;
/// Different sentences about one file.
const MOST_UNKNOWNS: usize = 10;
/// Directories named for packages that are kept of one archive.
const MOST_NAMED: usize = 1_000;

/// What an archive is, with those within it.
#[derive(Default)]
pub struct Found {
    packages: Vec<DeclaredPackage>,
    unknowns: Vec<Unknown>,
    groupless: Names,
    nameless: Names,
}

/// Names of archives: how many, and the first few.
#[derive(Default)]
struct Names {
    count: usize,
    examples: Vec<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(name.chars().take(NAME_LENGTH).collect());
        }
    }

    fn append(&mut self, other: Names) {
        self.count += other.count;
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }

    /// `a, b and 3 more`; `None` when there are none.
    fn shown(&self) -> Option<String> {
        let examples = self.examples.join(", ");
        match self.count - self.examples.len() {
            _ if self.count == 0 => None,
            0 => Some(examples),
            more => Some(format!("{examples} and {more} more")),
        }
    }
}

impl Found {
    /// Notes what ended the reading of an archive or an entry.
    ///
    /// # Errors
    ///
    /// What the stream gave, which says nothing about the archive.
    pub fn note(&mut self, error: ZipError) -> io::Result<()> {
        match error {
            ZipError::Stream(error) => return Err(error),
            ZipError::Malformed(detail) => {
                self.unknown(CoverageKind::UnreadableFile, detail.to_owned());
            }
            ZipError::Limit(detail) => self.unknown(CoverageKind::LimitExceeded, detail),
        }
        Ok(())
    }

    /// Notes something that could not be read, once.
    pub fn unknown(&mut self, kind: CoverageKind, detail: String) {
        let unknown = Unknown { kind, detail };
        if self.unknowns.len() < MOST_UNKNOWNS && !self.unknowns.contains(&unknown) {
            self.unknowns.push(unknown);
        }
    }

    /// Adds what the entries of the archive at this path say.
    pub fn add_pieces(&mut self, path: &str, pieces: impl Iterator<Item = Piece>, limits: &Limits) {
        let mut clues = Clues::default();
        let mut by_name = BTreeMap::new();
        for piece in pieces {
            match piece {
                Piece::Manifest(manifest) => clues.manifest = manifest,
                Piece::Pom(pom) => clues.poms.push(pom),
                Piece::Named(name, licences) => {
                    let is_new = clues.named.last() != Some(&name);
                    if is_new && clues.named.len() < MOST_NAMED {
                        clues.named.push(name.clone());
                    }
                    if !licences.is_empty() {
                        by_name.insert(name, licences);
                    }
                }
                Piece::Archive(found) => self.append(found),
            }
        }
        self.identify(path, &clues, &by_name);
        if self.packages.len() > limits.packages {
            self.packages.truncate(limits.packages);
            let detail = format!("more than {} packages in one file", limits.packages);
            self.unknown(CoverageKind::LimitExceeded, detail);
        }
    }

    fn append(&mut self, other: Found) {
        self.packages.extend(other.packages);
        for unknown in other.unknowns {
            self.unknown(unknown.kind, unknown.detail);
        }
        self.groupless.append(other.groupless);
        self.nameless.append(other.nameless);
    }

    fn identify(&mut self, path: &str, clues: &Clues, by_name: &BTreeMap<Name, Vec<String>>) {
        let licences = clues.manifest.licences();
        let is_alone = clues.poms.len() == 1;
        for pom in &clues.poms {
            let Some(package) = identity::package_of(pom, path, clues) else {
                self.nameless.add(&pom.artifact);
                continue;
            };
            let mut declared = DeclaredPackage::from(package);
            let name = (pom.group.clone(), pom.artifact.clone());
            if let Some(own) = by_name.get(&name).or(is_alone.then_some(&licences)) {
                declared.licences.clone_from(own);
            }
            self.packages.push(declared);
        }
        let (_, name) = crate::path::split_name(path);
        let package = match identity::identify(path, clues) {
            Identity::Known(package) => package,
            Identity::Groupless(package) => {
                self.groupless.add(name);
                package
            }
            Identity::Unknown => return self.nameless.add(name),
            Identity::None => return,
        };
        let installation = tomcat::installation(path, &package);
        for package in installation.into_iter().chain([package]) {
            let mut declared = DeclaredPackage::from(package);
            declared.licences.clone_from(&licences);
            self.packages.push(declared);
        }
    }

    /// The evidence of the file that all of it lies in.
    pub fn into_evidence(mut self) -> FileEvidence {
        let groupless = self.groupless.shown().map(|names| {
            format!("no Maven group is stated for {names}: their advisories may be missed")
        });
        let nameless = self.nameless.shown().map(|names| {
            format!(
                "nothing tells which package or version {names} is: no advisories were looked up"
            )
        });
        for detail in groupless.into_iter().chain(nameless) {
            self.unknown(CoverageKind::UnreadableFile, detail);
        }
        self.packages.sort_by(|a, b| a.package.cmp(&b.package));
        self.packages.dedup_by(|a, b| a.package == b.package);
        FileEvidence {
            packages: self.packages,
            unknowns: self.unknowns,
            ..FileEvidence::default()
        }
    }
}
