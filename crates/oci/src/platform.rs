//! Platforms: operating system, architecture, variant.

use std::fmt;
use std::str::FromStr;

/// The architecture of an image whose config names none.
pub(crate) const UNKNOWN: &str = "unknown";
/// Newer variants come after all older ones.
const NEWER: u32 = 1 << 16;

/// What an image runs on, in Go's words as OCI writes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`, `windows`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `v7` of `arm/v7`.
    pub variant: Option<String>,
}

/// Which platforms of an index are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformSelect {
    /// Every one.
    All,
    /// This one.
    One(Platform),
}

impl Platform {
    /// Linux on this machine's architecture.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self {
            os: "linux".into(),
            architecture: architecture.into(),
            variant: None,
        }
    }

    /// Whether an image for this platform runs where the other is wanted.
    pub fn serves(&self, wanted: &Platform) -> bool {
        self.rank(wanted).is_some()
    }

    /// How far an image for this platform is from the one wanted: nought is the same, `None` does
    /// not run there. Processors run what was built for older variants of themselves, so `arm/v6`
    /// serves `arm/v7`. Where no variant is asked for, the usual one comes first.
    pub fn rank(&self, wanted: &Platform) -> Option<u32> {
        if self.os != wanted.os {
            return None;
        }
        if self.architecture != wanted.architecture {
            // Some builders leave it out of the config; that image is the only one there is.
            return (self.architecture == UNKNOWN).then_some(u32::MAX);
        }
        if self.variant == wanted.variant {
            return Some(0);
        }
        let (own, asked) = (self.level()?, wanted.level()?);
        match asked.checked_sub(own) {
            Some(older) => Some(older),
            None if wanted.variant.is_none() => Some(NEWER + own - asked),
            None => None,
        }
    }

    /// The number in the variant; without one, what the architecture's name means by itself.
    fn level(&self) -> Option<u32> {
        match (self.variant.as_deref(), self.architecture.as_str()) {
            (Some(variant), _) => variant
                .strip_prefix('v')?
                .parse::<u16>()
                .ok()
                .map(u32::from),
            (None, "arm64") => Some(8),
            (None, "arm") => Some(7),
            (None, _) => Some(1),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => {
                return Err(format!(
                    "{text:?} is not a platform; write os/arch, such as linux/amd64"
                ));
            }
        };
        let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
        if !word(os) || !word(architecture) || !variant.is_none_or(word) {
            return Err(format!(
                "{text:?} is not a platform; write os/arch, such as linux/amd64"
            ));
        }
        Ok(Self {
            os: os.into(),
            architecture: architecture.into(),
            variant: variant.map(Into::into),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn variants_serve_those_that_came_after_them() {
        let serves = |own, wanted| platform(own).serves(&platform(wanted));
        assert!(serves("linux/arm/v6", "linux/arm/v7"));
        assert!(!serves("linux/arm/v7", "linux/arm/v6"));
        assert!(serves("linux/arm64/v8", "linux/arm64"));
        assert!(serves("linux/arm64", "linux/arm64/v8"));
        assert!(serves("linux/amd64", "linux/amd64/v3"));
        assert!(!serves("linux/amd64", "linux/arm64"));
        assert!(!serves("windows/amd64", "linux/amd64"));
    }

    #[test]
    fn the_usual_variant_comes_first_where_none_is_asked_for() {
        let best = |wanted: &str, offered: &[&'static str]| {
            let wanted = platform(wanted);
            let ranked = offered
                .iter()
                .filter_map(|p| Some((platform(p).rank(&wanted)?, *p)));
            ranked.min().map(|(_, platform)| platform)
        };
        let arm = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"];
        assert_eq!(best("linux/arm", &arm), Some("linux/arm/v7"));
        assert_eq!(best("linux/arm/v6", &arm), Some("linux/arm/v6"));
        let amd64 = ["linux/amd64/v3", "linux/amd64", "linux/amd64/v2"];
        assert_eq!(best("linux/amd64", &amd64), Some("linux/amd64"));
        assert_eq!(best("linux/amd64/v2", &amd64), Some("linux/amd64/v2"));
        assert_eq!(
            best("linux/amd64", &["linux/amd64/v3"]),
            Some("linux/amd64/v3")
        );
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for text in ["", "amd64", "linux/", "linux/amd64/v1/x", "linux/amd 64"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
