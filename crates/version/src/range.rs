//! Ranges of versions as people write them, whatever the scheme: `>=2.0, <2.17.1 || =3.0-beta1`, or
//! `vers:maven/>=2.0|<2.17.1`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::{InvalidVersion, Scheme, Version};

/// Longest range that is read, in bytes.
const MAX_BYTES: usize = 4096;
/// Most comparisons in a range.
const MAX_COMPARISONS: usize = 64;

/// Versions between bounds; which lie there is a scheme's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    text: String,
    /// A version is in the range when it satisfies all of any one of these.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Greater,
}

/// Why a text is no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRange {
    /// Nothing is compared.
    #[error("it compares with no version; write it as >=2.0,<2.17.1")]
    Empty,
    /// It is longer than anybody writes.
    #[error("it is too long")]
    TooLong,
    /// A `vers:` range names no versions after its scheme.
    #[error("a vers: range is written vers:TYPE/COMPARISON|COMPARISON")]
    Vers,
}

impl VersionRange {
    /// Whether a version is in the range, by a scheme's order.
    ///
    /// # Errors
    ///
    /// [`InvalidVersion`] when the version, or one that it is compared with, is none of the scheme.
    pub fn contains(&self, scheme: Scheme, version: &str) -> Result<bool, InvalidVersion> {
        let version = Version::parse(scheme, version)?;
        for comparisons in &self.alternatives {
            let mut all = true;
            for comparison in comparisons {
                let other = Version::parse(scheme, &comparison.version)?;
                let order = version.compare(&other).unwrap_or(Ordering::Equal);
                all &= comparison.operator.holds(order);
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Operator {
    /// Longer ones first: `<` begins `<=`.
    const WRITTEN: [(&'static str, Operator); 7] = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("!=", Operator::Unequal),
        ("==", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=", Operator::Equal),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Equal => order.is_eq(),
            Operator::Unequal => order.is_ne(),
            Operator::AtLeast => order.is_ge(),
            Operator::Greater => order.is_gt(),
        }
    }
}

/// A version alone is meant exactly.
fn read_comparison(text: &str) -> Result<Comparison, InvalidRange> {
    let written = Operator::WRITTEN
        .iter()
        .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    let (operator, version) = written.unwrap_or((Operator::Equal, text));
    match version.trim() {
        "" => Err(InvalidRange::Empty),
        version => Ok(Comparison {
            operator,
            version: version.to_owned(),
        }),
    }
}

fn read_plain(text: &str) -> Result<Vec<Vec<Comparison>>, InvalidRange> {
    let alternative = |text: &str| {
        let comparisons = text.split(',').map(str::trim);
        comparisons.map(read_comparison).collect()
    };
    text.split("||").map(alternative).collect()
}

/// The specification of `vers`: exact versions count for themselves, and what remains reads as
/// intervals from one bound to the next.
fn read_vers(text: &str) -> Result<Vec<Vec<Comparison>>, InvalidRange> {
    let (_, constraints) = text.split_once('/').ok_or(InvalidRange::Vers)?;
    let mut alternatives = Vec::new();
    let mut excluded = Vec::new();
    let mut open: Option<Comparison> = None;
    for constraint in constraints.split('|').map(str::trim) {
        let comparison = read_comparison(constraint)?;
        match comparison.operator {
            Operator::Equal => alternatives.push(vec![comparison]),
            Operator::Unequal => excluded.push(comparison),
            Operator::AtLeast | Operator::Greater => {
                alternatives.extend(open.replace(comparison).map(|lone| vec![lone]));
            }
            Operator::Less | Operator::AtMost => {
                alternatives.push(open.take().into_iter().chain([comparison]).collect());
            }
        }
    }
    alternatives.extend(open.map(|lone| vec![lone]));
    if alternatives.is_empty() && !excluded.is_empty() {
        alternatives.push(Vec::new());
    }
    for alternative in &mut alternatives {
        alternative.extend(excluded.iter().cloned());
    }
    Ok(alternatives)
}

impl FromStr for VersionRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let text = text.trim();
        if text.len() > MAX_BYTES || text.matches([',', '|']).count() >= MAX_COMPARISONS {
            return Err(InvalidRange::TooLong);
        }
        let alternatives = match text.strip_prefix("vers:") {
            Some(vers) => read_vers(vers)?,
            None => read_plain(text)?,
        };
        Ok(Self {
            text: text.to_owned(),
            alternatives,
        })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(scheme: Scheme, range: &str, version: &str) -> bool {
        let range: VersionRange = range.parse().unwrap();
        range.contains(scheme, version).unwrap()
    }

    #[test]
    fn a_range_is_read_in_the_order_of_the_scheme() {
        let inside = [
            (Scheme::Maven, ">=2.0-beta9,<2.15.0", "2.14.1"),
            (Scheme::Maven, "vers:maven/>=2.0-beta9|<2.15.0", "2.14.1"),
            (Scheme::Deb, "<1:1.0", "9.9"),
            (Scheme::Deb, "<2.0", "2.0~rc1"),
            (Scheme::Semver, "1.0.0 || >=2.0.0, <3.0.0", "2.5.0"),
            (Scheme::Semver, "1.0.0 || >=2.0.0, <3.0.0", "1.0.0"),
            (
                Scheme::Semver,
                "vers:npm/1.0.0|>=2.0.0|<3.0.0|>4.0.0",
                "5.0.0",
            ),
            (Scheme::Semver, "vers:npm/<1.0.0|>=2.0.0|<3.0.0", "0.1.0"),
            (Scheme::Semver, "vers:npm/!=1.0.0", "1.0.1"),
        ];
        for (scheme, range, version) in inside {
            assert!(contains(scheme, range, version), "{version} in {range}");
        }
        let outside = [
            (Scheme::Maven, ">=2.0-beta9,<2.15.0", "2.15.0"),
            (Scheme::Maven, "<2.15.0, !=2.14.1", "2.14.1"),
            (Scheme::Semver, "1.0.0 || >=2.0.0, <3.0.0", "1.5.0"),
            (Scheme::Semver, "vers:npm/<1.0.0|>=2.0.0|<3.0.0", "1.5.0"),
            (Scheme::Semver, "vers:npm/>=1.0.0|!=1.2.0", "1.2.0"),
        ];
        for (scheme, range, version) in outside {
            assert!(!contains(scheme, range, version), "{version} in {range}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        let range: VersionRange = ">=1.0.0".parse().unwrap();
        assert!(range.contains(Scheme::Semver, "latest").is_err());
        let range: VersionRange = ">=one".parse().unwrap();
        assert!(range.contains(Scheme::Semver, "1.0.0").is_err());
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, error) in [
            ("", InvalidRange::Empty),
            (">=", InvalidRange::Empty),
            ("1.0,,2.0", InvalidRange::Empty),
            ("vers:npm", InvalidRange::Vers),
            ("vers:npm/", InvalidRange::Empty),
            (&"1,".repeat(100), InvalidRange::TooLong),
            (&"1".repeat(5000), InvalidRange::TooLong),
        ] {
            assert_eq!(text.parse::<VersionRange>(), Err(error), "{text}");
        }
    }
}
