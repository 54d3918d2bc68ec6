//! Findings grouped by package, and packages that share them by their source.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use scanyard_package::Severity;

use crate::render::text::count;
use crate::{Finding, Package, Report};

/// Packages that are named in a title; the rest are counted.
const NAMES: usize = 4;

/// Packages of one version with the same findings.
pub struct Group<'a> {
    packages: Vec<&'a Package>,
    /// The purl, for findings whose package the report does not list.
    purl: &'a str,
    /// Affected first, worst first.
    pub findings: Vec<&'a Finding>,
}

/// What packages have in common that are shown as one.
#[derive(PartialEq, Eq, Hash)]
struct Shared<'a> {
    source: &'a str,
    version: &'a str,
    findings: Vec<(&'a str, &'a str)>,
}

/// The groups, that with the worst finding first.
pub fn group_findings(report: &Report) -> Vec<Group<'_>> {
    let packages: HashMap<&str, &Package> = report
        .packages
        .iter()
        .map(|package| (package.purl.as_str(), package))
        .collect();
    let mut by_purl: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_purl.entry(&finding.package).or_default().push(finding);
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut shared: HashMap<Shared<'_>, usize> = HashMap::new();
    for (purl, mut findings) in by_purl {
        // Stable: the report has them worst first.
        findings.sort_by_key(|finding| finding.status);
        let package = packages.get(purl).copied();
        let known = package.and_then(|package| shared_by(package, &findings));
        let at = match known {
            Some(key) => *shared.entry(key).or_insert(groups.len()),
            None => groups.len(),
        };
        match groups.get_mut(at) {
            Some(group) => group.packages.extend(package),
            None => groups.push(Group {
                packages: package.into_iter().collect(),
                purl,
                findings,
            }),
        }
    }
    groups.sort_by_key(|group| Reverse(group.rank()));
    groups
}

/// Packages of the distro that were built from one source share its flaws.
fn shared_by<'a>(package: &'a Package, findings: &[&'a Finding]) -> Option<Shared<'a>> {
    Some(Shared {
        source: package.source_name.as_deref()?,
        version: &package.version,
        findings: findings
            .iter()
            .map(|finding| (finding.id.as_str(), finding.advisory.as_str()))
            .collect(),
    })
}

impl Group<'_> {
    /// How bad it is: affected findings by severity, worst first; undetermined ones count last.
    fn rank(&self) -> Vec<usize> {
        let affected = Severity::WORST_FIRST.map(|severity| self.affected(severity));
        let mut rank = affected.to_vec();
        rank.push(self.findings.len());
        rank
    }

    fn affected(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.is_affected() && finding.severity == severity)
            .count()
    }

    /// The names of its packages, and of their source where that is another.
    pub fn title(&self) -> String {
        let Some(first) = self.packages.first() else {
            return self.purl.to_owned();
        };
        let mut names: Vec<_> = self
            .packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        names.dedup();
        let mut title = names
            .iter()
            .take(NAMES)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if names.len() > NAMES {
            title.push_str(&format!(" and {} more", names.len() - NAMES));
        }
        match &first.source_name {
            Some(source) if !names.contains(&source.as_str()) => format!("{title} (of {source})"),
            _ => title,
        }
    }

    /// The installed version.
    pub fn version(&self) -> &str {
        self.packages.first().map_or("", |package| &package.version)
    }

    /// Counts by severity, where there is more than one finding to count.
    pub fn counts(&self) -> String {
        if self.findings.len() < 2 {
            return String::new();
        }
        let by_severity = Severity::WORST_FIRST.map(|s| (self.affected(s), s.name()));
        let undetermined = self.findings.iter().filter(|f| !f.is_affected()).count();
        let words: Vec<_> = by_severity
            .into_iter()
            .chain([(undetermined, "undetermined")])
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        let each = if self.packages.len() > 1 { " each" } else { "" };
        format!("  {}{each}", words.join(", "))
    }

    /// Where a package is that is not the distro's: many copies of it may be installed.
    pub fn place(&self) -> Option<String> {
        let [package] = self.packages.as_slice() else {
            return None;
        };
        let path = package
            .paths
            .first()
            .filter(|_| package.source_name.is_none())?;
        let more = match package.paths.len() {
            1 => String::new(),
            paths => format!(" and {}", count(paths - 1, "other place")),
        };
        Some(format!("  in {path}{more}"))
    }
}
