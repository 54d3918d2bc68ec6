//! Matches packages against a revision of the advisories.

use std::collections::HashMap;

use scanyard_advisory::{Database, Entry};
use scanyard_package::{Coverage, CoverageKind, Distro, Ecosystem, Package};

use crate::finding::{Finding, Status};
use crate::group::{self, Group, Joined};
use crate::opinion::{Opinion, Subject};
use crate::rating;
use crate::verdict::Verdict;

/// What matching one package gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PackageOutcome {
    /// Flaws that affect the package, or of which that could not be excluded, in order of id.
    pub findings: Vec<Finding>,
    /// What about the package could not be assessed.
    pub coverage: Vec<Coverage>,
}

/// Matches packages against one revision of the advisories.
#[derive(Debug, Clone, Copy)]
pub struct Matcher<'a> {
    database: &'a Database,
}

impl<'a> Matcher<'a> {
    /// A matcher for this revision.
    pub fn new(database: &'a Database) -> Self {
        Self { database }
    }

    /// Matches one package of an image of this distro.
    pub fn match_package(&self, package: &Package, distro: Option<&Distro>) -> PackageOutcome {
        let Some(ecosystem) = ecosystem_of(package, distro) else {
            return PackageOutcome::default();
        };
        let subject = Subject::new(package, &ecosystem);
        let opinions = opinions(self.database, &subject);
        let is_open = |opinion: &Opinion<'_>| opinion.verdict() != Verdict::NotAffected;
        let findings = if opinions.iter().any(is_open) {
            findings(&opinions, &subject)
        } else {
            Vec::new()
        };
        PackageOutcome {
            findings,
            coverage: coverage(&subject, package, distro),
        }
    }
}

/// The ecosystem whose advisories speak of this package; none for an OS package that is not of
/// the distro's own package manager, such as a `.deb` in an image of Alpine.
pub(crate) fn ecosystem_of(package: &Package, distro: Option<&Distro>) -> Option<Ecosystem> {
    let ecosystem = Ecosystem::of_package(package, distro)?;
    let is_of_manager = ecosystem
        .scheme()
        .is_none_or(|scheme| package.kind.scheme() == Some(scheme));
    is_of_manager.then_some(ecosystem)
}

/// What every record says that names the package and is not withdrawn.
pub(crate) fn opinions<'a>(database: &'a Database, subject: &Subject<'_>) -> Vec<Opinion<'a>> {
    let name = subject.ecosystem.normalize_name(subject.name);
    let mut opinions = Vec::new();
    let mut entries = database.entries(subject.ecosystem, &name).peekable();
    while let Some(entry) = entries.next() {
        let advisory = entry.advisory();
        let mut same_record: Vec<Entry<'a>> = vec![entry];
        while let Some(next) = entries.next_if(|next| next.is_of_same_advisory(&same_record[0])) {
            same_record.push(next);
        }
        if !advisory.is_withdrawn() {
            opinions.push(Opinion::new(advisory, same_record, subject));
        }
    }
    opinions
}

fn findings(opinions: &[Opinion<'_>], subject: &Subject<'_>) -> Vec<Finding> {
    // An erratum fixes many flaws at once, so their fixed versions are worked out once.
    let mut fixes: HashMap<Vec<&str>, Vec<String>> = HashMap::new();
    let mut findings: Vec<Finding> = group::by_flaw(opinions)
        .into_iter()
        .filter(Joined::is_open)
        .filter_map(|joined| finding(&joined.into_group(), subject, &mut fixes))
        .collect();
    findings.sort_by(|l, r| l.id.cmp(&r.id).then_with(|| l.advisory.cmp(&r.advisory)));
    findings
}

fn finding<'a>(
    group: &Group<'_, 'a>,
    subject: &Subject<'_>,
    fixes: &mut HashMap<Vec<&'a str>, Vec<String>>,
) -> Option<Finding> {
    let decided = group.deciding()?;
    let status = match decided.verdict() {
        Verdict::Affected => Status::Affected,
        Verdict::Undetermined => Status::Undetermined,
        Verdict::NotAffected => return None,
    };
    let id = group.id(decided);
    let rating = rating::rate(group.opinions());
    let fixed_versions = fixes
        .entry(group.counting_ids())
        .or_insert_with(|| group.fixed_versions(subject));
    Some(Finding {
        id: id.to_owned(),
        aliases: group.aliases(id),
        advisory: decided.advisory.id().to_owned(),
        status,
        reason: decided.reason.sentence(subject.installed.text),
        severity: rating.severity,
        cvss: rating.cvss,
        urgency: rating.urgency,
        fixed_versions: fixed_versions.clone(),
        published: decided.advisory.published().map(rfc3339),
        modified: decided.advisory.modified().map(rfc3339),
    })
}

fn rfc3339(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn coverage(subject: &Subject<'_>, package: &Package, distro: Option<&Distro>) -> Vec<Coverage> {
    let Some(error) = subject.installed.error() else {
        return Vec::new();
    };
    vec![Coverage::new(
        CoverageKind::InvalidVersion,
        package.purl(distro),
        format!("{error}; advisories about it cannot be compared"),
    )]
}
