//! OSV ecosystems: the name space in which advisories name packages.

use std::fmt;

use scanyard_version::Scheme;

use crate::{Distro, Package};

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

    /// The ecosystem in which advisories speak of OS packages of this distro, if any does.
    pub fn of_distro(distro: &Distro) -> Option<Self> {
        let name = match distro.id.as_str() {
            "debian" => format!("Debian:{}", distro.major()),
            "ubuntu" => format!("Ubuntu:{}", distro.version),
            "alpine" => format!("Alpine:v{}", distro.major_minor()),
            "almalinux" => format!("AlmaLinux:{}", distro.major()),
            "rocky" => format!("Rocky Linux:{}", distro.major()),
            "rhel" | "redhat" => format!("Red Hat:{}", distro.major()),
            "opensuse-leap" => format!("openSUSE:Leap {}", distro.version),
            "opensuse-tumbleweed" => "openSUSE:Tumbleweed".to_owned(),
            "openeuler" => format!("openEuler:{}", distro.version),
            "mageia" => format!("Mageia:{}", distro.major()),
            "azurelinux" | "mariner" => format!("Azure Linux:{}", distro.major()),
            "wolfi" => "Wolfi".to_owned(),
            "chainguard" => "Chainguard".to_owned(),
            "minimos" => "MinimOS".to_owned(),
            _ => return None,
        };
        (!name.ends_with(':') && !name.ends_with(":v")).then_some(Self(name))
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

    /// How versions in this ecosystem are ordered; `None` for one that we cannot order.
    pub fn scheme(&self) -> Option<Scheme> {
        Some(match self.family() {
            "Debian" | "Ubuntu" | "Echo" => Scheme::Deb,
            "Alpine"
            | "Wolfi"
            | "Chainguard"
            | "MinimOS"
            | "Alpaquita"
            | "BellSoft Hardened Containers"
            | "CleanStart" => Scheme::Apk,
            "AlmaLinux" | "Rocky Linux" | "Red Hat" | "SUSE" | "openSUSE" | "openEuler"
            | "Mageia" | "Azure Linux" => Scheme::Rpm,
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
            self.family(),
            "Debian"
                | "Ubuntu"
                | "Echo"
                | "Alpine"
                | "SUSE"
                | "openSUSE"
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
    fn distros_map_to_the_names_that_advisories_use() {
        let cases = [
            ("debian", "12", Some("Debian:12")),
            ("debian", "", None),
            ("ubuntu", "22.04", Some("Ubuntu:22.04")),
            ("alpine", "3.18.4", Some("Alpine:v3.18")),
            ("almalinux", "9.4", Some("AlmaLinux:9")),
            ("wolfi", "20230201", Some("Wolfi")),
            ("fedora", "40", None),
        ];
        for (id, version, expected) in cases {
            let ecosystem = Ecosystem::of_distro(&Distro::new(id, version));
            assert_eq!(
                ecosystem.as_ref().map(Ecosystem::name),
                expected,
                "{id} {version}"
            );
        }
    }

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
