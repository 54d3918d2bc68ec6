//! OSV ecosystems: the name space in which advisories name packages.

use std::fmt;

use scanyard_version::Scheme;

use crate::{Distro, Lane, Package};

/// An ecosystem as the OSV schema writes it: `npm`, `Debian:12`, `Alpine:v3.18`.
///
/// Lanes that sell the same packages under longer support keep their own name
/// (`Ubuntu:Pro:22.04`); `:LTS` is dropped, because it changes nothing about the packages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ecosystem(String);

impl Ecosystem {
    /// Reads an ecosystem as an advisory writes it.
    pub fn new(name: &str) -> Self {
        let name = match name.strip_prefix("Ubuntu:") {
            Some(release) => format!("Ubuntu:{}", release.trim_end_matches(":LTS")),
            None => name.to_owned(),
        };
        Self(name)
    }

    /// The ecosystem that names this distro's release, if advisories speak of its packages. What
    /// it has for those who pay longer is in others: [`Lane::of_distro`].
    pub fn of_distro(distro: &Distro) -> Option<Self> {
        let lanes = Lane::of_distro(distro);
        Some(lanes.into_iter().next()?.ecosystem)
    }

    /// The ecosystem of a package found in an image of this distro.
    pub fn of_package(package: &Package, distro: Option<&Distro>) -> Option<Self> {
        match package.kind.language_ecosystem() {
            Some(name) => Some(Self(name.to_owned())),
            None => Self::of_distro(distro?),
        }
    }

    /// The whole name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The part before the first colon: `Debian` of `Debian:12`.
    pub fn family(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// The family, or, in ecosystems of publishers who rebuild other distros' packages, the family
    /// of those: `Debian` of `Root:Debian:12`.
    fn origin(&self) -> &str {
        let mut parts = self.0.split(':');
        match parts.next().unwrap_or_default() {
            "Root" | "TuxCare" | "Docker Hardened Images" => parts.next().unwrap_or_default(),
            family => family,
        }
    }

    /// How versions in this ecosystem are ordered; `None` for one that we cannot order.
    pub fn scheme(&self) -> Option<Scheme> {
        Some(match self.origin() {
            "Debian" | "Ubuntu" | "Echo" => Scheme::Deb,
            "Alpine"
            | "Wolfi"
            | "Chainguard"
            | "MinimOS"
            | "Alpaquita"
            | "BellSoft Hardened Containers"
            | "CleanStart" => Scheme::Apk,
            "AlmaLinux" | "Rocky Linux" | "Red Hat" | "Oracle Linux" | "Amazon Linux" | "SUSE"
            | "openSUSE" | "openEuler" | "Mageia" | "Azure Linux" => Scheme::Rpm,
            "npm" | "crates.io" | "Hex" | "SwiftURL" | "Julia" => Scheme::Semver,
            "Go" => Scheme::Go,
            "PyPI" => Scheme::Pep440,
            "Maven" => Scheme::Maven,
            "RubyGems" => Scheme::RubyGems,
            "NuGet" => Scheme::NuGet,
            "Packagist" => Scheme::Packagist,
            "Pub" => Scheme::Pub,
            "Hackage" | "GHC" => Scheme::Hackage,
            "CRAN" | "Bioconductor" => Scheme::Cran,
            "Bitnami" => Scheme::Bitnami,
            _ => return None,
        })
    }

    /// A package name as this ecosystem compares it: PEP 503 for PyPI, without case where the
    /// registry ignores case.
    pub fn normalize_name(&self, name: &str) -> String {
        match self.family() {
            "PyPI" => normalize_pypi(name),
            "NuGet" | "Packagist" | "Hex" => name.to_ascii_lowercase(),
            _ => name.to_owned(),
        }
    }

    /// Whether advisories here name source packages rather than binary ones.
    pub fn names_source_packages(&self) -> bool {
        matches!(
            self.origin(),
            "Debian"
                | "Ubuntu"
                | "Echo"
                | "Alpine"
                | "Alpaquita"
                | "SUSE"
                | "openSUSE"
                | "openEuler"
                | "Mageia"
                | "Azure Linux"
                | "Wolfi"
                | "Chainguard"
                | "MinimOS"
        )
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// PEP 503: runs of `-`, `_` and `.` become one `-`, letters lower case.
fn normalize_pypi(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(c.to_lowercase());
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_term_support_is_not_a_lane() {
        assert_eq!(Ecosystem::new("Ubuntu:22.04:LTS").name(), "Ubuntu:22.04");
        assert_eq!(
            Ecosystem::new("Ubuntu:Pro:18.04:LTS").name(),
            "Ubuntu:Pro:18.04"
        );
        assert_eq!(Ecosystem::new("Ubuntu:Pro:18.04:LTS").family(), "Ubuntu");
    }

    #[test]
    fn names_are_compared_as_their_registry_does() {
        assert_eq!(
            Ecosystem::new("PyPI").normalize_name("Zope.._Interface"),
            "zope-interface"
        );
        assert_eq!(
            Ecosystem::new("npm").normalize_name("JSONStream"),
            "JSONStream"
        );
    }
}
