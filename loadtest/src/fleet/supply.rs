//! What a fleet is made of: names and versions of packages, those that advisories speak of and
//! those that none does.

use std::collections::BTreeMap;

use scanyard_advisory::{Database, Entries};
use scanyard_package::{Distro, Ecosystem, PackageKind};

use super::FleetSettings;
use super::random::Random;
use super::versions::around_borders;

/// A release with fewer names in advisories is no base of a fleet, if there are others.
const NAMES_OF_A_RELEASE: usize = 50;
/// Names of a release that no advisory speaks of.
const QUIET_OS_NAMES: usize = 150;
/// Versions of such a name.
const QUIET_VERSIONS: usize = 12;
/// Share of the source packages that have a second package.
const BUILT_FROM_ANOTHER: f64 = 0.4;
/// Names are drawn unevenly, so that more of them must be there than are wanted.
const SPARE: f64 = 2.5;
const WORDS: [&str; 12] = [
    "text", "net", "sync", "color", "graph", "cache", "stream", "table", "image", "queue", "route",
    "form",
];

/// Languages of applications, with their share of the repositories.
const LANGUAGES: [(PackageKind, f64); 8] = [
    (PackageKind::Npm, 0.35),
    (PackageKind::Pypi, 0.25),
    (PackageKind::Maven, 0.15),
    (PackageKind::Golang, 0.10),
    (PackageKind::Gem, 0.05),
    (PackageKind::Cargo, 0.05),
    (PackageKind::Nuget, 0.03),
    (PackageKind::Composer, 0.02),
];

/// A package's name, with its versions in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) kind: PackageKind,
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) arch: Option<&'static str>,
    /// The place of its distro, for OS packages.
    pub(super) distro: Option<usize>,
    pub(super) versions: Vec<String>,
}

/// Places of products.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) advised: Vec<usize>,
    pub(super) quiet: Vec<usize>,
}

/// A release of a distro: what base images are made of.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) distro: usize,
    pub(super) kind: PackageKind,
    pub(super) names: Names,
}

/// A language: what applications are made of.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) kind: PackageKind,
    pub(super) share: f64,
    pub(super) names: Names,
}

/// Everything that there is.
#[derive(Debug, Default)]
pub(super) struct Supply {
    pub(super) products: Vec<Product>,
    pub(super) distros: Vec<Distro>,
    pub(super) releases: Vec<Release>,
    pub(super) languages: Vec<Language>,
}

/// What advisories say of each name, by ecosystem.
type Spoken<'a> = BTreeMap<String, Vec<(&'a str, Entries<'a>)>>;

impl Supply {
    /// What the advisories speak of, and as much beside it as the fleet needs.
    pub(super) fn read(database: &Database, settings: &FleetSettings) -> Self {
        let mut spoken = Spoken::new();
        for (ecosystem, name, entries) in database.keys() {
            match spoken.get_mut(ecosystem.name()) {
                Some(names) => names.push((name, entries)),
                None => {
                    spoken.insert(ecosystem.name().to_owned(), vec![(name, entries)]);
                }
            }
        }
        let mut supply = Self::default();
        supply.read_releases(&spoken, settings);
        supply.read_languages(&spoken, settings);
        supply
    }

    fn read_releases(&mut self, spoken: &Spoken<'_>, settings: &FleetSettings) {
        let is_wanted =
            |name: &str| distro_of(name).is_some_and(|(_, kind, _)| settings.has_kind(kind));
        let mut known: Vec<(&str, usize)> = spoken
            .iter()
            .map(|(name, names)| (name.as_str(), names.len()))
            .filter(|(name, _)| is_wanted(name))
            .collect();
        if known.iter().any(|(_, count)| *count >= NAMES_OF_A_RELEASE) {
            known.retain(|(_, count)| *count >= NAMES_OF_A_RELEASE);
        }
        if known.is_empty() {
            known.push(("Debian:12", 0));
        }
        for (name, _) in known {
            self.add_release(spoken, name, settings.seed);
        }
    }

    fn add_release(&mut self, spoken: &Spoken<'_>, name: &str, seed: u64) {
        let Some((distro, kind, arch)) = distro_of(name) else {
            return;
        };
        let (place, ecosystem) = (self.distros.len(), Ecosystem::new(name));
        let mut random = Random::new(seed, 100 + place as u64);
        let mut names = Names::default();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
        for (name, entries) in spoken.get(name).into_iter().flatten() {
            if !name.bytes().all(is_plain) {
                continue;
            }
            let Some(mut product) = product_of(kind, &ecosystem, name, entries) else {
                continue;
            };
            (product.arch, product.distro) = (Some(arch), Some(place));
            names.advised.push(self.add(product.clone()));
            if ecosystem.names_source_packages() && random.chance(BUILT_FROM_ANOTHER) {
                product.source = Some(product.name.clone());
                product.name = format!("{name}-common");
                names.advised.push(self.add(product));
            }
        }
        for number in 0..QUIET_OS_NAMES {
            let mut quiet = quiet(kind, number);
            (quiet.arch, quiet.distro) = (Some(arch), Some(place));
            names.quiet.push(self.add(quiet));
        }
        self.distros.push(distro);
        self.releases.push(Release {
            distro: place,
            kind,
            names,
        });
    }

    fn read_languages(&mut self, spoken: &Spoken<'_>, settings: &FleetSettings) {
        for (kind, share) in LANGUAGES {
            if !settings.has_kind(kind) {
                continue;
            }
            let mut names = Names::default();
            let ecosystem = Ecosystem::new(kind.language_ecosystem().unwrap_or_default());
            for (name, entries) in spoken.get(ecosystem.name()).into_iter().flatten() {
                if is_usable(kind, name) {
                    let product = product_of(kind, &ecosystem, name, entries);
                    names
                        .advised
                        .extend(product.map(|product| self.add(product)));
                }
            }
            let wanted = settings.packages() as f64 * share * SPARE;
            let count = (wanted / QUIET_VERSIONS as f64) as usize + 50;
            for number in 0..count {
                names.quiet.push(self.add(quiet(kind, number)));
            }
            self.languages.push(Language { kind, share, names });
        }
    }

    /// Adds a product; its place.
    pub(super) fn add(&mut self, product: Product) -> usize {
        self.products.push(product);
        self.products.len() - 1
    }
}

/// A package that advisories speak of; `None` where they name no version.
fn product_of(
    kind: PackageKind,
    ecosystem: &Ecosystem,
    name: &str,
    entries: &Entries<'_>,
) -> Option<Product> {
    let versions = around_borders(ecosystem.scheme()?, entries.clone());
    let has_versions = !versions.is_empty();
    has_versions.then(|| Product {
        kind,
        name: name.to_owned(),
        source: None,
        arch: None,
        distro: None,
        versions,
    })
}

/// Names as packages of the kind have them; what is none would not be found in a real image.
fn is_usable(kind: PackageKind, name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@/:-._".contains(&byte);
    let has_shape = match kind {
        PackageKind::Golang => name.contains('.') && name.contains('/'),
        PackageKind::Maven => name.contains(':'),
        PackageKind::Composer => name.contains('/'),
        PackageKind::Npm => true,
        _ => !name.contains(['/', '@', ':']),
    };
    has_shape && name.bytes().all(is_plain)
}

/// A package that no advisory speaks of.
fn quiet(kind: PackageKind, number: usize) -> Product {
    let word = WORDS[number % WORDS.len()];
    own_product(kind, &format!("{word}-{number}"), QUIET_VERSIONS)
}

/// A package of a fleet's own, in this many versions.
pub(super) fn own_product(kind: PackageKind, name: &str, versions: usize) -> Product {
    let name = match kind {
        PackageKind::Golang => format!("git.example/{name}"),
        PackageKind::Maven => format!("org.example:{name}"),
        PackageKind::Composer => format!("example/{name}"),
        _ => name.to_owned(),
    };
    let version = |number: usize| match kind {
        PackageKind::Deb | PackageKind::Rpm => format!("1.{number}.0-1"),
        PackageKind::Apk => format!("1.{number}.0-r0"),
        PackageKind::Golang => format!("v1.{number}.0"),
        _ => format!("1.{number}.0"),
    };
    Product {
        kind,
        name,
        source: None,
        arch: None,
        distro: None,
        versions: (0..versions.max(1)).map(version).collect(),
    }
}

/// The distro of an ecosystem, what its packages are and the architecture that they are for.
fn distro_of(ecosystem: &str) -> Option<(Distro, PackageKind, &'static str)> {
    let (family, release) = ecosystem.split_once(':')?;
    let (mut distro, kind, arch) = match family {
        "Debian" => (Distro::new("debian", release), PackageKind::Deb, "amd64"),
        "Alpine" => {
            let release = release.strip_prefix('v')?;
            let distro = Distro::new("alpine", format!("{release}.3"));
            (distro, PackageKind::Apk, "x86_64")
        }
        "AlmaLinux" => {
            let distro = Distro::new("almalinux", format!("{release}.4"));
            (distro, PackageKind::Rpm, "x86_64")
        }
        _ => return None,
    };
    distro.name = match family {
        "Debian" => format!("Debian GNU/Linux {release}"),
        "Alpine" => format!("Alpine Linux {release}"),
        _ => format!("AlmaLinux {}", distro.version),
    };
    if family == "AlmaLinux" {
        distro.id_like = ["rhel", "centos", "fedora"].map(str::to_owned).to_vec();
    }
    // Releases from before images are no bases of images.
    let major: u32 = distro.major().parse().ok()?;
    let is_ours = match kind {
        PackageKind::Deb => major >= 8,
        PackageKind::Apk => major >= 3,
        _ => true,
    };
    is_ours.then_some((distro, kind, arch))
}
