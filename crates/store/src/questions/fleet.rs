//! The fleet as a whole: images by what they are, and in numbers.

use super::holders::read_images;
use super::scope::resolve;
use super::{Facts, Moment, SummaryRow};
use crate::error::Result;
use crate::words::{read_cursor, read_size, severity_rank};
use crate::{
    FindingBounds, FindingTotals, FleetSummary, ImageSummary, Page, PageRequest, Selection,
    TenantId,
};

/// Images that are looked through at once for a page.
const IMAGES: i64 = 1000;
/// Later than any image was seen: the cursor of the first page.
const LAST: i64 = 250_000_000_000_000_000;

/// A page of the selected images, those seen last first.
pub(crate) async fn select_images(
    facts: &mut impl Facts,
    tenant: TenantId,
    selection: &Selection,
    page: &PageRequest,
) -> Result<Page<ImageSummary>> {
    let mut before = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (LAST, i64::MAX),
    };
    let scope = &resolve(facts, tenant, selection).await?;
    let bounds = &selection.findings;
    let narrowed = narrow(facts, bounds, scope.moment).await?;
    let worst = match scope.moment {
        Moment::Now => bounds.min_severity.map_or(0, severity_rank),
        Moment::Then { .. } => 0,
    };
    let is_settled = narrowed.is_some() || is_settled_by_rank(bounds, scope.moment);
    let wanted = usize::try_from(page.limit).unwrap_or_default() + 1;
    let mut found = Vec::new();
    while found.len() < wanted {
        let limit = if is_settled {
            i64::from(page.limit) + 1
        } else {
            IMAGES
        };
        let rows = facts
            .latest_images(scope, narrowed.as_deref(), before, worst, limit)
            .await?;
        let Some(last) = rows.last().filter(|_| rows.len() as i64 == limit).copied() else {
            found.extend(keep(facts, rows, bounds, scope.moment, is_settled).await?);
            break;
        };
        before = (last.0, last.1);
        found.extend(keep(facts, rows, bounds, scope.moment, is_settled).await?);
    }
    let page = Page::cut(found, page.limit, |(seen, image)| format!("{seen}.{image}"));
    Ok(Page {
        items: read_images(facts, scope, &page.items).await?,
        next: page.next,
    })
}

/// Whether the rank of an image's worst finding says everything about bounds.
fn is_settled_by_rank(bounds: &FindingBounds, moment: Moment) -> bool {
    let others = FindingBounds {
        min_severity: None,
        ..*bounds
    };
    others.is_everything() && (bounds.min_severity.is_none() || moment == Moment::Now)
}

/// The sets that alone can be meant, where few findings are within bounds.
async fn narrow(
    facts: &mut impl Facts,
    bounds: &FindingBounds,
    moment: Moment,
) -> Result<Option<Vec<i64>>> {
    if !bounds.is_known_exploited && bounds.min_probability.is_none() {
        return Ok(None);
    }
    let packages = facts.dangerous_packages(bounds, moment).await?;
    Ok(Some(facts.sets_of_packages(&packages).await?))
}

/// Last sight and id of those images whose sets have findings within bounds.
async fn keep(
    facts: &mut impl Facts,
    rows: Vec<(i64, i64, i64)>,
    bounds: &FindingBounds,
    moment: Moment,
    is_settled: bool,
) -> Result<Vec<(i64, i64)>> {
    let mut sets: Vec<i64> = rows.iter().map(|(.., set)| *set).collect();
    sets.sort_unstable();
    sets.dedup();
    let affected = match is_settled {
        true => sets,
        false => facts.affected_sets(&sets, bounds, moment).await?,
    };
    let kept = rows
        .into_iter()
        .filter(|(.., set)| affected.binary_search(set).is_ok());
    Ok(kept.map(|(seen, image, _)| (seen, image)).collect())
}

/// The selected images in numbers.
pub(crate) async fn summarize_fleet(
    facts: &mut impl Facts,
    tenant: TenantId,
    selection: &Selection,
) -> Result<FleetSummary> {
    let scope = resolve(facts, tenant, selection).await?;
    let row = facts.summary(&scope).await?;
    let revision = match scope.moment {
        Moment::Now => facts.processed_revision().await?,
        Moment::Then { revision } => revision,
    };
    Ok(read_summary(&row, revision, scope.moment))
}

fn read_summary(row: &SummaryRow, revision: i64, moment: Moment) -> FleetSummary {
    FleetSummary {
        images: read_size(row.images),
        unassessed: read_size(row.unassessed),
        incomplete: (moment == Moment::Now).then(|| read_size(row.incomplete)),
        by_worst: [
            row.worst_critical,
            row.worst_high,
            row.worst_medium,
            row.worst_low,
            row.worst_negligible,
            row.worst_unknown,
        ]
        .map(read_size),
        without_findings: read_size(row.without_findings),
        findings: FindingTotals {
            affected: [
                row.critical,
                row.high,
                row.medium,
                row.low,
                row.negligible,
                row.unknown,
            ]
            .map(read_size),
            undetermined: read_size(row.undetermined),
        },
        package_sets: read_size(row.package_sets),
        revision: (revision > 0).then_some(revision),
    }
}
