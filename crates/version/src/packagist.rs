//! Packagist: Composer versions, ordered as PHP's `version_compare` orders their parts.

use crate::natural::{Number, alphanumeric_runs};

/// One part. Unknown words come first, then dev, alpha, beta, RC, the end, numbers, patch level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Other(String),
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number(Number),
    Patch,
}

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
    match run.to_ascii_lowercase().as_str() {
        "dev" => Part::Dev,
        "alpha" | "a" => Part::Alpha,
        "beta" | "b" => Part::Beta,
        "rc" | "c" => Part::Candidate,
        "pl" | "p" | "patch" => Part::Patch,
        other => Part::Other(other.to_owned()),
    }
}
