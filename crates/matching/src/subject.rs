//! A package as the advisories of one lane see it, and which of their entries are about it.

use scanyard_advisory::Entry;
use scanyard_package::{Ecosystem, Lane, Package};

use crate::installed::Installed;

/// The architecture that stands for the source package in entries.
const SOURCE_ARCH: &str = "src";

/// A package as the advisories of one lane see it.
pub(crate) struct Subject<'a> {
    pub(crate) ecosystem: &'a Ecosystem,
    /// Of two lanes that speak of one flaw, the lower rank decides.
    pub(crate) rank: u8,
    /// The name that advisories use: the source package's where they name those.
    pub(crate) name: &'a str,
    pub(crate) installed: Installed<'a>,
    role: NameRole,
    arch: Option<&'a str>,
    /// The label of the module stream that it was built for.
    pub(crate) module: Option<&'a str>,
}

/// What the name of a subject is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameRole {
    /// What the advisories of the ecosystem name.
    Usual,
    /// The source package, in an ecosystem that names it only where nothing is fixed.
    Source,
}

impl<'a> Subject<'a> {
    /// The package in a lane, under each name that advisories may use there.
    pub(crate) fn in_lane(package: &'a Package, lane: &'a Lane) -> Vec<Self> {
        let ecosystem = &lane.ecosystem;
        let binary = (package.name.as_str(), package.version.as_str());
        let source = (package.source_name(), package.source_version());
        let names = match ecosystem.family() {
            "Root" => with_plain_name(source),
            _ if ecosystem.names_source_packages() => vec![(source, NameRole::Usual)],
            // What is not fixed is said of the source package.
            "Red Hat" => vec![(binary, NameRole::Usual), (source, NameRole::Source)],
            // Which of both its publisher means differs between its tools.
            "Rocky Linux" if source.0 != binary.0 => {
                vec![(binary, NameRole::Usual), (source, NameRole::Usual)]
            }
            _ => vec![(binary, NameRole::Usual)],
        };
        let installed = |version| match ecosystem.family() {
            "openEuler" => {
                Installed::new(ecosystem.scheme(), version).among_versions_without_epochs()
            }
            _ => Installed::new(ecosystem.scheme(), version),
        };
        names
            .into_iter()
            .map(|((name, version), role)| Self {
                ecosystem,
                rank: lane.rank,
                name,
                installed: installed(version),
                role,
                arch: package.arch.as_deref(),
                module: package.module.as_deref(),
            })
            .collect()
    }

    /// The same package at another version.
    pub(crate) fn at<'v>(&'v self, version: &'v str) -> Subject<'v> {
        Subject {
            ecosystem: self.ecosystem,
            rank: self.rank,
            name: self.name,
            installed: Installed::new(self.ecosystem.scheme(), version),
            role: self.role,
            arch: self.arch,
            module: self.module,
        }
    }

    /// Whether an entry of the subject's name is about it: entries may be about some architectures
    /// only, or about a stream of a module.
    pub(crate) fn concerns(&self, entry: &Entry<'_>) -> bool {
        self.is_of_arch(entry) && self.is_of_module(entry)
    }

    fn is_of_arch(&self, entry: &Entry<'_>) -> bool {
        let mut archs = entry.ecosystem_specific("arch").peekable();
        match (archs.peek(), self.role) {
            (None, NameRole::Usual) => true,
            (None, NameRole::Source) => false,
            (Some(_), NameRole::Source) => archs.any(|arch| arch == SOURCE_ARCH),
            (Some(_), NameRole::Usual) => archs.any(|arch| {
                arch != SOURCE_ARCH && self.arch.is_none_or(|own| is_same_arch(own, arch))
            }),
        }
    }

    /// An entry about a module says nothing of packages outside it, nor of other streams. Whether
    /// a package without a label is of a module shows in its version, but not of which.
    fn is_of_module(&self, entry: &Entry<'_>) -> bool {
        let mut streams = entry.ecosystem_specific("rpm_modularity").peekable();
        let is_of_some_module = self.installed.text.contains(".module");
        match (streams.peek(), self.module) {
            (None, _) => true,
            (Some(_), None) => is_of_some_module,
            (Some(_), Some(label)) => {
                streams.any(|stream| stream_of(label).is_none_or(|own| is_stream(stream, own)))
            }
        }
    }
}

/// Root names some of its builds `rootio-openssl`, and its records name either that or `openssl`.
fn with_plain_name<'a>((name, version): (&'a str, &'a str)) -> Vec<((&'a str, &'a str), NameRole)> {
    let plain = name.strip_prefix("rootio-");
    let names = [Some(name), plain].into_iter().flatten();
    names
        .map(|name| ((name, version), NameRole::Usual))
        .collect()
}

/// The names of one architecture differ between publishers.
fn is_same_arch(own: &str, other: &str) -> bool {
    let is_any = |arch: &str| matches!(arch, "noarch" | "all" | "any");
    let canonical = |arch| match arch {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "i386" | "i586" | "x86" => "i686",
        other => other,
    };
    is_any(own) || is_any(other) || canonical(own) == canonical(other)
}

/// `nodejs:18` of `nodejs:18:8090020231113130500:a75119d5`.
fn stream_of(label: &str) -> Option<&str> {
    let (second, _) = label.match_indices(':').nth(1).unwrap_or((label.len(), ""));
    label.get(..second)
}

/// Advisories write the stream with or without what follows it.
fn is_stream(stated: &str, own: &str) -> bool {
    stated
        .strip_prefix(own)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_compared_without_their_builds() {
        let own = stream_of("nodejs:18:8090020231113130500:a75119d5").unwrap();
        assert_eq!(own, "nodejs:18");
        assert_eq!(stream_of("perl:5.30"), Some("perl:5.30"));
        assert!(is_stream("nodejs:18", own) && is_stream("nodejs:18:809", own));
        assert!(!is_stream("nodejs:180", own) && !is_stream("nodejs:16", own));
    }

    #[test]
    fn architectures_have_several_names() {
        assert!(is_same_arch("amd64", "x86_64"));
        assert!(is_same_arch("noarch", "aarch64"));
        assert!(!is_same_arch("x86_64", "aarch64"));
    }
}
