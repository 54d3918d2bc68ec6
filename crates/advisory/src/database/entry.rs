//! What one advisory says about one package.

use scanyard_package::Severity;

use super::advisory::{Advisory, Cvss, Rating};
use super::image::Image;
use super::strings::Strings;
use crate::bytes::Reader;
use crate::compile::entry_flags as flags;
use crate::disposition::Disposition;

/// All entries of one (ecosystem, name), as they lie in the file.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    /// Changes when anything changes that matching or a finding would show.
    pub(super) content: u64,
    pub(super) ecosystem: u64,
    pub(super) name: u64,
    /// Where the entries start, counted from the start of the framed group.
    entries_at: u64,
    bytes: &'a [u8],
}

impl<'a> Group<'a> {
    pub(super) fn read(image: &'a Image, place: u64) -> Option<Self> {
        Self::parse(image.framed(image.layout.groups, place)?)
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let content = u64::from_le_bytes(reader.take(8)?.try_into().ok()?);
        let ecosystem = reader.varint()?;
        let name = reader.varint()?;
        Some(Self {
            content,
            ecosystem,
            name,
            entries_at: (bytes.len() - reader.0.len()) as u64,
            bytes,
        })
    }

    pub(super) fn entries(self, image: &'a Image) -> Entries<'a> {
        let mut rest = Reader(self.bytes);
        rest.take(self.entries_at);
        Entries {
            image: Some(image),
            rest,
        }
    }

    /// The entry that starts this many bytes into the group's entries.
    pub(super) fn entry_at(self, image: &'a Image, at: u64) -> Option<Entry<'a>> {
        let mut entries = self.entries(image);
        entries.rest.take(at)?;
        entries.next()
    }
}

/// Every group with its place, in order of (ecosystem, name).
pub(super) fn groups(image: &Image) -> impl Iterator<Item = (u64, Group<'_>)> {
    let mut place = 0;
    std::iter::from_fn(move || {
        let bytes = image.framed(image.layout.groups, place)?;
        let at = place;
        place += bytes.len() as u64 + varint_length(bytes.len() as u64);
        Some((at, Group::parse(bytes)?))
    })
}

fn varint_length(value: u64) -> u64 {
    u64::from((64 - (value | 1).leading_zeros()).div_ceil(7))
}

/// The entries of one package, in order of their advisories' ids.
#[derive(Clone, Default)]
pub struct Entries<'a> {
    image: Option<&'a Image>,
    rest: Reader<'a>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        Entry::parse(self.image?, self.rest.bytes()?)
    }
}

/// What one advisory says about one package.
#[derive(Clone)]
pub struct Entry<'a> {
    image: &'a Image,
    advisory: u64,
    flags: u64,
    versions: Option<u64>,
    rating: Option<Rating<'a>>,
    urgency: Option<u64>,
    disposition: Option<Disposition>,
    ranges: Reader<'a>,
    custom_ranges: Reader<'a>,
    specifics: Reader<'a>,
}

impl<'a> Entry<'a> {
    fn parse(image: &'a Image, bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let advisory = reader.varint()?;
        let flags = reader.varint()?;
        let has = |flag: u64| flags & flag != 0;
        Some(Self {
            image,
            advisory,
            flags,
            versions: if has(flags::VERSIONS) {
                Some(reader.varint()?)
            } else {
                None
            },
            rating: if has(flags::RATING) {
                Some(Rating::read(&mut reader)?)
            } else {
                None
            },
            urgency: if has(flags::URGENCY) {
                Some(reader.varint()?)
            } else {
                None
            },
            disposition: if has(flags::DISPOSITION) {
                Disposition::of_byte(reader.byte()?)
            } else {
                None
            },
            ranges: Reader(reader.bytes()?),
            custom_ranges: if has(flags::CUSTOM_RANGES) {
                Reader(reader.bytes()?)
            } else {
                Reader::default()
            },
            specifics: reader,
        })
    }

    /// The advisory that says it.
    ///
    /// An altered file may hold an entry whose advisory cannot be read: it then shows as one
    /// without an id, and [`super::Database::ensure_intact`] fails.
    pub fn advisory(&self) -> Advisory<'a> {
        Advisory::read(self.image, self.advisory)
            .unwrap_or_else(|| Advisory::unreadable(self.image))
    }

    /// Whether another entry is of the same advisory, without reading that.
    pub fn is_of_same_advisory(&self, other: &Entry<'_>) -> bool {
        self.advisory == other.advisory
    }

    /// The ranges of affected versions, without those that name git commits.
    pub fn ranges(&self) -> Ranges<'a> {
        Ranges {
            image: self.image,
            rest: self.ranges,
        }
    }

    /// Ranges that the publisher orders by its own rules, which replace the ranges where there
    /// are any: Go gives them for modules whose versions are no semantic versions.
    pub fn custom_ranges(&self) -> Ranges<'a> {
        Ranges {
            image: self.image,
            rest: self.custom_ranges,
        }
    }

    /// The affected versions that are listed one by one.
    pub fn versions(&self) -> Strings<'a> {
        match self.versions {
            Some(place) => Strings::at(self.image, place),
            None => Strings::default(),
        }
    }

    /// Whether affected versions are listed one by one.
    pub fn has_versions(&self) -> bool {
        self.versions.is_some()
    }

    /// Whether git commits are all that the publisher gives: no version can be compared.
    pub fn only_git(&self) -> bool {
        self.flags & flags::ONLY_GIT != 0
    }

    /// The distro's own word for how urgent it is, as written.
    pub fn urgency(&self) -> Option<&'a str> {
        self.urgency.map(|place| self.image.text(place))
    }

    /// What the publisher says of the package beyond versions.
    pub fn disposition(&self) -> Option<Disposition> {
        self.disposition
    }

    /// How bad it is in this package, where the publisher rates it apart from the advisory.
    pub fn severity_override(&self) -> Option<Severity> {
        self.rating.map(|rating| rating.severity())
    }

    /// How bad it is: the entry's own rating, else the advisory's.
    pub fn severity(&self) -> Severity {
        self.severity_within(&self.advisory())
    }

    /// The same for whoever has the entry's advisory at hand.
    pub fn severity_within(&self, advisory: &Advisory<'a>) -> Severity {
        self.severity_override()
            .unwrap_or_else(|| advisory.severity())
    }

    /// The score behind the severity: the entry's own, else the advisory's.
    pub fn cvss(&self) -> Option<Cvss<'a>> {
        self.cvss_within(&self.advisory())
    }

    /// The same for whoever has the entry's advisory at hand.
    pub fn cvss_within(&self, advisory: &Advisory<'a>) -> Option<Cvss<'a>> {
        match self.rating {
            Some(rating) => rating.best(self.image),
            None => advisory.cvss(),
        }
    }

    /// What the publisher adds for its ecosystem, by name: `binaries` of Ubuntu and Debian,
    /// `arch`, `platform`. Empty if it adds nothing of that name.
    pub fn ecosystem_specific(&self, name: &str) -> Strings<'a> {
        let mut rest = self.specifics;
        while let (Some(key), Some(list)) = (rest.varint(), rest.varint()) {
            if self.image.text(key) == name {
                return Strings::at(self.image, list);
            }
        }
        Strings::default()
    }
}

/// The ranges of an entry.
#[derive(Clone)]
pub struct Ranges<'a> {
    image: &'a Image,
    rest: Reader<'a>,
}

impl<'a> Iterator for Ranges<'a> {
    type Item = Range<'a>;

    fn next(&mut self) -> Option<Range<'a>> {
        let mut bytes = Reader(self.rest.bytes()?);
        let kind = match bytes.byte()? {
            0 => RangeKind::Ecosystem,
            _ => RangeKind::Semver,
        };
        Some(Range {
            kind,
            events: Events {
                image: self.image,
                rest: bytes,
            },
        })
    }
}

/// A range of versions, as events along their order.
#[derive(Clone)]
pub struct Range<'a> {
    /// How its versions are ordered.
    pub kind: RangeKind,
    events: Events<'a>,
}

impl<'a> Range<'a> {
    /// The events in the order in which the publisher gave them.
    pub fn events(&self) -> Events<'a> {
        self.events.clone()
    }
}

/// How the versions of a range are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeKind {
    /// As the package's ecosystem orders versions.
    Ecosystem,
    /// By semantic versioning 2.0.
    Semver,
}

/// Something that happens to a flaw at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event<'a> {
    /// The first affected version; `0` stands before every version.
    Introduced(&'a str),
    /// The first version that is no longer affected.
    Fixed(&'a str),
    /// The last affected version.
    LastAffected(&'a str),
    /// The range says nothing from this version on.
    Limit(&'a str),
}

/// The events of a range.
#[derive(Clone)]
pub struct Events<'a> {
    image: &'a Image,
    rest: Reader<'a>,
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let word = self.rest.varint()?;
        let version = self.image.text(word >> 2);
        Some(match word & 3 {
            0 => Event::Introduced(version),
            1 => Event::Fixed(version),
            2 => Event::LastAffected(version),
            _ => Event::Limit(version),
        })
    }
}
