//! The ecosystems in which advisories speak of an image's OS packages, by how close they are.

use crate::{Distro, Ecosystem, Package};

/// One ecosystem whose advisories speak of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Of two lanes that speak of one flaw, the lower rank decides: who is updated from where
    /// support is bought has other fixes than everybody.
    pub rank: u8,
    /// The ecosystem, with its release.
    pub ecosystem: Ecosystem,
}

/// What a distro has for everybody.
const BASE: u8 = 1;
/// What replaces that where it is subscribed to.
const SUBSCRIBED: u8 = 0;

impl Lane {
    fn base(name: impl Into<String>) -> Self {
        Self {
            rank: BASE,
            ecosystem: Ecosystem::new(&name.into()),
        }
    }

    fn subscribed(name: impl Into<String>) -> Self {
        Self {
            rank: SUBSCRIBED,
            ecosystem: Ecosystem::new(&name.into()),
        }
    }

    /// The lanes of a distro, the one that names its release first; none for one whose publisher
    /// has no advisories that we read.
    pub fn of_distro(distro: &Distro) -> Vec<Self> {
        let (major, release) = (distro.major(), distro.version.as_str());
        let one = |name: String| vec![Self::base(name)];
        let lanes = match distro.id.as_str() {
            "debian" => one(format!("Debian:{}", debian_release(distro))),
            "ubuntu" => ubuntu(distro),
            "alpine" => one(format!("Alpine:{}", alpine_release(distro))),
            "almalinux" => one(format!("AlmaLinux:{major}")),
            "rocky" => one(format!("Rocky Linux:{major}")),
            "rhel" | "redhat" | "centos" => red_hat(distro),
            "ol" => one(format!("Oracle Linux:{major}")),
            "amzn" => one(format!("Amazon Linux:{}", amazon_release(distro))),
            "sles" | "sles_sap" | "sled" | "sle_hpc" => suse(distro),
            "opensuse-leap" => one(format!("openSUSE:Leap {release}")),
            "opensuse-leap-micro" => one(format!("openSUSE:Leap Micro {release}")),
            "opensuse-tumbleweed" => one("openSUSE:Tumbleweed".to_owned()),
            "sl-micro" => one(format!("SUSE:Linux Micro {release}")),
            "suse-microos" | "sle-micro" => one(format!("SUSE:Linux Enterprise Micro {release}")),
            "openeuler" => one(format!("openEuler:{}", openeuler_release(distro))),
            "mageia" => one(format!("Mageia:{major}")),
            "azurelinux" | "mariner" => one(format!("Azure Linux:{major}")),
            "alpaquita" => one(format!("Alpaquita:{release}")),
            "wolfi" => one("Wolfi".to_owned()),
            "chainguard" => one("Chainguard".to_owned()),
            "minimos" => one("MinimOS".to_owned()),
            "echo" => one("Echo".to_owned()),
            _ => Vec::new(),
        };
        let is_named = |lane: &Lane| {
            let name = lane.ecosystem.name();
            !name.ends_with([':', ' ']) && !name.ends_with(":v")
        };
        lanes.into_iter().filter(is_named).collect()
    }

    /// The lanes of a package found in an image of this distro.
    pub fn of_package(package: &Package, distro: Option<&Distro>) -> Vec<Self> {
        if let Some(name) = package.kind.language_ecosystem() {
            return vec![Self::base(name)];
        }
        let Some(distro) = distro else {
            return Vec::new();
        };
        let mut lanes = Self::of_distro(distro);
        let version = package.source_version();
        if distro.id == "ubuntu" && is_from_esm(version) && !lanes.iter().any(Self::is_subscribed) {
            lanes.push(Self::subscribed(format!("Ubuntu:Pro:{}", distro.version)));
        }
        if let (true, Some(lane)) = (version.contains("root.io"), lanes.first()) {
            // Root rebuilds packages of a distro under its own name space.
            let name = lane.ecosystem.name().replacen(":v", ":", 1);
            lanes.push(Self::subscribed(format!("Root:{name}")));
        }
        lanes
    }

    fn is_subscribed(&self) -> bool {
        self.rank == SUBSCRIBED
    }
}

/// Releases were named by number and point until 6.0, by number since; what has none is unstable,
/// or testing, which is fed from it.
fn debian_release(distro: &Distro) -> &str {
    match distro.major() {
        "" | "sid" | "unstable" | "testing" => "sid",
        "1" | "2" | "3" | "4" | "5" | "6" => distro.major_minor(),
        major => major,
    }
}

/// An unstable build's version names the release it may become: `3.23.0_alpha20251224`.
fn alpine_release(distro: &Distro) -> String {
    match distro.version.contains('_') || distro.version == "edge" {
        true => "edge".to_owned(),
        false => format!("v{}", distro.major_minor()),
    }
}

/// Until Amazon Linux 2, releases were named by year and month.
fn amazon_release(distro: &Distro) -> &str {
    match distro.version.contains('.') && distro.version.starts_with("201") {
        true => "1",
        false => distro.major(),
    }
}

/// `24.03-LTS-SP1`: os-release has the whole only in its name, `openEuler 24.03 (LTS-SP1)`.
fn openeuler_release(distro: &Distro) -> String {
    let in_name = distro.name.split_once('(');
    let suffix = in_name.and_then(|(_, rest)| rest.strip_suffix(')'));
    match suffix {
        Some(suffix) => format!("{}-{suffix}", distro.version),
        None => distro.version.clone(),
    }
}

fn ubuntu(distro: &Distro) -> Vec<Lane> {
    let mut lanes = vec![Lane::base(format!("Ubuntu:{}", distro.version))];
    if distro
        .channels
        .iter()
        .any(|channel| channel.starts_with("esm-"))
    {
        lanes.push(Lane::subscribed(format!("Ubuntu:Pro:{}", distro.version)));
    }
    lanes
}

/// Packages of Ubuntu's extended support carry its name: `1.1.1-1ubuntu2.1~18.04.23+esm4`.
fn is_from_esm(version: &str) -> bool {
    version.contains("+esm") || version.contains("~esm")
}

/// The repositories of a release, and those lanes with longer support that the image is updated
/// from, by its content sets.
fn red_hat(distro: &Distro) -> Vec<Lane> {
    let major = distro.major();
    let repositories: &[&str] = match major {
        "5" | "6" | "7" => &["", "::server", "::client", "::workstation", "::computenode"],
        _ => &["", "::baseos", "::appstream", "::crb", "::supplementary"],
    };
    let release =
        |repository: &&str| Lane::base(format!("Red Hat:enterprise_linux:{major}{repository}"));
    let mut lanes: Vec<Lane> = match major {
        "" => Vec::new(),
        _ => repositories.iter().map(release).collect(),
    };
    let extended = distro
        .channels
        .iter()
        .filter_map(|channel| extended_lane(channel, distro));
    lanes.extend(extended.map(Lane::subscribed));
    lanes.sort_by_key(|lane| std::cmp::Reverse(lane.rank));
    lanes.dedup();
    lanes
}

/// `Red Hat:rhel_eus:9.2::baseos` of the content set `rhel-9-for-x86_64-baseos-eus-rpms`, or of
/// the CPE of a label; `None` for what everybody has.
fn extended_lane(channel: &str, distro: &Distro) -> Option<String> {
    if let Some(cpe) = channel.strip_prefix("cpe:/") {
        let (_, product) = cpe.split_once(":redhat:")?;
        return product
            .starts_with("rhel_")
            .then(|| format!("Red Hat:{product}"));
    }
    let parts: Vec<&str> = channel.split("-rpms").next()?.split('-').collect();
    let has = |name: &str| parts.contains(&name);
    let product = ["eus", "aus", "tus", "e4s"]
        .into_iter()
        .find(|name| has(name))?;
    let repository = ["baseos", "appstream", "crb", "supplementary"]
        .into_iter()
        .find(|name| has(name))?;
    let release = distro.major_minor();
    Some(format!("Red Hat:rhel_{product}:{release}::{repository}"))
}

/// SUSE's products of one service pack: the server itself and the modules that packages of images
/// come from, with what is supported longer, which delivers the same builds.
fn suse(distro: &Distro) -> Vec<Lane> {
    const PRODUCTS: [&str; 4] = [
        "Linux Enterprise Server",
        "Linux Enterprise Server for SAP Applications",
        "Linux Enterprise Desktop",
        "Linux Enterprise High Performance Computing",
    ];
    const MODULES: [&str; 11] = [
        "Basesystem",
        "Server Applications",
        "Development Tools",
        "Desktop Applications",
        "Web and Scripting",
        "Containers",
        "Python 3",
        "Legacy",
        "Public Cloud",
        "Systems Management",
        "Certifications",
    ];
    let release = match distro.version.split_once('.') {
        Some((major, pack)) => format!("{major} SP{pack}"),
        None => distro.version.clone(),
    };
    let products = PRODUCTS
        .iter()
        .map(|product| format!("SUSE:{product} {release}"));
    let longer =
        ["-LTSS", "-LTSS Core"].map(|lane| format!("SUSE:Linux Enterprise Server {release}{lane}"));
    let modules = MODULES
        .iter()
        .map(|module| format!("SUSE:Linux Enterprise Module for {module} {release}"));
    let hub = format!("SUSE:Package Hub {release}");
    products
        .chain(longer)
        .chain(modules)
        .chain([hub])
        .map(Lane::base)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageKind;

    fn names(lanes: &[Lane]) -> Vec<String> {
        lanes
            .iter()
            .map(|lane| format!("{} {}", lane.rank, lane.ecosystem))
            .collect()
    }

    fn distro(id: &str, version: &str, channels: &[&str]) -> Distro {
        let mut distro = Distro::new(id, version);
        distro.channels = channels
            .iter()
            .map(|channel| (*channel).to_owned())
            .collect();
        distro
    }

    #[test]
    fn releases_are_named_as_advisories_name_them() {
        let cases = [
            ("debian", "12", "Debian:12"),
            ("debian", "6.0.10", "Debian:6.0"),
            ("debian", "", "Debian:sid"),
            ("ubuntu", "22.04", "Ubuntu:22.04"),
            ("alpine", "3.18.4", "Alpine:v3.18"),
            ("alpine", "3.23.0_alpha20251224", "Alpine:edge"),
            ("almalinux", "9.4", "AlmaLinux:9"),
            ("centos", "7", "Red Hat:enterprise_linux:7"),
            ("ol", "8.9", "Oracle Linux:8"),
            ("amzn", "2018.03", "Amazon Linux:1"),
            ("amzn", "2023", "Amazon Linux:2023"),
            ("sles", "15.5", "SUSE:Linux Enterprise Server 15 SP5"),
            ("opensuse-leap", "15.5", "openSUSE:Leap 15.5"),
            ("wolfi", "20230201", "Wolfi"),
        ];
        for (id, version, expected) in cases {
            let lanes = Lane::of_distro(&Distro::new(id, version));
            assert_eq!(lanes[0].ecosystem.name(), expected, "{id} {version}");
        }
        for (id, version) in [
            ("fedora", "40"),
            ("arch", ""),
            ("photon", "5.0"),
            ("ubuntu", ""),
            ("alpine", ""),
        ] {
            assert_eq!(Lane::of_distro(&Distro::new(id, version)), [], "{id}");
        }
    }

    #[test]
    fn service_packs_of_openeuler_are_in_its_name() {
        let mut euler = Distro::new("openeuler", "24.03");
        euler.name = "openEuler 24.03 (LTS-SP1)".to_owned();
        assert_eq!(
            names(&Lane::of_distro(&euler)),
            ["1 openEuler:24.03-LTS-SP1"]
        );
    }

    #[test]
    fn support_that_is_bought_comes_first() {
        let pro = distro("ubuntu", "18.04", &["esm-apps", "esm-infra"]);
        assert_eq!(
            names(&Lane::of_distro(&pro)),
            ["1 Ubuntu:18.04", "0 Ubuntu:Pro:18.04"]
        );
        let eus = distro(
            "rhel",
            "9.2",
            &["rhel-9-for-x86_64-baseos-eus-rpms", "ubi-9-baseos-rpms"],
        );
        let lanes = names(&Lane::of_distro(&eus));
        assert_eq!(
            lanes.first().map(String::as_str),
            Some("1 Red Hat:enterprise_linux:9")
        );
        assert_eq!(
            lanes.last().map(String::as_str),
            Some("0 Red Hat:rhel_eus:9.2::baseos")
        );
        let labelled = distro("rhel", "8.6", &["cpe:/o:redhat:rhel_aus:8.6::baseos"]);
        let lanes = names(&Lane::of_distro(&labelled));
        assert_eq!(
            lanes.last().map(String::as_str),
            Some("0 Red Hat:rhel_aus:8.6::baseos")
        );
    }

    #[test]
    fn a_version_can_tell_where_a_package_comes_from() {
        let package = |version: &str| Package::new(PackageKind::Deb, "openssl", version);
        let ubuntu = Distro::new("ubuntu", "18.04");
        let lanes = Lane::of_package(&package("1.1.1-1ubuntu2.1~18.04.23+esm4"), Some(&ubuntu));
        assert_eq!(names(&lanes), ["1 Ubuntu:18.04", "0 Ubuntu:Pro:18.04"]);
        let debian = Distro::new("debian", "12");
        let lanes = Lane::of_package(&package("3.0.11-1~deb12u2.root.io.1"), Some(&debian));
        assert_eq!(names(&lanes), ["1 Debian:12", "0 Root:Debian:12"]);
        let gem = Package::new(PackageKind::Gem, "rails", "7");
        assert_eq!(names(&Lane::of_package(&gem, None)), ["1 RubyGems"]);
    }
}
