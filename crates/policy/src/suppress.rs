//! Says which findings of a report do not count.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use scanyard_report::{
    Finding, IdleReason, IdleWaiver, Report, Said, Statement, StatementSource, StatementStatus,
};

use crate::facts::ImageContext;
use crate::purl::PurlPattern;
use crate::vex::{ImageNames, VexIndex};
use crate::waiver::Waiver;

/// Everything that takes findings out of a report.
#[derive(Debug, Default)]
pub struct Suppressions {
    /// Waivers.
    pub waivers: Vec<Waiver>,
    /// Statements of others.
    pub vex: VexIndex,
}

impl Suppressions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.waivers.is_empty() && self.vex.is_empty()
    }

    /// Takes out what does not count, and tells of waivers for this image that take out nothing.
    ///
    /// VEX that a product is not affected or fixed says more than a waiver, and comes first; VEX that
    /// it is affected does not stand in a waiver's way.
    pub fn apply(&self, report: &mut Report, context: &ImageContext, now: DateTime<Utc>) {
        let waivers = WaiverIndex::new(&self.waivers, report, context);
        let names = ImageNames {
            digest: report.image.as_ref().map(|image| image.digest),
            repositories: context.repositories.clone(),
            tags: context.tags.clone(),
        };
        let mut said = Said::default();
        let mut used = HashSet::new();
        let mut expired = HashSet::new();
        for (place, finding) in report.findings.iter().enumerate() {
            let package = PurlPattern::parse(&finding.package);
            let ids = || {
                std::iter::once(finding.id.as_str())
                    .chain(finding.aliases.iter().map(String::as_str))
            };
            let vex = package.and_then(|package| self.vex.find(ids(), &package, &names));
            let mut waived = None;
            for waiver in waivers.about(finding) {
                if waiver.has_expired(now) {
                    expired.insert(waiver.id.as_str());
                } else {
                    used.insert(waiver.id.as_str());
                    waived.get_or_insert(waiver);
                }
            }
            let suppressed = vex.as_ref().is_some_and(|vex| vex.status.suppresses());
            let statement = match waived {
                Some(waiver) if !suppressed => Some(statement_of(waiver)),
                _ => vex,
            };
            if let Some(statement) = statement {
                said.0.insert(place, statement);
            }
        }
        let idle = waivers.meant.iter().filter_map(|waiver| {
            let id = waiver.id.as_str();
            let reason = match (used.contains(id), expired.contains(id)) {
                (true, _) => return None,
                (false, true) => IdleReason::Expired,
                (false, false) => IdleReason::Unused,
            };
            Some(IdleWaiver {
                id: waiver.id.clone(),
                vulnerability: waiver.vulnerability.clone(),
                owner: waiver.owner.clone(),
                reason,
            })
        });
        report.idle_waivers = idle.collect();
        report.apply_statements(said);
    }
}

/// The waivers meant for an image, by vulnerability.
struct WaiverIndex<'a> {
    meant: Vec<&'a Waiver>,
    by_vulnerability: std::collections::HashMap<String, Vec<&'a Waiver>>,
}

impl<'a> WaiverIndex<'a> {
    fn new(waivers: &'a [Waiver], report: &Report, context: &ImageContext) -> Self {
        let none = std::collections::BTreeMap::new();
        let labels = report.image.as_ref().map_or(&none, |image| &image.labels);
        let meant: Vec<_> = waivers
            .iter()
            .filter(|waiver| waiver.scope.covers(&context.repositories, labels))
            .collect();
        let mut by_vulnerability = std::collections::HashMap::<_, Vec<_>>::new();
        for waiver in &meant {
            let id = waiver.vulnerability.to_ascii_uppercase();
            by_vulnerability.entry(id).or_default().push(*waiver);
        }
        Self {
            meant,
            by_vulnerability,
        }
    }

    fn about<'b>(&'b self, finding: &'b Finding) -> impl Iterator<Item = &'a Waiver> + 'b {
        let ids = std::iter::once(&finding.id).chain(&finding.aliases);
        ids.filter_map(|id| self.by_vulnerability.get(&id.to_ascii_uppercase()))
            .flatten()
            .copied()
            .filter(|waiver| {
                waiver
                    .package
                    .as_ref()
                    .is_none_or(|package| package.matches(&finding.package))
            })
    }
}

fn statement_of(waiver: &Waiver) -> Statement {
    Statement {
        source: StatementSource::Waiver,
        status: StatementStatus::Waived,
        justification: None,
        detail: Some(waiver.reason.clone()),
        author: Some(waiver.owner.clone()),
        document: waiver.id.clone(),
        expires: Some(waiver.expires),
    }
}

#[cfg(test)]
mod tests;
