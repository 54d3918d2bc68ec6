//! One installed package.

use scanyard_version::Scheme;

/// The package manager or language that a package belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PackageKind {
    /// dpkg.
    Deb,
    /// apk-tools.
    Apk,
    /// rpm.
    Rpm,
    /// npm and what installs into `node_modules`.
    Npm,
    /// Python distributions.
    Pypi,
    /// Go modules, and the standard library as `stdlib`.
    Golang,
    /// Maven artifacts, named `group:artifact`.
    Maven,
    /// Ruby gems.
    Gem,
    /// Rust crates.
    Cargo,
    /// PHP packages, named `vendor/package`.
    Composer,
    /// .NET packages.
    Nuget,
    /// Software from outside any package manager, by Bitnami's component names.
    Bitnami,
    /// Arch Linux's pacman.
    Alpm,
    /// Gentoo's portage, named `category/package`.
    Ebuild,
    /// Conda packages.
    Conda,
    /// R packages.
    Cran,
    /// Erlang and Elixir packages.
    Hex,
    /// Dart packages.
    Pub,
    /// Swift packages, named by their repository's URL without scheme.
    Swift,
    /// Pods of CocoaPods.
    Cocoapods,
    /// Julia packages.
    Julia,
    /// Lua rocks.
    Luarocks,
    /// Conan packages of C and C++.
    Conan,
    /// Haskell packages.
    Hackage,
    /// Software that no registry names.
    Generic,
}

/// What is fixed for a kind of package.
struct KindFacts {
    purl_type: &'static str,
    scheme: Option<Scheme>,
    language_ecosystem: Option<&'static str>,
}

const fn facts(
    purl_type: &'static str,
    scheme: Scheme,
    language_ecosystem: Option<&'static str>,
) -> KindFacts {
    KindFacts {
        purl_type,
        scheme: Some(scheme),
        language_ecosystem,
    }
}

/// A kind that no advisories speak of, and whose versions nobody has given an order.
const fn unordered(purl_type: &'static str) -> KindFacts {
    KindFacts {
        purl_type,
        scheme: None,
        language_ecosystem: None,
    }
}

impl PackageKind {
    /// Every kind.
    pub const ALL: [PackageKind; 25] = [
        PackageKind::Deb,
        PackageKind::Apk,
        PackageKind::Rpm,
        PackageKind::Npm,
        PackageKind::Pypi,
        PackageKind::Golang,
        PackageKind::Maven,
        PackageKind::Gem,
        PackageKind::Cargo,
        PackageKind::Composer,
        PackageKind::Nuget,
        PackageKind::Bitnami,
        PackageKind::Alpm,
        PackageKind::Ebuild,
        PackageKind::Conda,
        PackageKind::Cran,
        PackageKind::Hex,
        PackageKind::Pub,
        PackageKind::Swift,
        PackageKind::Cocoapods,
        PackageKind::Julia,
        PackageKind::Luarocks,
        PackageKind::Conan,
        PackageKind::Hackage,
        PackageKind::Generic,
    ];

    const fn facts(self) -> KindFacts {
        match self {
            PackageKind::Deb => facts("deb", Scheme::Deb, None),
            PackageKind::Apk => facts("apk", Scheme::Apk, None),
            PackageKind::Rpm => facts("rpm", Scheme::Rpm, None),
            PackageKind::Npm => facts("npm", Scheme::Semver, Some("npm")),
            PackageKind::Pypi => facts("pypi", Scheme::Pep440, Some("PyPI")),
            PackageKind::Golang => facts("golang", Scheme::Go, Some("Go")),
            PackageKind::Maven => facts("maven", Scheme::Maven, Some("Maven")),
            PackageKind::Gem => facts("gem", Scheme::RubyGems, Some("RubyGems")),
            PackageKind::Cargo => facts("cargo", Scheme::Semver, Some("crates.io")),
            PackageKind::Composer => facts("composer", Scheme::Packagist, Some("Packagist")),
            PackageKind::Nuget => facts("nuget", Scheme::NuGet, Some("NuGet")),
            PackageKind::Bitnami => facts("bitnami", Scheme::Bitnami, Some("Bitnami")),
            PackageKind::Alpm => facts("alpm", Scheme::Pacman, None),
            PackageKind::Ebuild => facts("ebuild", Scheme::Portage, None),
            PackageKind::Conda => unordered("conda"),
            PackageKind::Cran => facts("cran", Scheme::Cran, Some("CRAN")),
            PackageKind::Hex => facts("hex", Scheme::Semver, Some("Hex")),
            PackageKind::Pub => facts("pub", Scheme::Pub, Some("Pub")),
            PackageKind::Swift => facts("swift", Scheme::Semver, Some("SwiftURL")),
            PackageKind::Cocoapods => unordered("cocoapods"),
            PackageKind::Julia => facts("julia", Scheme::Semver, Some("Julia")),
            PackageKind::Luarocks => unordered("luarocks"),
            PackageKind::Conan => unordered("conan"),
            PackageKind::Hackage => facts("hackage", Scheme::Hackage, Some("Hackage")),
            PackageKind::Generic => unordered("generic"),
        }
    }

    /// The purl type: `deb`, `golang`, `pypi`.
    pub const fn purl_type(self) -> &'static str {
        self.facts().purl_type
    }

    /// The kind with this purl type.
    pub fn from_purl_type(purl_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.purl_type() == purl_type)
    }

    /// How versions of this kind are ordered; `None` where nobody says.
    pub const fn scheme(self) -> Option<Scheme> {
        self.facts().scheme
    }

    /// The OSV ecosystem of a language package; `None` for OS packages, whose ecosystem follows
    /// from the distro, and for kinds that no advisories speak of.
    pub const fn language_ecosystem(self) -> Option<&'static str> {
        self.facts().language_ecosystem
    }

    /// Whether the distro's package manager installed it.
    pub const fn is_os(self) -> bool {
        matches!(
            self,
            PackageKind::Deb
                | PackageKind::Apk
                | PackageKind::Rpm
                | PackageKind::Alpm
                | PackageKind::Ebuild
        )
    }
}

/// The source package that a binary package was built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourcePackage {
    /// The source's name.
    pub name: String,
    /// The source's version.
    pub version: String,
}

/// One installed package, named and versioned as its ecosystem writes them.
///
/// npm `@scope/name`, Maven `group:artifact`, Go module paths with the version's `v` and the
/// standard library as `stdlib`, rpm versions as `[epoch:]version-release`, PyPI names normalised
/// by PEP 503.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Package {
    /// What installed it.
    pub kind: PackageKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The architecture it was built for, as its package manager writes it.
    pub arch: Option<String>,
    /// Its source package; `None` where the package is its own source.
    pub source: Option<SourcePackage>,
    /// The module stream that an rpm was built for, as its label says: `nodejs:18:...`.
    pub module: Option<String>,
}

impl Package {
    /// A package without architecture, which is its own source.
    pub fn new(kind: PackageKind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            arch: None,
            source: None,
            module: None,
        }
    }

    /// The source package's name, or its own.
    pub fn source_name(&self) -> &str {
        self.source
            .as_ref()
            .map_or(&self.name, |source| &source.name)
    }

    /// The source package's version, or its own.
    pub fn source_version(&self) -> &str {
        self.source
            .as_ref()
            .map_or(&self.version, |source| &source.version)
    }
}
