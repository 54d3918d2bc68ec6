//! A parsed version of any scheme.

use std::cmp::Ordering;

use crate::{
    InvalidVersion, Scheme, apk, bitnami, deb, go, integers, jvm, maven, nuget, packagist, pacman,
    portage, rpm, rubygems, semver,
};

/// Longest version that is read, in bytes. Real ones stay under 200.
const MAX_BYTES: usize = 1024;

/// A version, read once and compared many times. It borrows from its text: matching reads millions
/// of them, mostly to compare each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<'a>(Parsed<'a>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parsed<'a> {
    Deb(deb::DebVersion<'a>),
    Rpm(rpm::RpmVersion<'a>),
    Apk(apk::ApkVersion),
    Semver(semver::SemverVersion),
    Pep440(Box<pep440_rs::Version>),
    Maven(maven::MavenVersion),
    RubyGems(rubygems::GemVersion),
    NuGet(nuget::NuGetVersion),
    Packagist(packagist::PackagistVersion),
    Go(semver::SemverVersion),
    Pub(semver::PubVersion),
    Hackage(integers::IntegerVersion),
    Cran(integers::IntegerVersion),
    Jvm(jvm::JvmVersion),
    Bitnami(bitnami::BitnamiVersion),
    Pacman(pacman::PacmanVersion),
    Portage(portage::PortageVersion),
}

impl<'a> Version<'a> {
    /// Reads a version in a scheme.
    ///
    /// # Errors
    ///
    /// [`InvalidVersion`] when the text is empty, too long or outside the scheme's grammar.
    pub fn parse(scheme: Scheme, text: &'a str) -> Result<Self, InvalidVersion> {
        let parsed = if text.len() > MAX_BYTES {
            Err("it is longer than 1024 bytes")
        } else if text.trim().is_empty() {
            Err("it is empty")
        } else {
            parse(scheme, text.trim())
        };
        parsed.map(Self).map_err(|reason| InvalidVersion {
            scheme,
            version: text.chars().take(128).collect(),
            reason,
        })
    }

    /// The order of two versions; `None` when they are of different schemes.
    pub fn compare(&self, other: &Version<'_>) -> Option<Ordering> {
        Some(match (&self.0, &other.0) {
            (Parsed::Deb(l), Parsed::Deb(r)) => l.cmp(r),
            (Parsed::Rpm(l), Parsed::Rpm(r)) => l.cmp(r),
            (Parsed::Apk(l), Parsed::Apk(r)) => l.cmp(r),
            (Parsed::Semver(l), Parsed::Semver(r)) | (Parsed::Go(l), Parsed::Go(r)) => l.cmp(r),
            (Parsed::Pep440(l), Parsed::Pep440(r)) => l.cmp(r),
            (Parsed::Maven(l), Parsed::Maven(r)) => l.cmp(r),
            (Parsed::RubyGems(l), Parsed::RubyGems(r)) => l.cmp(r),
            (Parsed::NuGet(l), Parsed::NuGet(r)) => l.cmp(r),
            (Parsed::Packagist(l), Parsed::Packagist(r)) => l.cmp(r),
            (Parsed::Pub(l), Parsed::Pub(r)) => l.cmp(r),
            (Parsed::Hackage(l), Parsed::Hackage(r)) | (Parsed::Cran(l), Parsed::Cran(r)) => {
                l.cmp(r)
            }
            (Parsed::Jvm(l), Parsed::Jvm(r)) => l.cmp(r),
            (Parsed::Bitnami(l), Parsed::Bitnami(r)) => l.cmp(r),
            (Parsed::Pacman(l), Parsed::Pacman(r)) => l.cmp(r),
            (Parsed::Portage(l), Parsed::Portage(r)) => l.cmp(r),
            _ => return None,
        })
    }
}

fn parse(scheme: Scheme, text: &str) -> Result<Parsed<'_>, &'static str> {
    Ok(match scheme {
        Scheme::Deb => Parsed::Deb(deb::parse(text)?),
        Scheme::Rpm => Parsed::Rpm(rpm::parse(text)?),
        Scheme::Apk => Parsed::Apk(apk::parse(text)?),
        Scheme::Semver => Parsed::Semver(semver::parse(text)?),
        Scheme::Pep440 => {
            let version = text.parse().map_err(|_| "it does not follow PEP 440")?;
            Parsed::Pep440(Box::new(version))
        }
        Scheme::Maven => Parsed::Maven(maven::parse(text)?),
        Scheme::RubyGems => Parsed::RubyGems(rubygems::parse(text)?),
        Scheme::NuGet => Parsed::NuGet(nuget::parse(text)?),
        Scheme::Packagist => Parsed::Packagist(packagist::parse(text)?),
        Scheme::Go => Parsed::Go(go::parse(text)?),
        Scheme::Pub => Parsed::Pub(semver::parse_pub(text)?),
        Scheme::Hackage => Parsed::Hackage(integers::parse_hackage(text)?),
        Scheme::Cran => Parsed::Cran(integers::parse_cran(text)?),
        Scheme::Jvm => Parsed::Jvm(jvm::parse(text)?),
        Scheme::Bitnami => Parsed::Bitnami(bitnami::parse(text)?),
        Scheme::Pacman => Parsed::Pacman(pacman::parse(text)?),
        Scheme::Portage => Parsed::Portage(portage::parse(text)?),
    })
}

/// Compares two versions of a scheme.
///
/// # Errors
///
/// [`InvalidVersion`] naming the first of the two that is no version of the scheme.
pub fn compare(scheme: Scheme, left: &str, right: &str) -> Result<Ordering, InvalidVersion> {
    let (left, right) = (
        Version::parse(scheme, left)?,
        Version::parse(scheme, right)?,
    );
    Ok(left.compare(&right).unwrap_or(Ordering::Equal))
}
