//! One flaw, one finding: records about the same flaw are joined, and one of them decides.

use crate::sort::sort_by_version;
use std::collections::{BTreeSet, HashMap};

use crate::opinion::Opinion;
use crate::source::{self, Flaw, Role, is_cve};
use crate::verdict::Verdict;

/// A flaw, and what every record says about it in one package.
pub(crate) struct Group<'o, 'a> {
    /// Names of the flaw.
    names: BTreeSet<&'a str>,
    /// Errata that fix this flaw among others.
    errata: BTreeSet<&'a str>,
    opinions: Vec<&'o Opinion<'a>>,
    /// Those of the opinions that count.
    counting: Vec<&'o Opinion<'a>>,
}

/// Opinions on one flaw, before anybody asks for its names: most flaws do not affect the package.
#[derive(Default)]
pub(crate) struct Joined<'o, 'a> {
    flaws: Vec<Flaw<'a>>,
    opinions: Vec<&'o Opinion<'a>>,
}

impl<'o, 'a> Joined<'o, 'a> {
    /// Whether any record calls the package affected, or cannot tell.
    pub(crate) fn is_open(&self) -> bool {
        let mut opinions = self.opinions.iter();
        opinions.any(|opinion| opinion.verdict() != Verdict::NotAffected)
    }

    fn absorb(&mut self, other: Self) {
        if self.flaws.is_empty() {
            *self = other;
        } else {
            self.flaws.extend(other.flaws);
            self.opinions.extend(other.opinions);
        }
    }

    /// The flaw with its names.
    pub(crate) fn into_group(self) -> Group<'o, 'a> {
        let errata = self.flaws.iter().filter_map(|flaw| flaw.erratum).collect();
        Group {
            errata,
            names: self.flaws.into_iter().flat_map(|flaw| flaw.names).collect(),
            counting: counting(&self.opinions),
            opinions: self.opinions,
        }
    }
}

/// Joins opinions whose flaws share a name, directly or through others.
pub(crate) fn by_flaw<'o, 'a>(opinions: &'o [Opinion<'a>]) -> Vec<Joined<'o, 'a>> {
    let mut joining = Joining::default();
    for opinion in opinions {
        for flaw in source::flaws(&opinion.advisory, opinion.role) {
            joining.add(flaw, opinion);
        }
    }
    joining
        .places
        .into_iter()
        .filter_map(Place::joined)
        .collect()
}

/// Flaws being joined.
#[derive(Default)]
struct Joining<'o, 'a> {
    places: Vec<Place<'o, 'a>>,
    /// Where a name was put. What was there may have moved.
    names: HashMap<&'a str, usize>,
}

enum Place<'o, 'a> {
    Here(Joined<'o, 'a>),
    /// Joined with what is, or was, in an earlier place.
    Moved(usize),
}

impl<'o, 'a> Place<'o, 'a> {
    fn joined(self) -> Option<Joined<'o, 'a>> {
        match self {
            Place::Here(joined) => Some(joined),
            Place::Moved(_) => None,
        }
    }
}

impl<'o, 'a> Joining<'o, 'a> {
    /// Adds what a record says about a flaw, and joins all that share one of the flaw's names.
    fn add(&mut self, flaw: Flaw<'a>, opinion: &'o Opinion<'a>) {
        let named = flaw.names.iter().filter_map(|name| self.names.get(name));
        let mut found: Vec<usize> = named.map(|place| self.current(*place)).collect();
        found.sort_unstable();
        found.dedup();
        let place = found.first().copied().unwrap_or(self.places.len());
        let names = flaw.names.iter().map(|name| (*name, place));
        self.names.extend(names);
        let mut joined = Joined::default();
        for other in found {
            let moved = std::mem::replace(&mut self.places[other], Place::Moved(place));
            if let Some(other) = moved.joined() {
                joined.absorb(other);
            }
        }
        joined.flaws.push(flaw);
        joined.opinions.push(opinion);
        match self.places.get_mut(place) {
            Some(slot) => *slot = Place::Here(joined),
            None => self.places.push(Place::Here(joined)),
        }
    }

    /// Where what was put at a place is now.
    fn current(&self, mut place: usize) -> usize {
        while let Some(Place::Moved(to)) = self.places.get(place) {
            place = *to;
        }
        place
    }
}

/// The opinions that count: of the closest lane the distro's own page on the CVE where it can
/// tell, else all. A page that clears the package outweighs the others.
///
/// An erratum is a statement of one day: a later erratum that repairs the first names the
/// same CVE again, and a fix that the distro had all along is in no erratum. The page on the
/// CVE is what the distro keeps right, so it is also what prevents false findings.
fn counting<'o, 'a>(opinions: &[&'o Opinion<'a>]) -> Vec<&'o Opinion<'a>> {
    let closest = opinions.iter().map(|opinion| opinion.subject.rank).min();
    let is_closest = |o: &&Opinion<'a>| Some(o.subject.rank) == closest;
    let is_page =
        |o: &&Opinion<'a>| o.role == Role::Tracker && o.verdict() != Verdict::Undetermined;
    let is_cleared = |o: &&Opinion<'a>| is_page(o) && o.is_cleared();
    let of_lane: Vec<_> = opinions.iter().copied().filter(is_closest).collect();
    for decides in [&is_cleared as &dyn Fn(&&'o Opinion<'a>) -> bool, &is_page] {
        if of_lane.iter().any(decides) {
            return of_lane.into_iter().filter(decides).collect();
        }
    }
    of_lane
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

    /// The opinions that count.
    pub(crate) fn counting(&self) -> &[&'o Opinion<'a>] {
        &self.counting
    }

    /// The record that decides: of those that count the one with the strongest verdict, and of
    /// those the one whose id comes first.
    pub(crate) fn deciding(&self) -> Option<&'o Opinion<'a>> {
        self.counting().iter().copied().min_by(|l, r| {
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
    pub(crate) fn fixed_versions(&self) -> Vec<String> {
        let counting = self.counting();
        let mut fixes: Vec<_> = counting
            .iter()
            .filter(|opinion| opinion.verdict() == Verdict::Affected)
            .flat_map(|opinion| opinion.fixes().map(move |fixed| (opinion, fixed)))
            .filter_map(|(opinion, fixed)| {
                let (version, installed) = opinion.subject.installed.compare(fixed).ok()?;
                (installed.is_lt() && is_clean(counting, fixed)).then_some((fixed, version))
            })
            .collect();
        sort_by_version(&mut fixes, |(l_text, l), (r_text, r)| {
            let order = l.compare(r).unwrap_or(std::cmp::Ordering::Equal);
            order.then_with(|| l_text.cmp(r_text))
        });
        fixes.dedup_by(|l, r| l.0 == r.0);
        fixes.into_iter().map(|(text, _)| text.to_owned()).collect()
    }

    /// The CVEs among the flaw's names.
    pub(crate) fn cves(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.names.iter().copied().filter(|name| is_cve(name))
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

fn is_clean(counting: &[&Opinion<'_>], version: &str) -> bool {
    counting
        .iter()
        .all(|opinion| opinion.verdict_at(version) != Verdict::Affected)
}
