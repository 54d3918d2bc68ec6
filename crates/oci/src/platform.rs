//! Platforms: operating system, architecture, variant.

use std::fmt;
use std::str::FromStr;

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

    /// Whether an image for this platform serves where the other is wanted. 64-bit ARM has one
    /// variant in use, so `v8` and none are the same.
    pub fn serves(&self, wanted: &Platform) -> bool {
        let variant = |platform: &Platform| match platform.variant.as_deref() {
            Some("v8") if platform.architecture == "arm64" => None,
            variant => variant.map(str::to_owned),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (variant(wanted).is_none() || variant(self) == variant(wanted))
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

    #[test]
    fn variants_matter_only_where_they_are_asked_for() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        assert!(platform("linux/arm/v7").serves(&platform("linux/arm")));
        assert!(!platform("linux/arm/v6").serves(&platform("linux/arm/v7")));
        assert!(platform("linux/arm64/v8").serves(&platform("linux/arm64")));
        assert!(platform("linux/arm64").serves(&platform("linux/arm64/v8")));
        assert!("amd64".parse::<Platform>().is_err());
    }
}
