//! Matches packages against a revision of the advisories.

use std::collections::HashMap;

use scanyard_advisory::{Database, Entry};
use scanyard_package::{Coverage, CoverageKind, Distro, Lane, Package};

use crate::finding::{Finding, Status};
use crate::fix_state::FixState;
use crate::group::{self, Group, Joined};
use crate::headers::is_kernel_headers;
use crate::key::AdvisoryKey;
use crate::opinion::Opinion;
use crate::rating;
use crate::subject::Subject;
use crate::verdict::Verdict;

/// What matching one package gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PackageOutcome {
    /// Flaws that affect the package, or of which that could not be excluded, in order of id.
    pub findings: Vec<Finding>,
    /// What about the package could not be assessed.
    pub coverage: Vec<Coverage>,
    /// Under which keys advisories were looked up: while those say the same, so does this.
    pub keys: Vec<AdvisoryKey>,
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
        let lanes = lanes_of(package, distro);
        if lanes.is_empty() || is_kernel_headers(package) {
            return PackageOutcome::default();
        }
        let subjects = subjects(package, &lanes);
        let key = |subject: &Subject<'_>| AdvisoryKey::of(subject.ecosystem, subject.name);
        let opinions = opinions(self.database, &subjects);
        let is_open = |opinion: &Opinion<'_>| opinion.verdict() != Verdict::NotAffected;
        let findings = if opinions.iter().any(is_open) {
            findings(self.database, &opinions)
        } else {
            Vec::new()
        };
        PackageOutcome {
            findings,
            // Where no advisory names the package, there was nothing to compare its version with.
            coverage: match opinions.is_empty() {
                true => Vec::new(),
                false => coverage(&subjects, package, distro),
            },
            keys: subjects.iter().map(key).collect(),
        }
    }
}

/// The lanes whose advisories speak of this package; none for an OS package that is not of the
/// distro's own package manager, such as a `.deb` in an image of Alpine.
pub(crate) fn lanes_of(package: &Package, distro: Option<&Distro>) -> Vec<Lane> {
    let mut lanes = Lane::of_package(package, distro);
    lanes.retain(|lane| {
        let scheme = lane.ecosystem.scheme();
        scheme.is_none_or(|scheme| package.kind.scheme() == Some(scheme))
    });
    lanes
}

/// The package as each of its lanes sees it.
pub(crate) fn subjects<'a>(package: &'a Package, lanes: &'a [Lane]) -> Vec<Subject<'a>> {
    let in_lanes = lanes.iter().map(|lane| Subject::in_lane(package, lane));
    in_lanes.flatten().collect()
}

/// What every record says that names the package and is not withdrawn.
pub(crate) fn opinions<'a>(
    database: &'a Database,
    subjects: &'a [Subject<'a>],
) -> Vec<Opinion<'a>> {
    let mut opinions = Vec::new();
    for subject in subjects {
        let name = subject.ecosystem.normalize_name(subject.name);
        let mut entries = database
            .entries(subject.ecosystem, &name)
            .filter(|entry| subject.concerns(entry))
            .peekable();
        while let Some(entry) = entries.next() {
            let advisory = entry.advisory();
            let mut same_record: Vec<Entry<'a>> = vec![entry];
            while let Some(next) = entries.next_if(|next| next.is_of_same_advisory(&same_record[0]))
            {
                same_record.push(next);
            }
            if !advisory.is_withdrawn() {
                opinions.push(Opinion::new(advisory, same_record, subject));
            }
        }
    }
    opinions
}

fn findings(database: &Database, opinions: &[Opinion<'_>]) -> Vec<Finding> {
    // An erratum fixes many flaws at once, so their fixed versions are worked out once.
    let mut fixes: HashMap<Vec<&str>, Vec<String>> = HashMap::new();
    let mut findings: Vec<Finding> = group::by_flaw(opinions)
        .into_iter()
        .filter(Joined::is_open)
        .filter_map(|joined| finding(database, &joined.into_group(), &mut fixes))
        .collect();
    findings.sort_by(|l, r| l.id.cmp(&r.id).then_with(|| l.advisory.cmp(&r.advisory)));
    findings
}

fn finding<'a>(
    database: &Database,
    group: &Group<'_, 'a>,
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
        .or_insert_with(|| group.fixed_versions());
    Some(Finding {
        id: id.to_owned(),
        aliases: group.aliases(id),
        advisory: decided.advisory.id().to_owned(),
        status,
        reason: decided.reason.sentence(decided.subject.installed.text),
        severity: rating.severity,
        cvss: rating.cvss,
        severity_source: rating.severity_source,
        urgency: rating.urgency,
        known_exploited: group.cves().any(|cve| database.is_known_exploited(cve)),
        fix_state: FixState::of(!fixed_versions.is_empty(), decided.disposition()),
        fixed_versions: fixed_versions.clone(),
        published: decided.advisory.published().map(rfc3339),
        modified: decided.advisory.modified().map(rfc3339),
    })
}

fn rfc3339(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn coverage(subjects: &[Subject<'_>], package: &Package, distro: Option<&Distro>) -> Vec<Coverage> {
    let Some(error) = subjects
        .iter()
        .find_map(|subject| subject.installed.error())
    else {
        return Vec::new();
    };
    vec![Coverage::new(
        CoverageKind::InvalidVersion,
        package.purl(distro),
        format!("{error}; advisories about it cannot be compared"),
    )]
}
