//! Java runtimes: JEP 223 (`11.0.2+9`), and before it `1.8.0_292-b10` and `8u292`.
//!
//! Builds do not order: vendors number their own, and advisories never name one.

use std::cmp::Ordering;

use crate::natural::{Number, compare_padded, take_while};

/// A Java runtime version.
#[derive(Debug, Clone)]
pub struct JvmVersion {
    numbers: Vec<Number>,
    prerelease: Option<String>,
}

pub fn parse(text: &str) -> Result<JvmVersion, &'static str> {
    let text = text
        .strip_prefix("jdk")
        .unwrap_or(text)
        .trim_start_matches('-');
    let text = text
        .replacen("-update_", "_", 1)
        .replacen("-update", "_", 1);
    let (digits, rest) = take_while(&text, |c| {
        c.is_ascii_digit() || matches!(c, '.' | '_' | 'u')
    });
    // `8u292` is `8.0.292`: the second number was never anything but zero.
    let digits = digits.replacen('u', ".0.", 1);
    let mut numbers = digits
        .split(['.', '_'])
        .map(|number| Number::parse(number).ok_or("a component is not a number"))
        .collect::<Result<Vec<_>, _>>()?;
    // Before JEP 223 the feature release stood second: 1.8 is 8.
    if numbers.len() > 1 && Some(&numbers[0]) == Number::parse("1").as_ref() {
        numbers.remove(0);
    }
    let label = rest.split_once('+').map_or(rest, |(label, _)| label);
    let prerelease = label
        .split('-')
        .find(|word| !word.is_empty() && !is_build(word));
    Ok(JvmVersion {
        numbers,
        prerelease: prerelease.map(str::to_owned),
    })
}

/// `b10`, as builds were written before JEP 223.
fn is_build(word: &str) -> bool {
    word.strip_prefix('b')
        .is_some_and(|digits| Number::parse(digits).is_some())
}

impl Ord for JvmVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.numbers, &other.numbers, &Number::default())
            .then_with(|| self.prerelease.is_none().cmp(&other.prerelease.is_none()))
            .then_with(|| self.prerelease.cmp(&other.prerelease))
    }
}

impl PartialOrd for JvmVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for JvmVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for JvmVersion {}
