//! The fleet in numbers, as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::FleetSummary;
use serde::Serialize;
use utoipa::ToSchema;

/// The fleet in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FleetSummary)]
pub struct FleetSummaryView {
    /// Images.
    images: u64,
    /// Images that are not scanned yet, of which nothing can be said.
    unassessed: u64,
    /// Images of which something could not be assessed; null of the past, for which nobody counted.
    incomplete: Option<u64>,
    /// Images by their worst finding.
    images_by_worst: WorstView,
    /// Findings of all images. What an image shares with others counts in each.
    findings: FindingTotalsView,
    /// Distinct package sets: images whose packages are the same have one.
    package_sets: u64,
    /// Sequence number of the advisory revision that all this is of; null before the first.
    revision: Option<i64>,
    /// The moment that was asked for; null for now.
    as_of: Option<DateTime<Utc>>,
}

/// Images by their worst finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImagesByWorst)]
struct WorstView {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    negligible: u64,
    unknown: u64,
    /// Images without any finding. They are clean only if they are not among the incomplete ones.
    none: u64,
}

/// Findings by severity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FindingTotals)]
struct FindingTotalsView {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    negligible: u64,
    unknown: u64,
    /// Findings that could be neither confirmed nor excluded, whatever their severity.
    undetermined: u64,
}

impl FleetSummaryView {
    /// The numbers of a moment.
    pub fn new(summary: FleetSummary, as_of: Option<DateTime<Utc>>) -> Self {
        let [critical, high, medium, low, negligible, unknown] = summary.by_worst;
        let images_by_worst = WorstView {
            critical,
            high,
            medium,
            low,
            negligible,
            unknown,
            none: summary.without_findings,
        };
        let [critical, high, medium, low, negligible, unknown] = summary.findings.affected;
        Self {
            images: summary.images,
            unassessed: summary.unassessed,
            incomplete: summary.incomplete,
            images_by_worst,
            findings: FindingTotalsView {
                critical,
                high,
                medium,
                low,
                negligible,
                unknown,
                undetermined: summary.findings.undetermined,
            },
            package_sets: summary.package_sets,
            revision: summary.revision,
            as_of,
        }
    }
}
