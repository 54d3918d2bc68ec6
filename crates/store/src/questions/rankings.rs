//! What matters most: vulnerabilities by how far they reach, images by how bad they are, and what
//! revisions changed.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::holders::read_images;
use super::scope::resolve;
use super::{Facts, Moment, Scope};
use crate::error::Result;
use crate::words::{corrupt, rank_severity, read_size};
use crate::{
    ChangeSummary, ChangedVulnerability, FindingBounds, ImageSummary, Page, PageRequest,
    RankedVulnerability, Ranking, Selection, StoreError, TenantId, Total,
};

/// Package sets that are looked into, where there are more.
const SAMPLE: usize = 400;

/// Facts that are put in order.
#[async_trait]
pub(crate) trait RankingFacts: Facts {
    /// Vulnerabilities of these sets, each set with a weight; those of the greatest weight first.
    async fn vulnerabilities_of_sets(
        &mut self,
        sets: &[(i64, i64)],
        bounds: &FindingBounds,
        moment: Moment,
        limit: i64,
    ) -> Result<Vec<RankedRow>>;

    /// Images before this one by critical, high, medium and low findings and id, the worst first.
    async fn worst_images(
        &mut self,
        scope: &Scope,
        before: [i64; 5],
        limit: i64,
    ) -> Result<Vec<WorstRow>>;

    /// Vulnerability, its rank, kind of change and images concerned of what changed after a
    /// revision; of so many vulnerabilities, the worst ones.
    async fn changes_after(
        &mut self,
        scope: &Scope,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64, String, i64)>>;
}

/// Vulnerability, rank, whether fixable, whether known to be exploited, probability, weight.
pub(crate) type RankedRow = (String, i64, bool, bool, Option<f64>, i64);
/// Counts of critical, high, medium and low findings, and the image.
pub(crate) type WorstRow = (i64, i64, i64, i64, i64);

/// The vulnerabilities that most of the selected images have.
pub(crate) async fn top_vulnerabilities(
    facts: &mut impl RankingFacts,
    tenant: TenantId,
    selection: &Selection,
    limit: u32,
) -> Result<Ranking> {
    let scope = &resolve(facts, tenant, selection).await?;
    let sets = facts.images_by_set(scope, None).await?;
    let images = sets.iter().map(|(_, images)| read_size(*images)).sum();
    let is_exact = sets.len() <= SAMPLE;
    let sample = if is_exact { sets } else { sample(&sets) };
    let rows = facts
        .vulnerabilities_of_sets(&sample, &selection.findings, scope.moment, limit.into())
        .await?;
    let items = rows.into_iter().map(|row| rank(row, is_exact));
    Ok(Ranking {
        items: items.collect::<Result<_>>()?,
        images,
    })
}

/// Sets out of many, so that each image is as likely as another to be spoken for: one is taken each
/// so many images, and stands for these.
pub(super) fn sample(sets: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let total: i64 = sets.iter().map(|(_, images)| images).sum();
    let step = (total / SAMPLE as i64).max(1);
    let (mut taken, mut seen, mut next) = (Vec::new(), 0, step / 2);
    for (set, images) in sets {
        seen += images;
        let mut weight = 0;
        while next < seen {
            weight += step;
            next += step;
        }
        if weight > 0 {
            taken.push((*set, weight));
        }
    }
    taken
}

fn rank(
    (id, rank, is_fixable, is_known_exploited, probability, images): RankedRow,
    is_exact: bool,
) -> Result<RankedVulnerability> {
    let images = read_size(images);
    Ok(RankedVulnerability {
        id,
        severity: rank_severity(rank).ok_or_else(|| corrupt("severity", rank))?,
        is_fixable,
        is_known_exploited,
        probability,
        images: match is_exact {
            true => Total::Exact(images),
            false => Total::Estimated(images),
        },
    })
}

/// A page of the selected images, the worst first.
pub(crate) async fn worst_images(
    facts: &mut impl RankingFacts,
    tenant: TenantId,
    selection: &Selection,
    page: &PageRequest,
) -> Result<Page<ImageSummary>> {
    let before = match &page.cursor {
        Some(cursor) => read_place(cursor).ok_or(StoreError::InvalidCursor)?,
        None => [i64::MAX; 5],
    };
    let scope = &resolve(facts, tenant, selection).await?;
    let rows = facts
        .worst_images(scope, before, i64::from(page.limit) + 1)
        .await?;
    let page = Page::cut(rows, page.limit, |(critical, high, medium, low, image)| {
        format!("{critical}.{high}.{medium}.{low}.{image}")
    });
    let images: Vec<(i64, i64)> = page.items.iter().map(|row| (0, row.4)).collect();
    Ok(Page {
        items: read_images(facts, scope, &images).await?,
        next: page.next,
    })
}

fn read_place(cursor: &str) -> Option<[i64; 5]> {
    let numbers: Vec<i64> = cursor
        .split('.')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// What was processed after a moment changed about the selected images.
pub(crate) async fn changes_since(
    facts: &mut impl RankingFacts,
    tenant: TenantId,
    since: chrono::DateTime<chrono::Utc>,
    selection: &Selection,
    limit: u32,
) -> Result<ChangeSummary> {
    let scope = &resolve(facts, tenant, selection).await?;
    let from_revision = facts.revision_at(since).await?;
    let rows = facts
        .changes_after(scope, from_revision, i64::from(limit) + 1)
        .await?;
    let mut changed: BTreeMap<String, ChangedVulnerability> = BTreeMap::new();
    for (id, rank, kind, images) in rows {
        let entry = changed.entry(id.clone()).or_insert(ChangedVulnerability {
            id,
            severity: rank_severity(rank).ok_or_else(|| corrupt("severity", rank))?,
            new: 0,
            fixed: 0,
            changed: 0,
        });
        let count = match kind.as_str() {
            "new" => &mut entry.new,
            "fixed" => &mut entry.fixed,
            _ => &mut entry.changed,
        };
        *count += read_size(images);
    }
    let mut vulnerabilities: Vec<_> = changed.into_values().collect();
    vulnerabilities.sort_by_key(|entry| {
        let images = entry.new.max(entry.fixed).max(entry.changed);
        (std::cmp::Reverse(entry.severity), std::cmp::Reverse(images))
    });
    let is_cut = vulnerabilities.len() > limit as usize;
    vulnerabilities.truncate(limit as usize);
    Ok(ChangeSummary {
        from_revision,
        to_revision: facts.processed_revision().await?,
        vulnerabilities,
        is_cut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_speaks_for_all_images() {
        let sets: Vec<(i64, i64)> = (0..50_000).map(|set| (set, 1 + set % 11)).collect();
        let sampled = sample(&sets);
        assert!(sampled.len() <= SAMPLE + 1);
        let images: i64 = sets.iter().map(|(_, images)| images).sum();
        let spoken: i64 = sampled.iter().map(|(_, weight)| weight).sum();
        assert!((spoken - images).abs() <= images / SAMPLE as i64 + 1);
        let one = sample(&[(7, 1_000_000)]);
        assert_eq!(one.len(), 1);
        assert!((one[0].1 - 1_000_000).abs() <= 2500);
    }
}
