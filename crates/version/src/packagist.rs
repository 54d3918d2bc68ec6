//! Packagist: Composer versions, ordered as PHP's `version_compare` orders their parts.

use crate::natural::{Number, alphanumeric_runs};

/// One part. Words that PHP does not know come first, all alike, then dev, alpha, beta, RC, the
/// end, numbers, patch level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Unknown,
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number(Number),
    Patch,
}

/// PHP knows a word by how it begins, in this order, and heeds case: `post` is a patch level.
const WORDS: [(&str, Part); 9] = [
    ("dev", Part::Dev),
    ("alpha", Part::Alpha),
    ("a", Part::Alpha),
    ("beta", Part::Beta),
    ("b", Part::Beta),
    ("RC", Part::Candidate),
    ("rc", Part::Candidate),
    ("pl", Part::Patch),
    ("p", Part::Patch),
];

/// A Packagist version.
pub type PackagistVersion = Parts;

/// The parts of a version, the end included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parts(Vec<Part>);

pub fn parse(text: &str) -> Result<PackagistVersion, &'static str> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut parts: Vec<Part> = alphanumeric_runs(text).map(part).collect();
    if parts.is_empty() {
        return Err("it has neither digits nor letters");
    }
    parts.push(Part::End);
    Ok(Parts(parts))
}

fn part(run: &str) -> Part {
    if let Some(number) = Number::parse(run) {
        return Part::Number(number);
    }
    WORDS
        .into_iter()
        .find(|(word, _)| run.starts_with(word))
        .map_or(Part::Unknown, |(_, part)| part)
}
