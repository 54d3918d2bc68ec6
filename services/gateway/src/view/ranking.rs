//! What matters most, as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::{
    ChangeSummary, ChangedVulnerability, FixPlan, FixStep, RankedVulnerability, Ranking, Upgrade,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{SeverityView, TotalView};

/// A vulnerability and how far it reaches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankedVulnerability)]
pub struct RankedVulnerabilityView {
    /// Its id.
    id: String,
    /// The worst severity that it has in any package.
    severity: SeverityView,
    /// Whether a newer version of a package with it no longer has it.
    fixable: bool,
    /// Whether it is in the catalogue of known exploited vulnerabilities.
    known_exploited: bool,
    /// How likely it is to be exploited within thirty days, 0 to 1 (EPSS); null where nobody
    /// predicts it.
    epss: Option<f64>,
    /// Images that have it.
    images: TotalView,
}

impl From<RankedVulnerability> for RankedVulnerabilityView {
    fn from(ranked: RankedVulnerability) -> Self {
        Self {
            id: ranked.id,
            severity: ranked.severity.into(),
            fixable: ranked.is_fixable,
            known_exploited: ranked.is_known_exploited,
            epss: ranked.probability,
            images: ranked.images.into(),
        }
    }
}

/// Vulnerabilities in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking)]
pub struct RankingView {
    /// The vulnerabilities, those of most images first.
    items: Vec<RankedVulnerabilityView>,
    /// Images among which they were counted.
    images: u64,
}

impl From<Ranking> for RankingView {
    fn from(ranking: Ranking) -> Self {
        Self {
            items: ranking.items.into_iter().map(Into::into).collect(),
            images: ranking.images,
        }
    }
}

/// What changed about a vulnerability.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedVulnerability)]
struct ChangedVulnerabilityView {
    /// Its id.
    id: String,
    /// The worst severity that it has, or had, in any package concerned.
    severity: SeverityView,
    /// Images in which it is new.
    new: u64,
    /// Images in which it is gone.
    fixed: u64,
    /// Images in which what is said of it is different.
    changed: u64,
}

impl From<ChangedVulnerability> for ChangedVulnerabilityView {
    fn from(changed: ChangedVulnerability) -> Self {
        Self {
            id: changed.id,
            severity: changed.severity.into(),
            new: changed.new,
            fixed: changed.fixed,
            changed: changed.changed,
        }
    }
}

/// What changed in the fleet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeSummary)]
pub struct ChangeSummaryView {
    /// The moment that was asked for.
    since: DateTime<Utc>,
    /// Sequence number of the revision that was in force then.
    from_revision: i64,
    /// Sequence number of the one that is in force.
    to_revision: i64,
    /// Vulnerabilities that changed, the most severe ones first.
    vulnerabilities: Vec<ChangedVulnerabilityView>,
    /// Whether more changed than these.
    cut: bool,
}

impl ChangeSummaryView {
    /// What changed since a moment.
    pub fn new(summary: ChangeSummary, since: DateTime<Utc>) -> Self {
        let vulnerabilities = summary.vulnerabilities.into_iter();
        Self {
            since,
            from_revision: summary.from_revision,
            to_revision: summary.to_revision,
            vulnerabilities: vulnerabilities.map(Into::into).collect(),
            cut: summary.is_cut,
        }
    }
}

/// Upgrades in the order of their effect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FixPlan)]
pub struct FixPlanView {
    /// The upgrades, each time the one that removes most of what is left.
    steps: Vec<FixStepView>,
    /// Findings of the selected images, each image's counted.
    findings: TotalView,
    /// Those of them that a newer version of their package no longer has.
    fixable: TotalView,
    /// The selected images.
    images: u64,
}

/// An upgrade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FixStep)]
struct FixStepView {
    /// What to upgrade.
    upgrade: UpgradeView,
    /// Findings that it removes and no step before did, each image's counted.
    removes: TotalView,
    /// Images that it touches.
    images: TotalView,
    /// Digests of some of these.
    examples: Vec<String>,
}

/// What to upgrade.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = Upgrade)]
enum UpgradeView {
    /// Build images again on what the tag of their base image names now.
    Base {
        /// The tag, as `repository:tag`.
        tag: String,
        /// Digest of the base image that they are built on.
        from: Option<String>,
        /// Digest of what the tag names now.
        to: Option<String>,
    },
    /// Upgrade a package.
    Package {
        /// Its purl without version.
        package: String,
        /// Versions without the flaws, as publishers name them.
        fixed_versions: Vec<String>,
    },
}

impl From<FixPlan> for FixPlanView {
    fn from(plan: FixPlan) -> Self {
        Self {
            steps: plan.steps.into_iter().map(Into::into).collect(),
            findings: plan.findings.into(),
            fixable: plan.fixable.into(),
            images: plan.images,
        }
    }
}

impl From<FixStep> for FixStepView {
    fn from(step: FixStep) -> Self {
        let text = |digest: scanyard_package::Digest| digest.to_string();
        Self {
            upgrade: match step.upgrade {
                Upgrade::Base { from, to, tag } => UpgradeView::Base {
                    tag,
                    from: from.map(text),
                    to: to.map(text),
                },
                Upgrade::Package {
                    name,
                    fixed_versions,
                } => UpgradeView::Package {
                    package: name,
                    fixed_versions,
                },
            },
            removes: step.removes.into(),
            images: step.images.into(),
            examples: step.examples.into_iter().map(text).collect(),
        }
    }
}
