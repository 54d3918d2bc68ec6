//! Portage: by chapter 3.3 of Gentoo's Package Manager Specification.

use crate::natural::{Number, take_while};

const SUFFIXES: [&str; 4] = ["alpha", "beta", "pre", "rc"];

/// A suffix's place around the plain version, and its number. Patches are the only ones after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before(usize, Number),
    End,
    Patch(Number),
}

/// A component after the first: with a leading zero it orders as a fraction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Component {
    Fraction(String),
    Whole(Number),
}

/// A Gentoo version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortageVersion {
    first: Number,
    components: Vec<Component>,
    letter: Option<char>,
    suffixes: Vec<Part>,
    revision: Number,
}

pub fn parse(text: &str) -> Result<PortageVersion, &'static str> {
    let (digits, mut rest) = take_while(text, |c| c.is_ascii_digit());
    let first = Number::parse(digits).ok_or("it does not start with a number")?;
    let mut components = Vec::new();
    while let Some(next) = rest.strip_prefix('.') {
        let (digits, tail) = take_while(next, |c| c.is_ascii_digit());
        components.push(component(digits)?);
        rest = tail;
    }
    let letter = rest.chars().next().filter(char::is_ascii_lowercase);
    rest = &rest[letter.map_or(0, char::len_utf8)..];
    let mut suffixes = Vec::new();
    while let Some(next) = rest.strip_prefix('_') {
        rest = suffix(next, &mut suffixes)?;
    }
    suffixes.push(Part::End);
    let revision = match rest.strip_prefix("-r") {
        Some(number) => Number::parse(number).ok_or("-r needs a number")?,
        None if rest.is_empty() => Number::default(),
        None => return Err("it goes on after the last part that a Gentoo version can have"),
    };
    Ok(PortageVersion {
        first,
        components,
        letter,
        suffixes,
        revision,
    })
}

fn component(digits: &str) -> Result<Component, &'static str> {
    let number = Number::parse(digits).ok_or("a component is not a number")?;
    if digits.starts_with('0') {
        return Ok(Component::Fraction(digits.trim_end_matches('0').to_owned()));
    }
    Ok(Component::Whole(number))
}

fn suffix<'a>(text: &'a str, suffixes: &mut Vec<Part>) -> Result<&'a str, &'static str> {
    let (word, rest) = take_while(text, |c| c.is_ascii_lowercase());
    let (digits, rest) = take_while(rest, |c| c.is_ascii_digit());
    let number = Number::parse(digits).unwrap_or_default();
    suffixes.push(match SUFFIXES.iter().position(|known| *known == word) {
        Some(place) => Part::Before(place, number),
        None if word == "p" => Part::Patch(number),
        None => return Err("it has a suffix that Gentoo does not know"),
    });
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_and_fractions_order_as_the_specification_says() {
        let ascending = [
            "1_alpha", "1_rc1", "1", "1-r1", "1_p1", "1.01", "1.1", "1.1a", "1.1.0",
        ];
        for pair in ascending.windows(2) {
            assert!(
                parse(pair[0]).unwrap() < parse(pair[1]).unwrap(),
                "{pair:?}"
            );
        }
    }
}
