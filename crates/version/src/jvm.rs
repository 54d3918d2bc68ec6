//! Java runtimes: JEP 223 (`11.0.2+9`), and before it `1.8.0_292-b10` and `8u292`.

use std::cmp::Ordering;

use crate::natural::{Number, compare_padded, take_while};

/// A Java runtime version.
#[derive(Debug, Clone)]
pub struct JvmVersion {
    numbers: Vec<Number>,
    prerelease: Option<String>,
    build: Number,
}

pub fn parse(text: &str) -> Result<JvmVersion, &'static str> {
    let text = text
        .strip_prefix("jdk")
        .unwrap_or(text)
        .trim_start_matches('-');
    let (digits, rest) = take_while(text, |c| c.is_ascii_digit() || matches!(c, '.' | '_' | 'u'));
    let mut numbers = digits
        .split(['.', '_', 'u'])
        .map(|number| Number::parse(number).ok_or("a component is not a number"))
        .collect::<Result<Vec<_>, _>>()?;
    // Before JEP 223 the feature release stood second: 1.8 is 8.
    if numbers.len() > 1 && Some(&numbers[0]) == Number::parse("1").as_ref() {
        numbers.remove(0);
    }
    let (before_build, build) = rest.split_once('+').unwrap_or((rest, ""));
    let label = before_build.trim_start_matches('-');
    let old_build = label.strip_prefix('b').and_then(Number::parse);
    let (build, _) = take_while(build, |c| c.is_ascii_digit());
    let is_build = old_build.is_some() || label.is_empty();
    Ok(JvmVersion {
        numbers,
        prerelease: (!is_build).then(|| label.to_owned()),
        build: old_build
            .or_else(|| Number::parse(build))
            .unwrap_or_default(),
    })
}

impl Ord for JvmVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.numbers, &other.numbers, &Number::default())
            .then_with(|| self.prerelease.is_none().cmp(&other.prerelease.is_none()))
            .then_with(|| self.prerelease.cmp(&other.prerelease))
            .then_with(|| self.build.cmp(&other.build))
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
