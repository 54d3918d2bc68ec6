//! Lists of integers: Hackage (`1.2.3`) and CRAN (`1.2-3`). A longer list follows its prefix.

use crate::natural::Number;

/// A version that is a list of integers.
pub type IntegerVersion = Vec<Number>;

pub fn parse_hackage(text: &str) -> Result<IntegerVersion, &'static str> {
    parse(text, &['.'])
}

pub fn parse_cran(text: &str) -> Result<IntegerVersion, &'static str> {
    parse(text, &['.', '-'])
}

fn parse(text: &str, separators: &[char]) -> Result<IntegerVersion, &'static str> {
    text.split(separators)
        .map(|number| Number::parse(number).ok_or("a component is not a number"))
        .collect()
}
