//! What one record says about one package.

use scanyard_advisory::{Advisory, Entry, Event, Range};
use scanyard_package::{Ecosystem, Package};
use scanyard_version::Scheme;

use crate::builds::Selection;
use crate::installed::Installed;
use crate::range::{self, Place};
use crate::source::{self, Role};
use crate::verdict::{Reason, Verdict};

/// A package as the advisories of its ecosystem see it.
pub(crate) struct Subject<'a> {
    pub(crate) ecosystem: &'a Ecosystem,
    /// The name that advisories use: the source package's where they name those.
    pub(crate) name: &'a str,
    pub(crate) installed: Installed<'a>,
    /// The label of the module stream that it was built for.
    module: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(package: &'a Package, ecosystem: &'a Ecosystem) -> Self {
        let (name, version) = if ecosystem.names_source_packages() {
            (package.source_name(), package.source_version())
        } else {
            (package.name.as_str(), package.version.as_str())
        };
        Self {
            ecosystem,
            name,
            installed: Installed::new(ecosystem.scheme(), version),
            module: package.module.as_deref(),
        }
    }

    /// The same package at another version.
    pub(crate) fn at<'v>(&self, version: &'v str) -> Subject<'v>
    where
        'a: 'v,
    {
        Subject {
            ecosystem: self.ecosystem,
            name: self.name,
            installed: Installed::new(self.ecosystem.scheme(), version),
            module: self.module,
        }
    }
}

/// All that one record says about one package.
pub(crate) struct Opinion<'a> {
    pub(crate) advisory: Advisory<'a>,
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) reason: Reason<'a>,
    pub(crate) role: Role,
}

impl<'a> Opinion<'a> {
    /// Asks a record, given all of its entries about the package.
    pub(crate) fn new(
        advisory: Advisory<'a>,
        entries: Vec<Entry<'a>>,
        subject: &Subject<'_>,
    ) -> Self {
        let reason = judge(&advisory, &entries, subject);
        Self {
            role: source::role(&advisory),
            advisory,
            entries,
            reason,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// What the record would say of another version.
    pub(crate) fn verdict_at(&self, subject: &Subject<'_>) -> Verdict {
        judge(&self.advisory, &self.entries, subject).verdict()
    }

    /// Every version that the record calls fixed, in the ranges that are about the installed build.
    pub(crate) fn fixes<'s>(
        &'s self,
        subject: &'s Subject<'_>,
    ) -> impl Iterator<Item = &'a str> + 's {
        let selection = selection(&self.advisory, &self.entries, subject);
        self.entries
            .iter()
            .flat_map(deciding_ranges)
            .filter(move |range| admits(selection.as_ref(), range))
            .flat_map(|range| range.events())
            .filter_map(|event| match event {
                Event::Fixed(fixed) => Some(fixed),
                _ => None,
            })
    }
}

/// The strongest of what the entries say; ranges first, because long lists take longer.
fn judge<'a>(advisory: &Advisory<'a>, entries: &[Entry<'a>], subject: &Subject<'_>) -> Reason<'a> {
    let selection = selection(advisory, entries, subject);
    let mut strongest: Option<Reason<'a>> = None;
    for entry in entries {
        let reason = judge_entry(entry, selection.as_ref(), &subject.installed);
        match reason.verdict() {
            Verdict::Affected => return reason,
            verdict if strongest.as_ref().is_none_or(|r| verdict > r.verdict()) => {
                strongest = Some(reason);
            }
            _ => {}
        }
    }
    strongest.unwrap_or(Reason::NoVersions)
}

pub(crate) fn judge_entry<'a>(
    entry: &Entry<'a>,
    selection: Option<&Selection<'_>>,
    installed: &Installed<'_>,
) -> Reason<'a> {
    let mut reason = None;
    let mut is_of_other_build = false;
    for range in deciding_ranges(entry) {
        if !admits(selection, &range) {
            is_of_other_build = true;
            continue;
        }
        match judge_range(&range, installed) {
            Reason::Outside => {
                reason.get_or_insert(Reason::Outside);
            }
            undetermined @ Reason::Unreadable(_) => reason = Some(undetermined),
            inside => return inside,
        }
    }
    if let Some(listed) = installed.is_listed(entry.versions()) {
        return Reason::Listed(listed);
    }
    match (reason, installed.error()) {
        (Some(reason), _) => reason,
        (None, Some(error)) if entry.has_versions() => Reason::Unreadable(error.clone()),
        (None, None) if entry.has_versions() => Reason::Outside,
        (None, _) if is_of_other_build => Reason::OtherBuild,
        (None, _) if entry.only_git() => Reason::OnlyGit,
        (None, _) => Reason::NoVersions,
    }
}

pub(crate) fn judge_range<'a>(range: &Range<'a>, installed: &Installed<'_>) -> Reason<'a> {
    if let Some(end) = range::only_end(range.events()) {
        return match range::is_before_end(end, installed) {
            Ok(true) => Reason::Inside {
                introduced: "0",
                end: Some(end),
            },
            Ok(false) => Reason::Outside,
            Err(unreadable) => Reason::Unreadable(unreadable),
        };
    }
    match range::compare_events(range.events(), installed) {
        Ok(steps) => match range::locate(&steps) {
            Place::Inside { introduced, end } => Reason::Inside { introduced, end },
            Place::Outside => Reason::Outside,
        },
        Err(unreadable) => Reason::Unreadable(unreadable),
    }
}

/// The publisher's own ranges where there are any, else the plain ones: Go gives both for modules
/// whose tags are no semantic versions, and the plain one then covers everything.
pub(crate) fn deciding_ranges<'a>(entry: &Entry<'a>) -> impl Iterator<Item = Range<'a>> + use<'a> {
    let custom = entry.custom_ranges();
    let plain = if custom.clone().next().is_none() {
        Some(entry.ranges())
    } else {
        None
    };
    custom.chain(plain.into_iter().flatten())
}

/// Which ranges decide, where not all of them do.
pub(crate) fn selection<'s>(
    advisory: &Advisory<'s>,
    entries: &[Entry<'s>],
    subject: &'s Subject<'_>,
) -> Option<Selection<'s>> {
    (subject.ecosystem.scheme() == Some(Scheme::Rpm)).then(|| {
        Selection::new(
            subject.name,
            subject.installed.text,
            subject.module,
            advisory.summary(),
            entries,
        )
    })
}

pub(crate) fn admits(selection: Option<&Selection<'_>>, range: &Range<'_>) -> bool {
    selection.is_none_or(|selection| selection.admits(range))
}
