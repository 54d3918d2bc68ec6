//! SemVer 2.0.0, read leniently: a leading `v`, and one to any number of components.

use std::cmp::Ordering;

use crate::natural::{Number, compare_padded};

/// One dot-separated identifier: numbers before words, by SemVer section 11.4.3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identifier {
    Number(Number),
    Word(String),
}

/// A semantic version. Build metadata does not order.
#[derive(Debug, Clone)]
pub struct SemverVersion {
    pub numbers: Vec<Number>,
    pub prerelease: Vec<Identifier>,
}

/// Dart's pub orders by build metadata too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PubVersion {
    version: SemverVersion,
    build: Vec<Identifier>,
}

pub fn parse(text: &str) -> Result<SemverVersion, &'static str> {
    Ok(split(text)?.0)
}

pub fn parse_pub(text: &str) -> Result<PubVersion, &'static str> {
    let (version, build) = split(text)?;
    Ok(PubVersion { version, build })
}

fn split(text: &str) -> Result<(SemverVersion, Vec<Identifier>), &'static str> {
    let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
    let (rest, build) = text.split_once('+').unwrap_or((text, ""));
    let (numbers, prerelease) = rest.split_once('-').unwrap_or((rest, ""));
    let numbers = numbers
        .split('.')
        .map(|number| Number::parse(number).ok_or("a component is not a number"))
        .collect::<Result<_, _>>()?;
    let version = SemverVersion {
        numbers,
        prerelease: identifiers(prerelease)?,
    };
    Ok((version, identifiers(build)?))
}

/// The identifiers of a pre-release or of build metadata.
pub fn identifiers(text: &str) -> Result<Vec<Identifier>, &'static str> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split('.').map(identifier).collect()
}

fn identifier(text: &str) -> Result<Identifier, &'static str> {
    if let Some(number) = Number::parse(text) {
        return Ok(Identifier::Number(number));
    }
    let valid = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_~+:".contains(c));
    if text.is_empty() || !valid {
        return Err("a pre-release or build identifier is empty or holds a foreign character");
    }
    Ok(Identifier::Word(text.to_owned()))
}

impl Ord for SemverVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.numbers, &other.numbers, &Number::default())
            .then_with(|| self.prerelease.is_empty().cmp(&other.prerelease.is_empty()))
            .then_with(|| self.prerelease.cmp(&other.prerelease))
    }
}

impl PartialOrd for SemverVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SemverVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SemverVersion {}
