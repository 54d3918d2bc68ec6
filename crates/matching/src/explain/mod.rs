//! Why a package is, or is not, affected by an advisory.

mod text;

use scanyard_advisory::{Advisory, Database, Entry, Event, Relation};
use scanyard_package::{Distro, Ecosystem, Package};

use crate::group::{self, Joined};
use crate::headers::is_kernel_headers;
use crate::installed::Installed;
use crate::matcher;
use crate::opinion::{self, Opinion};
use crate::range;
use crate::source::{self, Role};
use crate::subject::Subject;
use crate::verdict::Verdict;

/// Why a package is, or is not, affected by what an id names. `Display` tells it to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The id that was asked about.
    pub id: String,
    /// The package's purl.
    pub package: String,
    /// How advisories name the package; `None` where no advisories speak of its distro or kind.
    pub compared_as: Option<ComparedAs>,
    /// What came of it.
    pub outcome: Outcome,
    /// Every record that the id names, in order of their ids; those that speak of the package
    /// come first.
    pub records: Vec<RecordExplanation>,
}

/// The package as advisories name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedAs {
    /// The ecosystem, with its release.
    pub ecosystem: String,
    /// The name: the source package's where the ecosystem's advisories name those.
    pub name: String,
    /// The version that is compared.
    pub version: String,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No advisory of this revision has or names the id.
    UnknownId,
    /// The id is known, but no record of it speaks of this package.
    NotAboutPackage,
    /// The package holds only headers of a kernel, and no code that could have a flaw.
    KernelHeaders,
    /// Records spoke of the package; the strongest answer that counts, and whose it is.
    Judged {
        /// The answer.
        verdict: Verdict,
        /// The id of the record that decided.
        decided_by: String,
    },
}

/// What one record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordExplanation {
    /// The record's id.
    pub id: String,
    /// How the record names the id that was asked about.
    pub relation: Relation,
    /// The publisher's summary.
    pub summary: String,
    /// What it says about the package.
    pub statement: Statement,
}

/// What one record says about the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Nothing any more: its publisher took it back, at this time.
    Withdrawn(String),
    /// Nothing: it only mentions the id beside its own flaw.
    OnlyRelated,
    /// Nothing that concerns security: a bug fix or enhancement that names no CVE.
    NoVulnerability,
    /// Nothing here: it speaks of the package in these other ecosystems or releases.
    OtherEcosystems(Vec<String>),
    /// Nothing: it speaks of these other packages.
    OtherPackages(Vec<String>),
    /// These comparisons, and their result.
    Compared {
        /// What was compared, in order.
        comparisons: Vec<Comparison>,
        /// What the record says by itself.
        verdict: Verdict,
        /// What decided, as a sentence.
        reason: String,
    },
}

/// One thing that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// A range, its events in version order with what each is to the installed version.
    Range {
        /// Events with the result of comparing.
        steps: Vec<(String, String)>,
        /// Whether the range holds the version, or why it does not count.
        result: String,
    },
    /// A list of versions of this length, and the entry that it was found as.
    Versions {
        /// How many versions are listed.
        listed: usize,
        /// The spelling under which the installed version is in the list.
        found: Option<String>,
    },
}

/// Explains what the records that an id names say about a package of an image of this distro.
///
/// The id is an advisory's own or any other name of the flaw.
pub fn explain(
    database: &Database,
    package: &Package,
    distro: Option<&Distro>,
    id: &str,
) -> Explanation {
    let (id, mentions) = mentions(database, id);
    let lanes = matcher::lanes_of(package, distro);
    let subjects = matcher::subjects(package, &lanes);
    let mut records: Vec<RecordExplanation> = mentions
        .iter()
        .map(|(relation, advisory)| explain_record(*relation, advisory, package, &subjects))
        .collect();
    records.sort_by_key(|record| !matches!(record.statement, Statement::Compared { .. }));
    let judged = judged(database, &subjects, &id);
    let outcome = match judged {
        _ if records.is_empty() => Outcome::UnknownId,
        _ if is_kernel_headers(package) => Outcome::KernelHeaders,
        Some(judged) => judged,
        None => Outcome::NotAboutPackage,
    };
    Explanation {
        id,
        package: package.purl(distro),
        compared_as: subjects.first().map(compared_as),
        outcome,
        records,
    }
}

/// Looks an id up as given, and where that finds nothing in capitals, as CVEs are written.
fn mentions<'a>(database: &'a Database, id: &str) -> (String, Vec<(Relation, Advisory<'a>)>) {
    let id = id.trim();
    let found = database.mentions(id);
    if !found.is_empty() {
        return (id.to_owned(), found);
    }
    let capitals = id.to_ascii_uppercase();
    let found = database.mentions(&capitals);
    let id = if found.is_empty() {
        id.to_owned()
    } else {
        capitals
    };
    (id, found)
}

fn compared_as(subject: &Subject<'_>) -> ComparedAs {
    ComparedAs {
        ecosystem: subject.ecosystem.name().to_owned(),
        name: subject.ecosystem.normalize_name(subject.name),
        version: subject.installed.text.to_owned(),
    }
}

/// The answer that a scan would give: the strongest of the flaws that the id names.
fn judged(database: &Database, subjects: &[Subject<'_>], id: &str) -> Option<Outcome> {
    let opinions = matcher::opinions(database, subjects);
    group::by_flaw(&opinions)
        .into_iter()
        .map(Joined::into_group)
        .filter(|group| group.is_named(id))
        .filter_map(|group| group.deciding())
        .min_by_key(|decided| std::cmp::Reverse(decided.verdict()))
        .map(|decided| Outcome::Judged {
            verdict: decided.verdict(),
            decided_by: decided.advisory.id().to_owned(),
        })
}

fn explain_record(
    relation: Relation,
    advisory: &Advisory<'_>,
    package: &Package,
    subjects: &[Subject<'_>],
) -> RecordExplanation {
    RecordExplanation {
        id: advisory.id().to_owned(),
        relation,
        summary: advisory.summary().to_owned(),
        statement: statement(relation, advisory, package, subjects),
    }
}

fn statement(
    relation: Relation,
    advisory: &Advisory<'_>,
    package: &Package,
    subjects: &[Subject<'_>],
) -> Statement {
    if let Some(withdrawn) = advisory.withdrawn() {
        return Statement::Withdrawn(withdrawn.format("%Y-%m-%d").to_string());
    }
    let role = source::role(advisory);
    if relation == Relation::Related && role == Role::Flaw {
        return Statement::OnlyRelated;
    }
    let entries: Vec<(Ecosystem, &str, Entry<'_>)> = advisory.entries().collect();
    // The closest lane that the record speaks of is the one that would decide.
    let about = subjects
        .iter()
        .map(|subject| (subject, about(subject, &entries)))
        .filter(|(_, entries)| !entries.is_empty())
        .min_by_key(|(subject, _)| subject.rank);
    match about {
        Some(_) if source::flaws(advisory, role).is_empty() => Statement::NoVulnerability,
        Some((subject, about)) => compared(advisory, about, subject),
        None => elsewhere(&entries, package),
    }
}

/// The entries that are about the package as a lane sees it.
fn about<'a>(subject: &Subject<'_>, entries: &[(Ecosystem, &str, Entry<'a>)]) -> Vec<Entry<'a>> {
    let name = subject.ecosystem.normalize_name(subject.name);
    let is_about = |ecosystem: &Ecosystem, named: &str, entry: &Entry<'_>| {
        subject.ecosystem == ecosystem && name == named && subject.concerns(entry)
    };
    entries
        .iter()
        .filter(|(ecosystem, named, entry)| is_about(ecosystem, named, entry))
        .map(|(_, _, entry)| entry.clone())
        .collect()
}

/// What a record speaks of that does not speak of the package here.
fn elsewhere(entries: &[(Ecosystem, &str, Entry<'_>)], package: &Package) -> Statement {
    let mut ecosystems: Vec<String> = entries
        .iter()
        .filter(|(ecosystem, name, _)| {
            [package.source_name(), &package.name]
                .iter()
                .any(|own| ecosystem.normalize_name(own) == *name)
        })
        .map(|(ecosystem, _, _)| ecosystem.name().to_owned())
        .collect();
    ecosystems.sort();
    ecosystems.dedup();
    if !ecosystems.is_empty() {
        return Statement::OtherEcosystems(ecosystems);
    }
    let mut packages: Vec<String> = entries
        .iter()
        .map(|(ecosystem, name, _)| format!("{name} ({ecosystem})"))
        .collect();
    packages.sort();
    packages.dedup();
    Statement::OtherPackages(packages)
}

fn compared<'a>(
    advisory: &Advisory<'a>,
    entries: Vec<Entry<'a>>,
    subject: &Subject<'_>,
) -> Statement {
    let selection = opinion::selection(advisory, &entries, subject);
    let mut comparisons = Vec::new();
    for entry in &entries {
        for range in opinion::deciding_ranges(entry) {
            let counts = opinion::admits(selection.as_ref(), &range, &subject.installed);
            comparisons.push(compare_range(range.events(), counts, &subject.installed));
        }
        if entry.has_versions() {
            let found = subject.installed.is_listed(entry.versions());
            comparisons.push(Comparison::Versions {
                listed: entry.versions().count(),
                found: found.map(str::to_owned),
            });
        }
    }
    let opinion = Opinion::new(advisory.clone(), entries, subject);
    Statement::Compared {
        comparisons,
        verdict: opinion.verdict(),
        reason: opinion.reason.sentence(subject.installed.text),
    }
}

fn compare_range<'a>(
    events: impl Iterator<Item = Event<'a>> + Clone,
    counts: bool,
    installed: &Installed<'_>,
) -> Comparison {
    let (steps, result) = match range::compare_events(events.clone(), installed) {
        Ok(steps) => {
            let result = match range::locate(&steps) {
                _ if !counts => "about another build, does not count",
                range::Place::Inside { .. } => "holds the version",
                range::Place::Outside => "does not hold the version",
            };
            let lines = steps.iter().map(|step| describe(step, installed.text));
            (lines.collect(), result.to_owned())
        }
        Err(unreadable) => {
            let lines = events.map(|event| (shown(event), "not comparable".to_owned()));
            (lines.collect(), unreadable.to_string())
        }
    };
    Comparison::Range { steps, result }
}

fn describe(step: &range::Step<'_>, installed: &str) -> (String, String) {
    let relation = match (step.event, step.installed) {
        (Event::Introduced("0"), _) => {
            return (shown(step.event), "before every version".to_owned());
        }
        (_, std::cmp::Ordering::Less) => "is older",
        (_, std::cmp::Ordering::Equal) => "is the same",
        (_, std::cmp::Ordering::Greater) => "is newer",
    };
    (shown(step.event), format!("{installed} {relation}"))
}

fn shown(event: Event<'_>) -> String {
    let word = match event {
        Event::Introduced(_) => "introduced",
        Event::Fixed(_) => "fixed",
        Event::LastAffected(_) => "last affected",
        Event::Limit(_) => "limit",
    };
    format!("{word} {}", range::text(event))
}
