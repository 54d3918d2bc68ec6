//! How bad a flaw is, by the records that count.
//!
//! Only records about the package itself are asked. A score in a record about another package
//! would be as true, but then a finding could change without its package's advisories changing,
//! and a delta rescan would miss it.

use scanyard_package::Severity;

use crate::finding::Cvss;
use crate::opinion::Opinion;

/// How bad, by which score, and in the distro's own word.
pub(crate) struct Rating {
    pub(crate) severity: Severity,
    pub(crate) severity_source: Option<String>,
    pub(crate) cvss: Option<Cvss>,
    pub(crate) urgency: Option<String>,
}

/// The worst rating of the records; a distro's `unimportant` prevails, since it knows its build.
pub(crate) fn rate(opinions: &[&Opinion<'_>]) -> Rating {
    let urgency = opinions.iter().find_map(|opinion| urgency(opinion));
    let cvss = opinions
        .iter()
        .filter_map(|opinion| cvss(opinion))
        .reduce(|best, next| if next.score > best.score { next } else { best });
    let word = urgency.map_or(Severity::Unknown, severity_of_urgency);
    let by_urgency = opinions
        .iter()
        .find(|opinion| self::urgency(opinion).is_some());
    let (stated, by_record) = opinions
        .iter()
        .map(|opinion| (stated(opinion), *opinion))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map_or((Severity::Unknown, None), |(severity, opinion)| {
            (severity, Some(opinion))
        });
    let (severity, source) = match (word, stated) {
        (Severity::Negligible, _) => (Severity::Negligible, by_urgency.copied()),
        (word, Severity::Unknown) => (word, by_urgency.copied()),
        (_, stated) => (stated, by_record),
    };
    let source = source.filter(|_| severity != Severity::Unknown);
    Rating {
        severity,
        severity_source: source.map(|opinion| opinion.advisory.id().to_owned()),
        cvss,
        urgency: urgency.map(str::to_owned),
    }
}

/// The worst that one record says of the package.
fn stated(opinion: &Opinion<'_>) -> Severity {
    let entries = opinion.entries.iter();
    entries
        .map(|entry| entry.severity_within(&opinion.advisory))
        .max()
        .unwrap_or_default()
}

fn urgency<'a>(opinion: &Opinion<'a>) -> Option<&'a str> {
    opinion.entries.iter().find_map(|entry| entry.urgency())
}

fn cvss(opinion: &Opinion<'_>) -> Option<Cvss> {
    opinion
        .entries
        .iter()
        .filter_map(|entry| entry.cvss_within(&opinion.advisory))
        .reduce(|best, next| if next.score > best.score { next } else { best })
        .map(|cvss| Cvss {
            version: cvss.version.to_owned(),
            vector: cvss.vector.to_owned(),
            score: cvss.score,
            source: opinion.advisory.id().to_owned(),
        })
}

/// Debian's words, with the stars that mark a guess, and Ubuntu's.
fn severity_of_urgency(word: &str) -> Severity {
    match word.trim_end_matches('*').to_ascii_lowercase().as_str() {
        "unimportant" | "negligible" => Severity::Negligible,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgencies_are_read_with_their_stars() {
        assert_eq!(severity_of_urgency("high**"), Severity::High);
        assert_eq!(severity_of_urgency("unimportant"), Severity::Negligible);
        assert_eq!(severity_of_urgency("not yet assigned"), Severity::Unknown);
        assert_eq!(severity_of_urgency("end-of-life"), Severity::Unknown);
    }
}
