//! rpm builds: which ranges of an erratum are about the build that is installed.
//!
//! An erratum of AlmaLinux names a package once for every build that it delivers, mostly the same
//! release rebuilt for several module contexts (`...module_el8.5.0+119+...` beside
//! `...module_el8.4.0+2496+...`). The order of those suffixes means nothing, so a build is held
//! against the range of its own module build, release or kind, whichever is closest; a build
//! that the erratum delivers has its fixes. Builds of a module and builds of none never compare,
//! nor do streams of a module. The stream that is installed is what the package's label says;
//! where there is none, the version mostly tells.

use scanyard_advisory::{Entry, Event, Range};

/// How close the build in a range is to the installed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    /// One is of a module and the other is not, or they are of different streams.
    Foreign,
    SameKind,
    SameRelease,
    SameModuleBuild,
    SameBuild,
}

/// Which ranges of a record are about the installed build.
pub(crate) struct Selection<'a> {
    build: Build<'a>,
    best: Closeness,
}

impl<'a> Selection<'a> {
    /// Looks at every range of a record about the package.
    pub(crate) fn new(
        package: &'a str,
        version: &'a str,
        module: Option<&str>,
        summary: &'a str,
        entries: &[Entry<'_>],
    ) -> Self {
        let build = Build {
            package,
            version: strip_epoch(version),
            module_build: ModuleBuild::of(version),
            labelled: Labelled::new(module, summary),
            stream: numbered_stream(summary),
        };
        let best = entries
            .iter()
            .flat_map(Entry::ranges)
            .map(|range| build.closeness(&range))
            .max()
            .unwrap_or(Closeness::SameKind);
        Self { build, best }
    }

    /// Whether a range is one of those that decide.
    pub(crate) fn admits(&self, range: &Range<'_>) -> bool {
        self.best > Closeness::Foreign && self.build.closeness(range) == self.best
    }
}

/// The installed build, and the module stream that the erratum is about.
#[derive(Debug, Clone, Copy)]
struct Build<'a> {
    package: &'a str,
    version: &'a str,
    module_build: Option<ModuleBuild<'a>>,
    labelled: Labelled,
    stream: Option<(&'a str, &'a str)>,
}

/// What the label of the installed build says of the erratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Labelled {
    /// The erratum is about the stream that is installed.
    SameStream,
    /// It is about other streams of the module.
    OtherStream,
    /// There is no label, or the erratum does not name the module.
    Unsaid,
}

impl Labelled {
    /// Reads a label such as `nodejs:16:8090020240315081818:a75119d5`.
    fn new(label: Option<&str>, summary: &str) -> Self {
        let mut parts = label.unwrap_or_default().split(':');
        let (Some(module), Some(stream)) = (parts.next(), parts.next()) else {
            return Self::Unsaid;
        };
        let mut fit = Self::Unsaid;
        for (named, other) in module_streams(summary) {
            if named == module && other == stream {
                return Self::SameStream;
            }
            if named == module {
                fit = Self::OtherStream;
            }
        }
        fit
    }
}

impl Build<'_> {
    fn closeness(&self, range: &Range<'_>) -> Closeness {
        range
            .events()
            .filter_map(|event| match event {
                Event::Fixed(fixed) => Some(self.closeness_to(strip_epoch(fixed))),
                _ => None,
            })
            .max()
            .unwrap_or(Closeness::SameKind)
    }

    fn closeness_to(&self, fixed: &str) -> Closeness {
        if self.labelled == Labelled::OtherStream {
            return Closeness::Foreign;
        }
        if self.version == fixed {
            return Closeness::SameBuild;
        }
        match (self.module_build, ModuleBuild::of(fixed)) {
            (None, None) => Closeness::SameKind,
            (Some(_), Some(_)) if self.is_of_other_stream(fixed) => Closeness::Foreign,
            (Some(own), Some(other)) if own == other => Closeness::SameModuleBuild,
            (Some(own), Some(other)) if own.release == other.release => Closeness::SameRelease,
            (Some(_), Some(_)) => Closeness::SameKind,
            _ => Closeness::Foreign,
        }
    }

    /// A stream shows in the version where it counts the module's own package: `nodejs:16` fixes
    /// nodejs in 16.14.0, so nodejs 14.19.1 is of another stream.
    fn is_of_other_stream(&self, fixed: &str) -> bool {
        let Some((module, stream)) = self.stream else {
            return false;
        };
        if self.labelled == Labelled::SameStream {
            return false;
        }
        let is_own = self
            .package
            .strip_prefix(module)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        is_own && starts_with_parts(fixed, stream) && !starts_with_parts(self.version, stream)
    }
}

/// A module build: `el8.5.0` and `119` of `...module_el8.5.0+119+9a9ec082`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ModuleBuild<'a> {
    release: &'a str,
    number: &'a str,
}

impl<'a> ModuleBuild<'a> {
    /// Reads the module build out of a version; `None` for a build of no module.
    fn of(version: &'a str) -> Option<Self> {
        let is_mark = |bytes: &[u8]| bytes == b"module_el" || bytes == b"module+el";
        let at = version.as_bytes().windows(9).position(is_mark)?;
        let mut parts = version[at + "module_".len()..].split('+');
        Some(Self {
            release: parts.next().unwrap_or_default(),
            number: parts.next().unwrap_or_default(),
        })
    }
}

/// Every `module:stream` in a summary such as `Important: nodejs:16 security update`.
fn module_streams(summary: &str) -> impl Iterator<Item = (&str, &str)> {
    summary
        .split_whitespace()
        .filter_map(|word| word.trim_end_matches([',', ';', '.']).split_once(':'))
        .filter(|(module, stream)| !module.is_empty() && !stream.is_empty())
}

/// The first of them whose stream is a version, so that it shows in the package's own.
fn numbered_stream(summary: &str) -> Option<(&str, &str)> {
    module_streams(summary).find(|(_, stream)| stream.starts_with(|c: char| c.is_ascii_digit()))
}

fn strip_epoch(version: &str) -> &str {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => version,
    }
}

/// Whether a version is the stream or continues it at a dot or a dash.
fn starts_with_parts(version: &str, stream: &str) -> bool {
    version
        .strip_prefix(stream)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_from_the_summary() {
        let cases = [
            (
                "Important: nodejs:16 security update",
                Some(("nodejs", "16")),
            ),
            ("php:8.0 security update (Important)", Some(("php", "8.0"))),
            ("new module: swig:4.0", Some(("swig", "4.0"))),
            ("Important: virt:rhel security update", None),
            ("kernel security update", None),
        ];
        for (summary, expected) in cases {
            assert_eq!(numbered_stream(summary), expected, "{summary}");
        }
    }

    #[test]
    fn a_label_tells_the_stream_whatever_its_name() {
        let fit = |label: &str, summary: &str| Labelled::new(Some(label), summary);
        let virt = "Important: virt:rhel and virt-devel:rhel, security update";
        assert_eq!(fit("virt-devel:rhel:8040:b4", virt), Labelled::SameStream);
        assert_eq!(fit("virt:av:8040:b4", virt), Labelled::OtherStream);
        assert_eq!(fit("perl:5.26:8010:b4", virt), Labelled::Unsaid);
        assert_eq!(fit("virt", virt), Labelled::Unsaid);
        assert_eq!(Labelled::new(None, virt), Labelled::Unsaid);
    }
}
