//! Package URLs, written and read.

use std::borrow::Cow;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::{Distro, Package, PackageKind, SourcePackage};

/// Why a purl cannot be read as a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPurl {
    /// It is not a purl.
    #[error("not a package URL: {0}")]
    Syntax(String),
    /// Its type is none that we catalog.
    #[error("package URL type {0:?} is not supported")]
    Type(String),
    /// It names no version.
    #[error("the package URL has no version; write pkg:type/name@version")]
    NoVersion,
}

impl Package {
    /// The package's purl, its qualifiers in alphabetical order.
    ///
    /// Two packages of images with the same distro are the same for matching when, and only when,
    /// their purls are equal: architecture, distro with its channels, source package, epoch and module are
    /// qualifiers.
    pub fn purl(&self, distro: Option<&Distro>) -> String {
        let (namespace, name) = self.purl_name(distro);
        let mut purl = format!("pkg:{}/", self.kind.purl_type());
        for segment in namespace.split('/').filter(|segment| !segment.is_empty()) {
            encode(&mut purl, segment);
            purl.push('/');
        }
        encode(&mut purl, name);
        let (epoch, version) = self.purl_version();
        let distro = distro.filter(|_| self.kind.is_os());
        if !version.is_empty() {
            purl.push('@');
            encode(&mut purl, version);
        }
        let qualifiers = [
            ("arch", self.arch.clone()),
            ("channels", distro.map(|distro| distro.channels.join(","))),
            ("distro", distro.map(Distro::qualifier)),
            ("epoch", epoch.map(str::to_owned)),
            ("rpmmod", self.module.clone()),
            ("upstream", self.upstream()),
        ];
        let mut separator = '?';
        for (key, value) in qualifiers {
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                continue;
            };
            purl.push(separator);
            purl.push_str(key);
            purl.push('=');
            encode(&mut purl, &value);
            separator = '&';
        }
        purl
    }

    fn purl_name<'a>(&'a self, distro: Option<&'a Distro>) -> (&'a str, &'a str) {
        match self.kind {
            kind if kind.is_os() && kind != PackageKind::Ebuild => {
                (distro.map_or("", |distro| &distro.id), &self.name)
            }
            PackageKind::Maven => self.name.split_once(':').unwrap_or(("", &self.name)),
            kind if has_namespace(kind) => self.name.rsplit_once('/').unwrap_or(("", &self.name)),
            _ => ("", &self.name),
        }
    }

    /// The epoch of an rpm is a qualifier; elsewhere, and where it is no number or would not be
    /// read again, it is part of the version.
    fn purl_version(&self) -> (Option<&str>, &str) {
        let is_epoch = |epoch: &str| !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit());
        match (self.kind, self.version.split_once(':')) {
            (PackageKind::Rpm, Some((epoch, version)))
                if is_epoch(epoch) && !version.is_empty() && !version.contains(':') =>
            {
                (Some(epoch), version)
            }
            _ => (None, &self.version),
        }
    }

    fn upstream(&self) -> Option<String> {
        let source = self.source.as_ref()?;
        if source.version == self.version {
            return (source.name != self.name).then(|| source.name.clone());
        }
        Some(format!("{}@{}", source.name, source.version))
    }

    /// Reads a package and its distro out of a purl, ours or another tool's.
    ///
    /// # Errors
    ///
    /// [`InvalidPurl`] when it is no purl, of an unknown type or without version.
    pub fn from_purl(text: &str) -> Result<(Package, Option<Distro>), InvalidPurl> {
        let purl = PackageUrl::from_str(text).map_err(|e| InvalidPurl::Syntax(e.to_string()))?;
        let kind = PackageKind::from_purl_type(purl.ty())
            .ok_or_else(|| InvalidPurl::Type(purl.ty().to_owned()))?;
        // An empty one is none: nothing could be compared with it, nor would it be written again.
        let version = purl.version().filter(|version| !version.is_empty());
        let version = version.ok_or(InvalidPurl::NoVersion)?;
        let qualifier = |key: &str| purl.qualifiers().get(key).map(Cow::as_ref);
        let version = match qualifier("epoch") {
            Some(epoch) if has_epoch(kind) && !version.contains(':') => {
                format!("{epoch}:{version}")
            }
            _ => version.to_owned(),
        };
        let package = Package {
            kind,
            name: full_name(kind, purl.namespace(), purl.name()),
            arch: qualifier("arch").map(str::to_owned),
            source: qualifier("upstream").map(|upstream| read_upstream(upstream, &version)),
            module: qualifier("rpmmod").map(str::to_owned),
            version,
        };
        let distro = qualifier("distro")
            .filter(|_| kind.is_os())
            .map(|distro| Distro {
                channels: read_channels(qualifier("channels")),
                ..read_distro(distro, purl.namespace())
            });
        Ok((package, distro))
    }
}

/// Kinds whose versions can begin with an epoch. Some tools write that of a `.deb` as a qualifier
/// too.
const fn has_epoch(kind: PackageKind) -> bool {
    matches!(kind, PackageKind::Rpm | PackageKind::Deb)
}

/// Kinds whose names have parts before the last slash.
const fn has_namespace(kind: PackageKind) -> bool {
    matches!(
        kind,
        PackageKind::Npm
            | PackageKind::Golang
            | PackageKind::Composer
            | PackageKind::Swift
            | PackageKind::Ebuild
            | PackageKind::Hex
    )
}

fn full_name(kind: PackageKind, namespace: Option<&str>, name: &str) -> String {
    match (kind, namespace) {
        (PackageKind::Maven, Some(group)) => format!("{group}:{name}"),
        (kind, Some(namespace)) if has_namespace(kind) => format!("{namespace}/{name}"),
        _ => name.to_owned(),
    }
}

fn read_upstream(upstream: &str, version: &str) -> SourcePackage {
    let (name, version) = upstream.split_once('@').unwrap_or((upstream, version));
    SourcePackage {
        name: name.to_owned(),
        version: version.to_owned(),
    }
}

fn read_channels(qualifier: Option<&str>) -> Vec<String> {
    let channels = qualifier.unwrap_or_default().split(',');
    let channels = channels.filter(|channel| !channel.is_empty());
    channels.map(str::to_owned).collect()
}

/// `debian-12`; tools that write only `12` leave the id to the namespace.
fn read_distro(qualifier: &str, namespace: Option<&str>) -> Distro {
    match qualifier.rsplit_once('-') {
        Some((id, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Distro::new(id, version)
        }
        _ if qualifier.starts_with(|c: char| c.is_ascii_digit()) => {
            Distro::new(namespace.unwrap_or_default(), qualifier)
        }
        _ => Distro::new(qualifier, ""),
    }
}

/// Percent-encodes everything but what the purl specification leaves as it is.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push_str(&hex::encode_upper([byte]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(package: Package, distro: Option<Distro>, purl: &str) {
        assert_eq!(package.purl(distro.as_ref()), purl);
        let (read, read_distro) = Package::from_purl(purl).unwrap();
        assert_eq!(read, package);
        assert_eq!(read_distro, distro.filter(|_| package.kind.is_os()));
    }

    #[test]
    fn os_packages_name_their_distro_and_source() {
        let mut libssl = Package::new(PackageKind::Deb, "libssl3", "3.0.11-1~deb12u2");
        libssl.arch = Some("amd64".into());
        libssl.source = Some(SourcePackage {
            name: "openssl".into(),
            version: "3.0.11-1~deb12u2".into(),
        });
        let purl =
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl";
        check(libssl, Some(Distro::new("debian", "12")), purl);
    }

    #[test]
    fn a_version_of_nothing_is_none() {
        for purl in ["pkg:npm/left@", "pkg:npm///:/'x@", "pkg:rpm/left@?epoch=1"] {
            assert_eq!(
                Package::from_purl(purl),
                Err(InvalidPurl::NoVersion),
                "{purl}"
            );
        }
    }

    #[test]
    fn a_source_version_that_differs_is_written() {
        let mut gcc = Package::new(PackageKind::Deb, "gcc", "4:12.2.0-3");
        gcc.source = Some(SourcePackage {
            name: "gcc-defaults".into(),
            version: "1.203".into(),
        });
        let purl = "pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults%401.203";
        check(gcc, Some(Distro::new("debian", "12")), purl);
    }

    #[test]
    fn rpm_epochs_are_qualifiers() {
        let package = Package::new(PackageKind::Rpm, "dbus", "1:1.12.20-8.el9");
        let purl = "pkg:rpm/almalinux/dbus@1.12.20-8.el9?distro=almalinux-9.4&epoch=1";
        check(package, Some(Distro::new("almalinux", "9.4")), purl);
    }

    #[test]
    fn what_looks_like_an_epoch_and_is_none_survives() {
        for version in ["1:", "a:1", "1:2:3", ":1"] {
            let package = Package::new(PackageKind::Rpm, "bash", version);
            let purl = package.purl(None);
            assert_eq!(Package::from_purl(&purl).unwrap().0, package, "{purl}");
        }
    }

    #[test]
    fn the_epoch_of_a_deb_is_read_wherever_it_stands() {
        for purl in ["pkg:deb/debian/a@1:2-3", "pkg:deb/debian/a@2-3?epoch=1"] {
            assert_eq!(
                Package::from_purl(purl).unwrap().0.version,
                "1:2-3",
                "{purl}"
            );
        }
    }

    #[test]
    fn what_a_distro_is_updated_from_tells_packages_apart() {
        let package = Package::new(PackageKind::Rpm, "bash", "5.1-1.el9");
        let mut distro = Distro::new("rhel", "9.2");
        distro.channels = vec!["rhel-9-baseos-eus-rpms".into(), "ubi-9".into()];
        let purl = "pkg:rpm/rhel/bash@5.1-1.el9\
            ?channels=rhel-9-baseos-eus-rpms%2Cubi-9&distro=rhel-9.2";
        check(package, Some(distro), purl);
    }

    #[test]
    fn language_packages_keep_their_namespaces() {
        check(
            Package::new(PackageKind::Npm, "@babel/core", "7.1.0"),
            None,
            "pkg:npm/%40babel/core@7.1.0",
        );
        let go = Package::new(PackageKind::Golang, "golang.org/x/net", "v0.17.0");
        check(go, None, "pkg:golang/golang.org/x/net@v0.17.0");
        let maven = Package::new(PackageKind::Maven, "org.slf4j:slf4j-api", "1.7.36");
        check(maven, None, "pkg:maven/org.slf4j/slf4j-api@1.7.36");
    }

    #[test]
    fn a_bare_distro_number_takes_its_id_from_the_namespace() {
        let (_, distro) = Package::from_purl("pkg:apk/alpine/musl@1.2.4-r1?distro=3.18.4").unwrap();
        assert_eq!(distro, Some(Distro::new("alpine", "3.18.4")));
        let leap = read_distro("opensuse-leap-15.5", None);
        assert_eq!(leap, Distro::new("opensuse-leap", "15.5"));
    }

    #[test]
    fn what_is_no_purl_says_so() {
        assert!(matches!(
            Package::from_purl("openssl"),
            Err(InvalidPurl::Syntax(_))
        ));
        assert_eq!(
            Package::from_purl("pkg:npm/left-pad"),
            Err(InvalidPurl::NoVersion)
        );
        let swid = Package::from_purl("pkg:swid/x@1");
        assert_eq!(swid, Err(InvalidPurl::Type("swid".into())));
    }

    proptest! {
        #[test]
        fn every_name_and_version_survives(name in "[a-z0-9][ -~]{0,20}[a-z0-9]", version in "[0-9][!-~]{0,12}") {
            let package = Package::new(PackageKind::Gem, name.replace('/', "-"), version);
            let purl = package.purl(None);
            prop_assert_eq!(Package::from_purl(&purl).unwrap().0, package);
        }
    }
}
