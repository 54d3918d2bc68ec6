//! One flaw, one finding: records about the same flaw are joined, and one of them decides.

use std::collections::{BTreeSet, HashMap};

use crate::opinion::{Opinion, Subject};
use crate::source::{self, Flaw, Role, is_cve};
use crate::verdict::Verdict;

/// A flaw, and what every record says about it in one package.
pub(crate) struct Group<'o, 'a> {
    /// Names of the flaw.
    names: BTreeSet<&'a str>,
    /// Errata that fix this flaw among others.
    errata: BTreeSet<&'a str>,
    opinions: Vec<&'o Opinion<'a>>,
}

/// Joins opinions whose flaws share a name, directly or through others.
pub(crate) fn by_flaw<'o, 'a>(opinions: &'o [Opinion<'a>]) -> Vec<Group<'o, 'a>> {
    let mut groups: Vec<Option<Group<'o, 'a>>> = Vec::new();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for opinion in opinions {
        for flaw in source::flaws(&opinion.advisory, opinion.role()) {
            let place = join(&mut groups, &mut places, &flaw);
            if let Some(group) = &mut groups[place] {
                group.opinions.push(opinion);
            }
        }
    }
    groups.into_iter().flatten().collect()
}

/// The place of the group that has any of the flaw's names, after joining all that do.
fn join<'o, 'a>(
    groups: &mut Vec<Option<Group<'o, 'a>>>,
    places: &mut HashMap<&'a str, usize>,
    flaw: &Flaw<'a>,
) -> usize {
    let mut joined = Group {
        names: flaw.names.iter().copied().collect(),
        errata: flaw.erratum.into_iter().collect(),
        opinions: Vec::new(),
    };
    let found: BTreeSet<usize> = flaw
        .names
        .iter()
        .filter_map(|name| places.get(name).copied())
        .collect();
    for place in &found {
        if let Some(other) = groups[*place].take() {
            joined.names.extend(other.names);
            joined.errata.extend(other.errata);
            joined.opinions.extend(other.opinions);
        }
    }
    let place = found.first().copied().unwrap_or(groups.len());
    if place == groups.len() {
        groups.push(None);
    }
    places.extend(joined.names.iter().map(|name| (*name, place)));
    groups[place] = Some(joined);
    place
}

impl<'o, 'a> Group<'o, 'a> {
    /// The flaw's id: its CVE if it has exactly one, else the deciding record's own.
    pub(crate) fn id(&self, decided: &Opinion<'a>) -> &'a str {
        let mut cves = self.names.iter().filter(|name| is_cve(name));
        match (cves.next(), cves.next()) {
            (Some(cve), None) => cve,
            _ => decided.advisory.id(),
        }
    }

    /// Every other id, sorted.
    pub(crate) fn aliases(&self, id: &str) -> Vec<String> {
        self.names
            .union(&self.errata)
            .filter(|alias| **alias != id)
            .map(|alias| (*alias).to_owned())
            .collect()
    }

    /// The opinions that count: the distro's own page on the CVE where it can tell, else all.
    ///
    /// An erratum is a statement of one day: a later erratum that repairs the first names the
    /// same CVE again, and a fix that the distro had all along is in no erratum. The page on the
    /// CVE is what the distro keeps right, so it is also what prevents false findings.
    pub(crate) fn counting(&self) -> Vec<&'o Opinion<'a>> {
        let pages: Vec<_> = self
            .opinions
            .iter()
            .copied()
            .filter(|o| o.role() == Role::Tracker && o.verdict() != Verdict::Undetermined)
            .collect();
        if pages.is_empty() {
            self.opinions.clone()
        } else {
            pages
        }
    }

    /// The record that decides: of those that count the one with the strongest verdict, and of
    /// those the one whose id comes first.
    pub(crate) fn deciding(&self) -> Option<&'o Opinion<'a>> {
        self.counting().into_iter().min_by(|l, r| {
            r.verdict()
                .cmp(&l.verdict())
                .then_with(|| l.advisory.id().cmp(r.advisory.id()))
        })
    }

    /// The ids of the records that count: flaws with the same ones have the same fixes.
    pub(crate) fn counting_ids(&self) -> Vec<&'a str> {
        self.counting().iter().map(|o| o.advisory.id()).collect()
    }

    /// Versions after the installed one that no record that counts calls affected, in order.
    pub(crate) fn fixed_versions(&self, subject: &Subject<'_>) -> Vec<String> {
        let counting = self.counting();
        let mut fixes: Vec<_> = counting
            .iter()
            .filter(|opinion| opinion.verdict() == Verdict::Affected)
            .flat_map(|opinion| opinion.fixes(subject))
            .filter_map(|fixed| {
                let (version, installed) = subject.installed.compare(fixed).ok()?;
                (installed.is_lt() && is_clean(&counting, subject, fixed))
                    .then_some((fixed, version))
            })
            .collect();
        fixes.sort_by(|(l_text, l), (r_text, r)| {
            let order = l.compare(r).unwrap_or(std::cmp::Ordering::Equal);
            order.then_with(|| l_text.cmp(r_text))
        });
        fixes.dedup_by(|l, r| l.0 == r.0);
        fixes.into_iter().map(|(text, _)| text.to_owned()).collect()
    }

    /// Whether an id names this flaw, or an erratum that fixes it.
    pub(crate) fn is_named(&self, id: &str) -> bool {
        self.names.contains(id) || self.errata.contains(id)
    }

    /// Every opinion, whether it counts or not.
    pub(crate) fn opinions(&self) -> &[&'o Opinion<'a>] {
        &self.opinions
    }
}

fn is_clean(counting: &[&Opinion<'_>], subject: &Subject<'_>, version: &str) -> bool {
    let fixed = Subject::at(subject.ecosystem, subject.name, version);
    counting
        .iter()
        .all(|opinion| opinion.verdict_at(&fixed) != Verdict::Affected)
}
