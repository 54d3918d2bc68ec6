//! The table of software that official images compile themselves, and how its files tell their
//! version. It lies in the files beside this one, by group.
//!
//! A file's name says which rows are tried at all: that a file contains what a row looks for says
//! little, since much embeds the names and versions of others. Rows marked `tried` were run on
//! real files, the others rest on what the software's sources print.

mod databases;
mod languages;
mod libraries;
mod servers;
mod tools;

use std::collections::HashMap;
use std::sync::LazyLock;

use scanyard_package::{Package, PackageKind};

/// How one piece of software is recognised.
pub struct Classifier {
    pub software: Software,
    /// Names of its files, of which `*` is any part.
    pub files: &'static [&'static str],
    /// In the order in which they are believed.
    pub clues: &'static [Clue],
}

/// Bytes that tell a version.
pub struct Clue {
    /// What is looked for in the file.
    pub anchor: &'static str,
    /// What is then matched with the bytes around: the first group is the version.
    pub pattern: &'static str,
}

/// Stands in a clue for the version that the file's name has.
pub const NAMED: &str = "{named}";

/// What the software is called.
pub enum Software {
    /// By Bitnami, whose advisories speak of it.
    Bitnami(&'static str),
    /// By everybody; there are no advisories.
    Generic(&'static str),
}

const fn clue(anchor: &'static str, pattern: &'static str) -> Clue {
    Clue { anchor, pattern }
}

impl Software {
    /// The package of a version as the file writes it.
    pub fn package(&self, version: &str) -> Package {
        match self {
            Software::Bitnami(name) => {
                Package::new(PackageKind::Bitnami, *name, bitnami_version(version))
            }
            Software::Generic(name) => Package::new(PackageKind::Generic, *name, version),
        }
    }
}

/// A version as Bitnami writes it: three numbers, and what comes before a release after a dash.
fn bitnami_version(version: &str) -> String {
    let number_end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at(number_end);
    let mut numbers: Vec<_> = numbers.split('.').filter(|part| !part.is_empty()).collect();
    numbers.resize(3, "0");
    let release = numbers.join(".");
    // Patch levels (`p20`) and builds (`+`) are of the release, not before it.
    let rest = rest.trim_start_matches(['-', '.', '_']);
    let pre_release = rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && !rest
            .strip_prefix('p')
            .is_some_and(|level| level.starts_with(|c: char| c.is_ascii_digit()));
    if pre_release {
        format!("{release}-{rest}")
    } else {
        release
    }
}

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Classifier> {
    [
        databases::DATABASES,
        languages::LANGUAGES,
        libraries::LIBRARIES,
        servers::SERVERS,
        tools::TOOLS,
    ]
    .into_iter()
    .flatten()
}

/// Rows by the file names that they want.
struct ByName {
    exact: HashMap<&'static str, Vec<&'static Classifier>>,
    patterns: Vec<(&'static str, &'static Classifier)>,
}

static BY_NAME: LazyLock<ByName> = LazyLock::new(|| {
    let mut by_name = ByName {
        exact: HashMap::new(),
        patterns: Vec::new(),
    };
    for classifier in all() {
        for file in classifier.files {
            if file.contains('*') {
                by_name.patterns.push((file, classifier));
            } else {
                by_name.exact.entry(file).or_default().push(classifier);
            }
        }
    }
    by_name
});

/// Rows that want a file of this name.
pub fn by_file_name(name: &str) -> impl Iterator<Item = &'static Classifier> {
    let by_name = &*BY_NAME;
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let exact = by_name.exact.get(name).into_iter().flatten().copied();
    let patterns = by_name.patterns.iter();
    let matching = patterns.filter(|(pattern, _)| matches(pattern, name));
    let mut found: Vec<_> = exact
        .chain(matching.map(|(_, classifier)| *classifier))
        .collect();
    found.dedup_by_key(|classifier| std::ptr::from_ref(*classifier));
    found.into_iter()
}

/// Whether a name is of the pattern, of which `*` is any part.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(prefix) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else {
            return false;
        };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests;
