//! What is peculiar to each source of advisories, by the prefix of its ids.

use scanyard_advisory::Advisory;

/// What kind of statement a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One flaw, under several names: GHSA, GO, PYSEC, RUSTSEC, BIT.
    Flaw,
    /// A distro's own page on one CVE, kept up to date.
    Tracker,
    /// An update that fixes any number of CVEs, and is not revised when more becomes known.
    Erratum,
    /// An update that concerns us only where it names a CVE.
    BugFix,
}

/// The list is by prefix of the id. Sources that are not in it are read by [`Role::Flaw`], or, if
/// they name CVEs as upstream and none as alias, by [`Role::Erratum`].
///
/// Pages of feeds that we read ourselves are named after their distro and CVE (`REDHAT-CVE-...`).
/// DSA, DLA and DTSA are statements of one day, DEBIAN-CVE follows the security tracker; the same
/// holds for USN beside UBUNTU-CVE. AlmaLinux lists the CVEs of its errata as related.
const SOURCES: [(&str, Role); 34] = [
    ("DEBIAN-", Role::Tracker),
    ("UBUNTU-CVE-", Role::Tracker),
    ("ALPINE-", Role::Tracker),
    ("REDHAT-CVE-", Role::Tracker),
    ("SUSE-CVE-", Role::Tracker),
    ("WOLFI-", Role::Tracker),
    ("CHAINGUARD-", Role::Tracker),
    ("ROOT-", Role::Tracker),
    ("CGA-", Role::Tracker),
    ("MINI-", Role::Tracker),
    ("ECHO-", Role::Tracker),
    ("DSA-", Role::Erratum),
    ("DLA-", Role::Erratum),
    ("DTSA-", Role::Erratum),
    ("USN-", Role::Erratum),
    ("LSN-", Role::Erratum),
    ("ALSA-", Role::Erratum),
    ("ALBA-", Role::BugFix),
    ("ALEA-", Role::BugFix),
    ("RHSA-", Role::Erratum),
    ("RHBA-", Role::BugFix),
    ("RHEA-", Role::BugFix),
    ("RLSA-", Role::Erratum),
    ("RXSA-", Role::Erratum),
    ("RLBA-", Role::BugFix),
    ("RLEA-", Role::BugFix),
    ("SUSE-SU-", Role::Erratum),
    ("openSUSE-SU-", Role::Erratum),
    ("SUSE-RU-", Role::BugFix),
    ("ALAS", Role::Erratum),
    ("ELSA-", Role::Erratum),
    ("OESA-", Role::Erratum),
    ("MGASA-", Role::Erratum),
    ("AZL-", Role::Tracker),
];

/// The role of a record.
pub(crate) fn role(advisory: &Advisory<'_>) -> Role {
    let id = advisory.id();
    if let Some((_, role)) = SOURCES.iter().find(|(prefix, _)| id.starts_with(prefix)) {
        return *role;
    }
    let follows = advisory.upstream().any(is_cve) && !advisory.aliases().any(is_cve);
    if follows { Role::Erratum } else { Role::Flaw }
}

/// One flaw that a record speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw<'a> {
    /// Its names: a record with any of them speaks of the same flaw.
    pub(crate) names: Vec<&'a str>,
    /// The record, where it speaks of other flaws too and is therefore no name of this one.
    pub(crate) erratum: Option<&'a str>,
}

/// The flaws that a record speaks of; none where it is no security matter.
pub(crate) fn flaws<'a>(advisory: &Advisory<'a>, role: Role) -> Vec<Flaw<'a>> {
    let id = advisory.id();
    if role == Role::Flaw {
        let names = std::iter::once(id).chain(advisory.aliases()).collect();
        return vec![Flaw {
            names,
            erratum: None,
        }];
    }
    let cves = cves(advisory);
    match (cves.as_slice(), role) {
        ([], Role::BugFix) => Vec::new(),
        ([], _) => vec![Flaw {
            names: std::iter::once(id).chain(advisory.aliases()).collect(),
            erratum: None,
        }],
        ([cve], Role::Tracker) => vec![Flaw {
            names: vec![cve, id],
            erratum: None,
        }],
        _ => cves
            .into_iter()
            .map(|cve| Flaw {
                names: names_of(cve, advisory),
                erratum: Some(id),
            })
            .collect(),
    }
}

/// The CVEs that a distro's record covers, wherever its publisher puts them.
fn cves<'a>(advisory: &Advisory<'a>) -> Vec<&'a str> {
    let mut cves: Vec<&str> = advisory
        .upstream()
        .chain(advisory.related())
        .chain(advisory.aliases())
        .filter(|id| is_cve(id))
        .collect();
    cves.sort_unstable();
    cves.dedup();
    cves
}

/// The CVE and the tracker pages on it that the record names: `DEBIAN-CVE-2024-1`.
fn names_of<'a>(cve: &'a str, advisory: &Advisory<'a>) -> Vec<&'a str> {
    let pages = advisory.upstream().filter(|id| {
        id.strip_suffix(cve)
            .is_some_and(|prefix| prefix.ends_with('-'))
    });
    std::iter::once(cve).chain(pages).collect()
}

/// Whether an id is a CVE's.
pub(crate) fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}
