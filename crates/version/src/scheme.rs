//! The list of version schemes and their names.

use std::fmt;
use std::str::FromStr;

/// A way of ordering versions. The name of each is what `scanyard versions SCHEME` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// dpkg: Debian, Ubuntu and derivatives.
    Deb,
    /// rpm: Red Hat, SUSE, Amazon, Oracle, Fedora and derivatives.
    Rpm,
    /// apk-tools: Alpine, Wolfi, Chainguard.
    Apk,
    /// SemVer 2.0.0: npm, crates.io, Hex, Swift, Julia.
    Semver,
    /// PEP 440: PyPI.
    Pep440,
    /// Maven's `ComparableVersion`.
    Maven,
    /// `Gem::Version`.
    RubyGems,
    /// NuGet versions: SemVer with up to four numeric parts.
    NuGet,
    /// Composer's normalised versions, ordered as PHP's `version_compare`.
    Packagist,
    /// Go modules and toolchains: `v1.2.3`, pseudo-versions, `go1.21rc2`.
    Go,
    /// Dart's pub.
    Pub,
    /// Hackage: lists of integers.
    Hackage,
    /// CRAN and Bioconductor.
    Cran,
    /// Java runtimes: JEP 223 and the older `1.8.0_292`.
    Jvm,
    /// Bitnami: SemVer with a numeric revision.
    Bitnami,
    /// Arch Linux's `vercmp`.
    Pacman,
    /// Gentoo's package manager specification.
    Portage,
}

impl Scheme {
    /// Every scheme with its name, in the order in which help lists them.
    pub const ALL: [(Scheme, &'static str); 17] = [
        (Scheme::Deb, "deb"),
        (Scheme::Rpm, "rpm"),
        (Scheme::Apk, "apk"),
        (Scheme::Semver, "semver"),
        (Scheme::Pep440, "pep440"),
        (Scheme::Maven, "maven"),
        (Scheme::RubyGems, "rubygems"),
        (Scheme::NuGet, "nuget"),
        (Scheme::Packagist, "packagist"),
        (Scheme::Go, "go"),
        (Scheme::Pub, "pub"),
        (Scheme::Hackage, "hackage"),
        (Scheme::Cran, "cran"),
        (Scheme::Jvm, "jvm"),
        (Scheme::Bitnami, "bitnami"),
        (Scheme::Pacman, "pacman"),
        (Scheme::Portage, "portage"),
    ];

    /// The scheme's name as commands and advisories spell it.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of [`Scheme::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown version scheme {name:?}; one of deb, rpm, apk, semver, pep440, maven, rubygems, nuget, packagist, go, pub, hackage, cran, jvm, bitnami, pacman, portage"
)]
pub struct UnknownScheme {
    /// The name as given.
    pub name: String,
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(name: &str) -> Result<Self, UnknownScheme> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(scheme, _)| *scheme)
            .ok_or_else(|| UnknownScheme {
                name: name.to_owned(),
            })
    }
}

/// A string that is not a version of the scheme it was read in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{version:?} is not a {scheme} version: {reason}")]
pub struct InvalidVersion {
    /// The scheme it was read in.
    pub scheme: Scheme,
    /// The string as given, shortened to at most 128 characters.
    pub version: String,
    /// What was wrong with it.
    pub reason: &'static str,
}
