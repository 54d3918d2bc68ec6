//! RubyGems: runs of digits and letters; a letter makes a pre-release. By `Gem::Version`.

use std::cmp::Ordering;

use crate::natural::{Number, alphanumeric_runs, compare_padded};

/// A word comes before every number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Word(String),
    Number(Number),
}

/// A gem version.
#[derive(Debug, Clone)]
pub struct GemVersion(Vec<Segment>);

pub fn parse(text: &str) -> Result<GemVersion, &'static str> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("it does not start with a digit");
    }
    if !text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        || text.contains("..")
    {
        return Err("it holds a character that gem versions may not have");
    }
    let text = text.replacen('-', ".pre.", usize::MAX);
    let segments: Vec<Segment> = alphanumeric_runs(&text)
        .map(|run| match Number::parse(run) {
            Some(number) => Segment::Number(number),
            None => Segment::Word(run.to_owned()),
        })
        .collect();
    Ok(GemVersion(canonical(segments)))
}

/// Drops zeros that end the release part and the pre-release part.
fn canonical(mut segments: Vec<Segment>) -> Vec<Segment> {
    let zero = |segment: &Segment| matches!(segment, Segment::Number(n) if n.is_zero());
    let words = segments
        .iter()
        .position(|s| matches!(s, Segment::Word(_)))
        .unwrap_or(segments.len());
    let mut tail = segments.split_off(words);
    for part in [&mut segments, &mut tail] {
        while part.last().is_some_and(zero) {
            part.pop();
        }
    }
    segments.append(&mut tail);
    segments
}

impl Ord for GemVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, &Segment::Number(Number::default()))
    }
}

impl PartialOrd for GemVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for GemVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for GemVersion {}
