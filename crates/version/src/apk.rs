//! apk-tools: `digits{.digits}[letter]{_suffix[digits]}[~hash][-rdigits]`, by apk-package(5).
//!
//! apk-tools 2 also read digits after a letter, and Alpine has shipped such versions (`1.9.5p2`),
//! so they are read here too.

use crate::natural::{Number, take_while};

/// Suffixes before the plain version, in order, then those after it.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// One part of a version. At the first place where two versions differ these decide, in this
/// order: a pre-release suffix comes before the end, the end before everything else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    PreSuffix(usize),
    End,
    Revision(Number),
    Hash(String),
    SuffixNumber(Number),
    PostSuffix(usize),
    Letter(char),
    /// A component with leading zeros is a fraction and orders as text.
    Fraction(String),
    Digits(Number),
}

/// An apk version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApkVersion(Vec<Part>);

pub fn parse(text: &str) -> Result<ApkVersion, &'static str> {
    let mut parts = Vec::new();
    let mut rest = components(text, &mut parts)?;
    while let Some(next) = rest.strip_prefix('_') {
        rest = suffix(next, &mut parts)?;
    }
    if let Some(next) = rest.strip_prefix('~') {
        let (hash, tail) = take_while(next, |c| c.is_ascii_hexdigit());
        parts.push(Part::Hash(hash.to_owned()));
        rest = tail;
    }
    if let Some(next) = rest.strip_prefix("-r") {
        let (revision, tail) = take_while(next, |c| c.is_ascii_digit());
        parts.push(Part::Revision(
            Number::parse(revision).ok_or("-r needs a number")?,
        ));
        rest = tail;
    }
    if !rest.is_empty() {
        return Err("it goes on after the last part that an apk version can have");
    }
    parts.push(Part::End);
    Ok(ApkVersion(parts))
}

/// Dotted numbers and the letter after them, and again where digits follow the letter.
fn components<'a>(text: &'a str, parts: &mut Vec<Part>) -> Result<&'a str, &'static str> {
    let mut rest = digits(text, parts, true)?;
    loop {
        while let Some(next) = rest.strip_prefix('.') {
            rest = digits(next, parts, false)?;
        }
        let Some(letter) = rest.chars().next().filter(char::is_ascii_lowercase) else {
            return Ok(rest);
        };
        parts.push(Part::Letter(letter));
        rest = &rest[1..];
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(rest);
        }
        rest = digits(rest, parts, true)?;
    }
}

fn digits<'a>(text: &'a str, parts: &mut Vec<Part>, first: bool) -> Result<&'a str, &'static str> {
    let (run, rest) = take_while(text, |c| c.is_ascii_digit());
    let number = Number::parse(run).ok_or("a number is missing")?;
    parts.push(if !first && run.starts_with('0') {
        Part::Fraction(run.to_owned())
    } else {
        Part::Digits(number)
    });
    Ok(rest)
}

fn suffix<'a>(text: &'a str, parts: &mut Vec<Part>) -> Result<&'a str, &'static str> {
    let (word, rest) = take_while(text, |c| c.is_ascii_lowercase());
    let place = |list: &[&str]| list.iter().position(|known| *known == word);
    parts.push(match (place(&BEFORE), place(&AFTER)) {
        (Some(place), _) => Part::PreSuffix(place),
        (None, Some(place)) => Part::PostSuffix(place),
        (None, None) => return Err("it has a suffix that apk does not know"),
    });
    let (run, rest) = take_while(rest, |c| c.is_ascii_digit());
    if let Some(number) = Number::parse(run) {
        parts.push(Part::SuffixNumber(number));
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn parts_order_as_apk_version_t_says() {
        let ascending = [
            "1.0_alpha",
            "1.0_rc1",
            "1.0",
            "1.0-r1",
            "1.0_git1",
            "1.0_p1",
            "1.0a",
            "1.0.01",
            "1.0.1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(
                parse(pair[0]).unwrap().cmp(&parse(pair[1]).unwrap()),
                Ordering::Less,
                "{pair:?}"
            );
        }
        assert!(parse("1.9.5p2-r1").unwrap() < parse("1.9.5p3").unwrap());
        assert!(parse("1.9.5p2").unwrap() < parse("1.9.6").unwrap());
        assert!(parse("1.0_unknown").is_err());
        assert!(parse("a1").is_err());
    }
}
