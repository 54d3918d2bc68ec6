//! Builds a report from what cataloging and matching said.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use scanyard_hygiene::{ConfigFindings, examine_files};
use scanyard_inventory::{ImageInventory, LocatedPackage};
use scanyard_matching::Status;
use scanyard_package::{Coverage, CoverageKind, Digest, Ecosystem};

use crate::checks::checks;
use crate::model::{self, Report, SCHEMA_VERSION, Summary};
use crate::secrets::secrets;

/// What a report is built from.
#[derive(Debug)]
pub struct ReportInput<'a> {
    /// What was scanned, as the user named it.
    pub source: &'a str,
    /// The image; `None` for a root file system.
    pub image: Option<ImageFacts>,
    /// What is in it, what could not be read included.
    pub inventory: &'a ImageInventory,
    /// Findings with the purl of their package.
    pub findings: Vec<(String, scanyard_matching::Finding)>,
    /// Gaps that the inventory does not know: those of matching.
    pub coverage: Vec<Coverage>,
    /// The advisories matched against; `None` where there were none.
    pub advisories: Option<AdvisoryFacts>,
    /// What was looked for beside packages.
    pub looked_for: LookedFor,
}

/// What was looked for beside packages.
#[derive(Debug, Clone, Default)]
pub struct LookedFor {
    /// Credentials.
    pub secrets: bool,
    /// How the image is built and configured.
    pub checks: bool,
    /// What the image's config gave away.
    pub config: ConfigFindings,
}

/// The image that was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Digest of the manifest.
    pub digest: Digest,
    /// Digest of the config.
    pub config_digest: Digest,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// When it was built, as the builder wrote it.
    pub created: Option<String>,
    /// Whom it runs as; `None` where that is not known.
    pub user: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The layers, bottom first, as the inventory numbers them.
    pub layers: Vec<LayerFacts>,
}

/// One layer of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerFacts {
    /// Digest of the blob.
    pub digest: Digest,
    /// Digest of the uncompressed tar as we computed it, never as the image claims it.
    pub diff_id: Option<Digest>,
    /// Bytes of the blob.
    pub size: u64,
    /// Media type of the blob.
    pub media_type: String,
}

/// The revision of the advisory database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvisoryFacts {
    /// Digest of the compiled database.
    pub revision: Digest,
    /// When the newest record in it last changed.
    pub date: DateTime<Utc>,
}

/// Gives each package's findings its purl: `findings` stands parallel to `inventory.packages`.
pub fn pair_findings(
    inventory: &ImageInventory,
    findings: Vec<Vec<scanyard_matching::Finding>>,
) -> Vec<(String, scanyard_matching::Finding)> {
    let packages = inventory.packages.iter();
    packages
        .zip(findings)
        .flat_map(|(located, findings)| {
            let purl = inventory.purl(located);
            findings
                .into_iter()
                .map(move |finding| (purl.clone(), finding))
        })
        .collect()
}

impl Report {
    /// The report of one image.
    ///
    /// Without advisories it says by itself that nothing was matched.
    pub fn new(input: ReportInput<'_>) -> Self {
        let inventory = input.inventory;
        let layers = input.image.as_ref().map_or(&[][..], |image| &image.layers);
        let mut packages: Vec<_> = inventory
            .packages
            .iter()
            .map(|located| package(inventory, located, layers))
            .collect();
        packages.dedup_by(merge_same_purl);
        let findings = findings(input.findings, &packages);
        let mut coverage: Vec<_> = [&inventory.coverage, &input.coverage]
            .into_iter()
            .flatten()
            .map(coverage_entry)
            .collect();
        if input.advisories.is_none() && !coverage.iter().any(is_no_database) {
            coverage.push(no_database());
        }
        coverage.sort();
        coverage.dedup();
        let looked_for = input.looked_for;
        let config = looked_for.config;
        let secrets = looked_for
            .secrets
            .then(|| secrets(&inventory.secrets, &config.secrets, layers));
        let checks = looked_for
            .checks
            .then(|| checks(config.failed.into_iter().chain(examine_files(inventory))));
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            source: input.source.to_owned(),
            summary: summarize(&findings, 0, &coverage),
            image: input.image.map(image),
            distro: inventory.distro.as_ref().map(|distro| model::Distro {
                id: distro.id.clone(),
                version: distro.version.clone(),
                name: distro.name.clone(),
            }),
            advisories: input.advisories.map(|facts| model::Advisories {
                revision: facts.revision,
                date: facts.date,
            }),
            coverage,
            packages,
            findings,
            suppressed: Vec::new(),
            idle_waivers: Vec::new(),
            secrets,
            checks,
        }
    }
}

impl Report {
    /// Adds how likely each flaw is to be exploited. Predictions change daily, so they are looked
    /// up for a report and not kept with its findings.
    pub fn predict_exploits(&mut self, predict: impl Fn(&str) -> Option<model::Epss>) {
        for finding in &mut self.findings {
            let ids = std::iter::once(&finding.id).chain(&finding.aliases);
            finding.epss = ids.filter_map(|id| predict(id)).next();
        }
    }
}

fn is_no_database(entry: &model::Coverage) -> bool {
    entry.kind == CoverageKind::NoDatabase
}

fn no_database() -> model::Coverage {
    model::Coverage {
        kind: CoverageKind::NoDatabase,
        subject: "advisories".to_owned(),
        detail: "no advisory database was loaded, so no package was matched; run \
                 `scanyard db update`"
            .to_owned(),
    }
}

fn coverage_entry(entry: &Coverage) -> model::Coverage {
    model::Coverage {
        kind: entry.kind,
        subject: entry.subject.clone(),
        detail: entry.detail.clone(),
    }
}

fn image(facts: ImageFacts) -> model::Image {
    let layer = |facts: LayerFacts| model::Layer {
        digest: facts.digest,
        diff_id: facts.diff_id,
        size: facts.size,
        media_type: facts.media_type,
    };
    model::Image {
        digest: facts.digest,
        config_digest: facts.config_digest,
        platform: facts.platform,
        created: facts.created,
        user: facts.user,
        labels: facts.labels,
        layers: facts.layers.into_iter().map(layer).collect(),
    }
}

fn package(
    inventory: &ImageInventory,
    located: &LocatedPackage,
    layers: &[LayerFacts],
) -> model::Package {
    let package = &located.package;
    let has_source = package.kind.is_os();
    let ecosystem = Ecosystem::of_package(package, inventory.distro.as_ref());
    model::Package {
        purl: inventory.purl(located),
        ecosystem: ecosystem.map(|ecosystem| ecosystem.name().to_owned()),
        name: package.name.clone(),
        version: package.version.clone(),
        source_name: has_source.then(|| package.source_name().to_owned()),
        source_version: has_source.then(|| package.source_version().to_owned()),
        arch: package.arch.clone(),
        layer: layers.get(located.layer).map(|layer| layer.digest),
        paths: located.paths.clone(),
        licence: scanyard_licence::expression(&located.licences),
    }
}

/// Packages that differ in nothing a purl tells are one, with the places of both. They stand side
/// by side, because what they differ in sorts last.
fn merge_same_purl(next: &mut model::Package, kept: &mut model::Package) -> bool {
    if next.purl != kept.purl {
        return false;
    }
    if kept.licence.is_none() {
        kept.licence = next.licence.take();
    }
    kept.paths.append(&mut next.paths);
    kept.paths.sort_unstable();
    kept.paths.dedup();
    true
}

fn findings(
    paired: Vec<(String, scanyard_matching::Finding)>,
    packages: &[model::Package],
) -> Vec<model::Finding> {
    let by_purl: HashMap<&str, &model::Package> = packages
        .iter()
        .map(|package| (package.purl.as_str(), package))
        .collect();
    let mut findings: Vec<_> = paired
        .into_iter()
        .map(|(purl, finding)| {
            let package = by_purl.get(purl.as_str()).copied();
            located_finding(purl, finding, package)
        })
        .collect();
    findings.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    findings.dedup_by(|next, kept| sort_key(next) == sort_key(kept));
    findings
}

/// Worst first, then by name, so that equal input gives equal output.
fn sort_key(finding: &model::Finding) -> impl Ord {
    (
        Reverse(finding.severity),
        &finding.id,
        &finding.package,
        &finding.advisory,
        finding.status,
    )
}

fn located_finding(
    purl: String,
    finding: scanyard_matching::Finding,
    package: Option<&model::Package>,
) -> model::Finding {
    model::Finding {
        id: finding.id,
        aliases: finding.aliases,
        package: purl,
        severity: finding.severity,
        cvss: finding.cvss.map(|cvss| model::Cvss {
            score: cvss.score,
            vector: cvss.vector,
            version: cvss.version,
            source: cvss.source,
        }),
        severity_source: finding.severity_source,
        known_exploited: finding.known_exploited,
        epss: None,
        status: finding.status,
        reason: finding.reason,
        urgency: finding.urgency,
        fix_state: finding.fix_state,
        fixed_versions: finding.fixed_versions,
        advisory: finding.advisory,
        layer: package.and_then(|package| package.layer),
        paths: package.map_or_else(Vec::new, |package| package.paths.clone()),
        published: finding.published,
        modified: finding.modified,
        vex: None,
    }
}

pub(crate) fn summarize(
    findings: &[model::Finding],
    suppressed: usize,
    coverage: &[model::Coverage],
) -> Summary {
    let mut summary = Summary {
        suppressed,
        ..Summary::default()
    };
    for finding in findings {
        match finding.status {
            Status::Affected => *summary.count_mut(finding.severity) += 1,
            Status::Undetermined => summary.undetermined += 1,
        }
    }
    summary.complete = coverage.is_empty() && summary.undetermined == 0;
    summary
}
