//! Our ordered word for how bad a vulnerability is.

use std::fmt;
use std::str::FromStr;

/// How bad a vulnerability is, ordered from "nobody said" to critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Severity {
    /// No score and no word from any publisher.
    #[default]
    Unknown,
    /// A distro says it is of no practical importance.
    Negligible,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const WORST_FIRST: [Severity; 6] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Negligible,
        Severity::Unknown,
    ];

    /// The lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Unknown => "unknown",
            Severity::Negligible => "negligible",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The word for a CVSS base score, by the qualitative scale of CVSS v3.1 section 5.
    ///
    /// CVSS v2 has no official critical; its scores are read on the same scale.
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Severity::Critical,
            s if s >= 7.0 => Severity::High,
            s if s >= 4.0 => Severity::Medium,
            s if s > 0.0 => Severity::Low,
            _ => Severity::Negligible,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity {0:?}; one of unknown, negligible, low, medium, high, critical")]
pub struct UnknownSeverity(pub String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(word: &str) -> Result<Self, UnknownSeverity> {
        Self::WORST_FIRST
            .into_iter()
            .find(|severity| severity.name() == word)
            .ok_or_else(|| UnknownSeverity(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_and_read_back() {
        for pair in Severity::WORST_FIRST.windows(2) {
            assert!(pair[0] > pair[1]);
            assert_eq!(pair[0].name().parse(), Ok(pair[0]));
        }
        assert!("urgent".parse::<Severity>().is_err());
    }

    #[test]
    fn scores_fall_into_the_bands_of_the_specification() {
        let bands = [
            (10.0, "critical"),
            (9.0, "critical"),
            (8.9, "high"),
            (6.9, "medium"),
        ];
        for (score, name) in bands {
            assert_eq!(Severity::from_score(score).name(), name);
        }
        assert_eq!(Severity::from_score(0.1), Severity::Low);
        assert_eq!(Severity::from_score(0.0), Severity::Negligible);
    }
}
