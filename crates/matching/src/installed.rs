//! The installed version, read once and compared with what advisories write.

use std::cmp::Ordering;
use std::fmt;

use scanyard_version::{InvalidVersion, Scheme, Version};

/// Why two versions could not be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The package's own version is none of its scheme.
    Installed(InvalidVersion),
    /// The advisory's is none.
    Advisory(InvalidVersion),
    /// We do not know how versions in this ecosystem are ordered.
    NoOrder,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Installed(error) => write!(f, "the installed version {error}"),
            Unreadable::Advisory(error) => write!(f, "the advisory's version {error}"),
            Unreadable::NoOrder => f.write_str("versions of this ecosystem have no known order"),
        }
    }
}

/// A package's version, as its scheme reads it.
#[derive(Debug)]
pub(crate) struct Installed<'a> {
    pub(crate) text: &'a str,
    scheme: Option<Scheme>,
    whole: Result<Version<'a>, Unreadable>,
    /// PyPI: the version without its local label.
    public: Option<Version<'a>>,
    /// Where advisories write no epochs: the version without its own.
    without_epoch: Option<Version<'a>>,
}

impl<'a> Installed<'a> {
    pub(crate) fn new(scheme: Option<Scheme>, text: &'a str) -> Self {
        let whole = match scheme {
            Some(scheme) => Version::parse(scheme, text).map_err(Unreadable::Installed),
            None => Err(Unreadable::NoOrder),
        };
        Self {
            text,
            scheme,
            whole,
            public: public(scheme, text),
            without_epoch: None,
        }
    }

    /// In an ecosystem whose advisories leave epochs out: there, one without an epoch says nothing of
    /// it, and versions are compared without.
    pub(crate) fn among_versions_without_epochs(mut self) -> Self {
        let rest = self.text.split_once(':').map(|(_, rest)| rest);
        self.without_epoch = match (self.scheme, rest) {
            (Some(scheme), Some(rest)) => Version::parse(scheme, rest).ok(),
            _ => None,
        };
        self
    }

    /// What is wrong with the version, if anything.
    pub(crate) fn error(&self) -> Option<&Unreadable> {
        self.whole.as_ref().err()
    }

    /// Reads another version and says how the installed one compares to it.
    ///
    /// A local label of PyPI (`2.0.0+cu118`) counts only beside a version that has one too, as
    /// the version specifiers of PEP 440 have it: a build of 2.0.0 has the flaws of 2.0.0.
    pub(crate) fn compare<'o>(
        &self,
        other: &'o str,
    ) -> Result<(Version<'o>, Ordering), Unreadable> {
        let whole = self.whole.as_ref().map_err(Clone::clone)?;
        let scheme = self.scheme.ok_or(Unreadable::NoOrder)?;
        let other_version = Version::parse(scheme, other).map_err(Unreadable::Advisory)?;
        let own = match (&self.public, &self.without_epoch) {
            (Some(public), _) if !other.contains('+') => public,
            (_, Some(without_epoch)) if !other.contains(':') => without_epoch,
            _ => whole,
        };
        let order = own.compare(&other_version).ok_or(Unreadable::NoOrder)?;
        Ok((other_version, order))
    }

    /// Whether a list of versions names this one, exactly or in another spelling.
    pub(crate) fn is_listed<'v>(
        &self,
        mut versions: impl Iterator<Item = &'v str>,
    ) -> Option<&'v str> {
        versions.find(|listed| {
            *listed == self.text
                || (self.may_equal(listed)
                    && self.compare(listed).is_ok_and(|(_, order)| order.is_eq()))
        })
    }

    /// Spares reading most of a long list: versions that are equal in any scheme have the same
    /// digits, zeros and build metadata aside.
    fn may_equal(&self, listed: &str) -> bool {
        significant(self.text).eq(significant(listed))
    }
}

fn significant(version: &str) -> impl Iterator<Item = u8> {
    version
        .bytes()
        .take_while(|b| *b != b'+')
        .filter(|b| matches!(b, b'1'..=b'9'))
}

fn public(scheme: Option<Scheme>, text: &str) -> Option<Version<'_>> {
    let (public, _) = text.split_once('+')?;
    match scheme {
        Some(Scheme::Pep440) => Version::parse(Scheme::Pep440, public).ok(),
        _ => None,
    }
}
