//! What one record says about one package.

use scanyard_advisory::{Advisory, Disposition, Entry, Event, Range};
use scanyard_version::Scheme;

use crate::builds::Selection;
use crate::flavour;
use crate::installed::Installed;
use crate::range::{self, Place};
use crate::source::{self, Role};
use crate::subject::Subject;
use crate::verdict::{Reason, Verdict};

/// All that one record says about one package.
pub(crate) struct Opinion<'a> {
    pub(crate) advisory: Advisory<'a>,
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) reason: Reason<'a>,
    pub(crate) role: Role,
    /// The package as the record sees it.
    pub(crate) subject: &'a Subject<'a>,
}

impl<'a> Opinion<'a> {
    /// Asks a record, given all of its entries about the package.
    pub(crate) fn new(
        advisory: Advisory<'a>,
        entries: Vec<Entry<'a>>,
        subject: &'a Subject<'a>,
    ) -> Self {
        let reason = judge(&advisory, &entries, subject);
        Self {
            subject,
            role: source::role(&advisory),
            advisory,
            entries,
            reason,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// Whether its publisher looked at the package and says that it does not have the flaw.
    pub(crate) fn is_cleared(&self) -> bool {
        self.reason == Reason::Stated(Disposition::NotAffected)
    }

    /// What its publisher decided beyond versions.
    pub(crate) fn disposition(&self) -> Option<Disposition> {
        self.entries.iter().find_map(Entry::disposition)
    }

    /// What the record would say of another version.
    pub(crate) fn verdict_at(&self, version: &str) -> Verdict {
        let subject = self.subject.at(version);
        judge(&self.advisory, &self.entries, &subject).verdict()
    }

    /// Every version that the record calls fixed, in the ranges that are about the installed build.
    pub(crate) fn fixes(&self) -> impl Iterator<Item = &'a str> + '_ {
        let selection = selection(&self.advisory, &self.entries, self.subject);
        self.entries
            .iter()
            .flat_map(deciding_ranges)
            .filter(move |range| admits(selection.as_ref(), range, &self.subject.installed))
            .flat_map(|range| range.events())
            .filter_map(|event| match event {
                Event::Fixed(fixed) => Some(fixed),
                _ => None,
            })
    }
}

/// The strongest of what the entries say; ranges first, because long lists take longer. That the
/// package never was affected is said after looking, and prevails.
fn judge<'a>(advisory: &Advisory<'a>, entries: &[Entry<'a>], subject: &Subject<'_>) -> Reason<'a> {
    let cleared = |entry: &Entry<'_>| entry.disposition() == Some(Disposition::NotAffected);
    if entries.iter().any(cleared) {
        return Reason::Stated(Disposition::NotAffected);
    }
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
    if entry.disposition() == Some(Disposition::UnderInvestigation) {
        return Reason::Stated(Disposition::UnderInvestigation);
    }
    let mut reason = None;
    let mut is_of_other_build = false;
    for range in deciding_ranges(entry) {
        if !admits(selection, &range, installed) {
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

/// Whether a range is about the installed build.
pub(crate) fn admits(
    selection: Option<&Selection<'_>>,
    range: &Range<'_>,
    installed: &Installed<'_>,
) -> bool {
    let is_of_flavour = |range: &Range<'_>| {
        let mut fixes = range.events().filter_map(|event| match event {
            Event::Fixed(fixed) => Some(fixed),
            _ => None,
        });
        fixes.all(|fixed| flavour::is_same_flavour(installed.text, fixed))
    };
    selection.is_none_or(|selection| selection.admits(range) && is_of_flavour(range))
}
