//! Which distro this is, where it is older than os-release or leaves it out.

use memchr::memmem;
use scanyard_package::Distro;

use super::{Cataloger, Names, executable, os_release};
use crate::layer::FileEvidence;

/// One file and how to read it. Where several stand, the first of the list wins: derivatives keep
/// their parent's file beside their own.
const FILES: [(&str, Reader); 14] = [
    ("etc/oracle-release", release_line),
    ("etc/almalinux-release", release_line),
    ("etc/rocky-release", release_line),
    ("etc/fedora-release", release_line),
    ("etc/centos-release", release_line),
    ("etc/photon-release", release_line),
    ("etc/system-release", release_line),
    ("etc/redhat-release", release_line),
    ("etc/lsb-release", lsb_release),
    ("etc/SuSE-release", suse_release),
    ("etc/alpine-release", alpine_release),
    ("etc/debian_version", debian_version),
    ("etc/system-release-cpe", release_cpe),
    ("bin/busybox", busybox),
];

type Reader = fn(&[u8]) -> Option<Distro>;

/// How the first words of a release line name a distro, and its ID in os-release.
const DISTROS: [(&str, &str); 11] = [
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Rocky Linux", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Oracle Linux", "ol"),
    ("Fedora", "fedora"),
    ("Amazon Linux", "amzn"),
    ("Scientific Linux", "scientific"),
    ("VMware Photon", "photon"),
    ("CBL-Mariner", "mariner"),
    ("Red Hat Linux", "redhat"),
];

pub struct ReleaseFile;

impl Cataloger for ReleaseFile {
    fn names(&self) -> Names {
        Names {
            files: &[
                "oracle-release",
                "almalinux-release",
                "rocky-release",
                "fedora-release",
                "centos-release",
                "photon-release",
                "system-release",
                "redhat-release",
                "lsb-release",
                "SuSE-release",
                "alpine-release",
                "debian_version",
                "system-release-cpe",
                "busybox",
            ],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        rank(path).is_some()
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        // Where os-release is there too, nobody needs to know that this one says nothing.
        FileEvidence {
            distro: rank(path).and_then(|rank| FILES[rank].1(content)),
            // One of the files is a program, and a package besides.
            ..executable::recognise(path, content)
        }
    }
}

/// Which of several release files wins: the lowest.
pub fn rank(path: &str) -> Option<usize> {
    FILES.iter().position(|(known, _)| *known == path)
}

/// `CentOS release 5.7 (Final)`.
fn release_line(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let line = text.lines().next()?.trim();
    let (_, id) = DISTROS.iter().find(|(name, _)| line.starts_with(name))?;
    named(id, &first_number(line), line)
}

fn named(id: &str, version: &str, name: &str) -> Option<Distro> {
    let mut distro = Distro::new(id, version);
    distro.name = name.to_owned();
    Some(distro)
}

fn first_number(line: &str) -> String {
    line.split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned()
}

fn lsb_release(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let mut distro = Distro::default();
    for (key, value) in os_release::assignments(&text) {
        match key {
            "DISTRIB_ID" => distro.id = value.to_ascii_lowercase(),
            "DISTRIB_RELEASE" => distro.version = value,
            "DISTRIB_DESCRIPTION" => distro.name = value,
            _ => {}
        }
    }
    (!distro.id.is_empty()).then_some(distro)
}

/// `SUSE Linux Enterprise Server 11 (x86_64)`, then `VERSION = 11` and `PATCHLEVEL = 4`.
fn suse_release(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let line = text.lines().next()?.trim();
    let id = if line.starts_with("openSUSE") {
        "opensuse"
    } else if line.contains("Desktop") {
        "sled"
    } else {
        "sles"
    };
    let field = |wanted: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once('='));
        fields.find_map(|(key, value)| (key.trim() == wanted).then_some(value.trim()))
    };
    let version = match (field("VERSION"), field("PATCHLEVEL")) {
        (Some(version), Some(level)) if level != "0" => format!("{version}.{level}"),
        (Some(version), _) => version.to_owned(),
        (None, _) => first_number(line),
    };
    named(id, &version, line)
}

fn alpine_release(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let version = text.trim();
    named("alpine", version, &format!("Alpine Linux {version}"))
}

/// `12.4`, or a code name like `trixie/sid` where the release has no number yet.
fn debian_version(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let version = text.trim();
    let number = version.split('.').next().unwrap_or_default();
    let number = if number.bytes().all(|b| b.is_ascii_digit()) {
        number
    } else {
        ""
    };
    named("debian", number, &format!("Debian {version}"))
}

/// `cpe:/o:centos:linux:6:GA`.
fn release_cpe(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let cpe = text.lines().next()?.trim();
    let mut parts = cpe.strip_prefix("cpe:/o:")?.split(':');
    let (vendor, _, version) = (parts.next()?, parts.next()?, parts.next()?);
    let id = match vendor {
        "redhat" => "rhel",
        "oracle" => "ol",
        "amazon" => "amzn",
        "fedoraproject" => "fedora",
        vendor => vendor,
    };
    named(id, version, cpe)
}

/// An image that is nothing but a busybox.
fn busybox(content: &[u8]) -> Option<Distro> {
    let start = memmem::find(content, b"BusyBox v")? + b"BusyBox v".len();
    let rest = content.get(start..content.len().min(start + 32))?;
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    let version = String::from_utf8_lossy(&rest[..length]);
    named("busybox", &version, &format!("BusyBox v{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_says_what_os_release_would() {
        let cases = [
            (
                "etc/redhat-release",
                "CentOS release 5.7 (Final)\n",
                "centos",
                "5.7",
            ),
            (
                "etc/oracle-release",
                "Oracle Linux Server release 6.10\n",
                "ol",
                "6.10",
            ),
            (
                "etc/system-release",
                "Amazon Linux AMI release 2018.03\n",
                "amzn",
                "2018.03",
            ),
            (
                "etc/lsb-release",
                "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=18.04\n",
                "ubuntu",
                "18.04",
            ),
            (
                "etc/SuSE-release",
                "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
                "sles",
                "11.4",
            ),
            ("etc/alpine-release", "3.18.4\n", "alpine", "3.18.4"),
            ("etc/debian_version", "12.4\n", "debian", "12"),
            ("etc/debian_version", "trixie/sid\n", "debian", ""),
            (
                "etc/system-release-cpe",
                "cpe:/o:centos:linux:6:GA\n",
                "centos",
                "6",
            ),
            (
                "bin/busybox",
                "\u{1}BusyBox v1.31.1 (2020)",
                "busybox",
                "1.31.1",
            ),
        ];
        for (path, content, id, version) in cases {
            let distro = ReleaseFile
                .catalog(path, content.as_bytes())
                .distro
                .unwrap();
            assert_eq!(
                (distro.id.as_str(), distro.version.as_str()),
                (id, version),
                "{path}"
            );
        }
    }

    #[test]
    fn every_file_of_the_list_has_its_name_among_the_names() {
        for (path, _) in FILES {
            let (_, name) = crate::path::split_name(path);
            assert!(ReleaseFile.names().files.contains(&name), "{path}");
        }
    }
}
