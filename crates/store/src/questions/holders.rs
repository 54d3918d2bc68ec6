//! Which images hold a vulnerability, or packages.

use std::collections::{BTreeMap, HashMap, HashSet};

use scanyard_matching::Finding;

use super::scope::resolve;
use super::{Facts, Scope};
use crate::error::Result;
use crate::stored_finding::decode_finding;
use crate::words::{read_cursor, read_size, without_version};
use crate::{
    FixCounts, HeldPackage, Holder, Holders, ImageSummary, Page, PageRequest, RepositoryImages,
    Selection, Subject, TenantId, Total, VulnerabilityDetail,
};

/// A total is counted no further on a page.
const COUNTED: i64 = 10_000;
/// Sets that are looked into first for a page, and for a total. Where they do not suffice, because
/// others have their images, four times as many follow each time.
const SETS_OF_PAGE: usize = 64;
const SETS_OF_TOTAL: i64 = 2048;

/// What is known about a vulnerability among the selected images.
pub(crate) async fn vulnerability(
    facts: &mut impl Facts,
    tenant: TenantId,
    id: &str,
    selection: &Selection,
) -> Result<Option<VulnerabilityDetail>> {
    let scope = &resolve(facts, tenant, selection).await?;
    let packages = facts
        .vulnerable_packages(id, &selection.findings, scope.moment)
        .await?;
    let (fixes, images) = count_fixes(facts, scope, &packages).await?;
    if images == 0 {
        return Ok(None);
    }
    let packages: Vec<i64> = packages.iter().map(|(package, _)| *package).collect();
    // Others may have packages of their own with it.
    let held = facts.images_by_package(scope, &packages).await?;
    let packages: Vec<i64> = held.iter().map(|(package, _)| *package).collect();
    let rows = facts
        .findings_of_packages(id, &packages, &selection.findings, scope.moment)
        .await?;
    let by_name: BTreeMap<String, String> = rows
        .into_iter()
        .map(|(purl, content)| (without_version(&purl).to_owned(), content))
        .collect();
    let findings = by_name
        .into_iter()
        .map(|(purl, content)| Ok((purl, decode_finding(&content)?)))
        .collect::<Result<Vec<(String, Finding)>>>()?;
    let ids: Vec<String> = findings
        .iter()
        .map(|(_, finding)| finding.id.clone())
        .collect();
    Ok(Some(VulnerabilityDetail {
        findings,
        images,
        fixes,
        probability: facts.probability(&ids).await?,
    }))
}

/// How many images hold packages, by whether these are fixable; and how many do.
async fn count_fixes(
    facts: &mut impl Facts,
    scope: &Scope,
    packages: &[(i64, bool)],
) -> Result<(FixCounts, u64)> {
    let having = |is_fixable: bool| -> Vec<i64> {
        let packages = packages
            .iter()
            .filter(|(_, fixable)| *fixable == is_fixable);
        packages.map(|(package, _)| *package).collect()
    };
    let fixable = facts.sets_of_packages(&having(true)).await?;
    let unfixable = facts.sets_of_packages(&having(false)).await?;
    let all: Vec<i64> = fixable.iter().chain(&unfixable).copied().collect();
    let [fixable, unfixable] = [fixable, unfixable].map(HashSet::<i64>::from_iter);
    let mut counts = FixCounts::default();
    let mut images = 0;
    for (set, count) in facts.images_by_set(scope, Some(&all)).await? {
        let group = match (fixable.contains(&set), unfixable.contains(&set)) {
            (true, false) => &mut counts.all,
            (true, true) => &mut counts.some,
            _ => &mut counts.none,
        };
        *group += read_size(count);
        images += read_size(count);
    }
    Ok((counts, images))
}

/// The packages that a subject means.
async fn packages_of(
    facts: &mut impl Facts,
    subject: &Subject,
    selection: &Selection,
    scope: &Scope,
) -> Result<Vec<i64>> {
    Ok(match subject {
        Subject::Packages(packages) => packages.iter().map(|package| package.0).collect(),
        Subject::Vulnerability(id) => {
            let packages = facts.vulnerable_packages(id, &selection.findings, scope.moment);
            packages.await?.into_iter().map(|(id, _)| id).collect()
        }
    })
}

/// A page of the images that hold something. They come in the order of their package sets, so that
/// a page costs no more for standing far behind.
pub(crate) async fn holders(
    facts: &mut impl Facts,
    tenant: TenantId,
    subject: &Subject,
    selection: &Selection,
    page: &PageRequest,
) -> Result<Holders> {
    let after = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (0, 0),
    };
    let scope = &resolve(facts, tenant, selection).await?;
    let packages = packages_of(facts, subject, selection, scope).await?;
    let first = facts
        .first_sets_of_packages(&packages, 0, SETS_OF_TOTAL)
        .await?;
    let total = count_holders(facts, scope, &packages, &first).await?;
    let known = if page.cursor.is_none() { &*first } else { &[] };
    let limit = i64::from(page.limit) + 1;
    let rows = list_holders(facts, scope, &packages, known, after, limit).await?;
    let page = Page::cut(rows, page.limit, |(set, image)| format!("{set}.{image}"));
    let holders = read_holders(facts, subject, selection, scope, &packages, &page.items);
    Ok(Holders {
        page: Page {
            items: holders.await?,
            next: page.next,
        },
        total,
    })
}

/// How many images hold any of the packages, of which the first sets are known; counted no further
/// than is worth it.
async fn count_holders(
    facts: &mut impl Facts,
    scope: &Scope,
    packages: &[i64],
    first: &[i64],
) -> Result<Total> {
    let (mut sets, mut many) = (first.to_vec(), SETS_OF_TOTAL);
    let mut count = 0;
    loop {
        count += facts
            .count_images(scope, &sets, COUNTED + 1 - count)
            .await?;
        if count > COUNTED {
            return Ok(Total::AtLeast(read_size(COUNTED)));
        }
        let from = match sets.last() {
            Some(last) if row_count(&sets) == many => last + 1,
            _ => return Ok(Total::Exact(read_size(count))),
        };
        many *= 4;
        sets = facts.first_sets_of_packages(packages, from, many).await?;
    }
}

/// Sets and images after a set and image, from as few sets as fill the page; first of all from those
/// that are known.
async fn list_holders(
    facts: &mut impl Facts,
    scope: &Scope,
    packages: &[i64],
    known: &[i64],
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<(i64, i64)>> {
    let mut rows = Vec::new();
    for some in known.chunks(SETS_OF_PAGE) {
        let left = limit - row_count(&rows);
        if left <= 0 {
            return Ok(rows);
        }
        rows.extend(facts.images_of_sets(scope, some, after, left).await?);
    }
    let mut from = known.last().map_or(after.0, |last| last + 1);
    let mut many = SETS_OF_PAGE as i64;
    while row_count(&rows) < limit {
        let sets = facts.first_sets_of_packages(packages, from, many).await?;
        let Some(last) = sets.last() else {
            break;
        };
        from = last + 1;
        let left = limit - row_count(&rows);
        rows.extend(facts.images_of_sets(scope, &sets, after, left).await?);
        many *= 4;
    }
    Ok(rows)
}

fn row_count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

async fn read_holders(
    facts: &mut impl Facts,
    subject: &Subject,
    selection: &Selection,
    scope: &Scope,
    packages: &[i64],
    rows: &[(i64, i64)],
) -> Result<Vec<Holder>> {
    let mut sets: Vec<i64> = rows.iter().map(|(set, _)| *set).collect();
    sets.dedup();
    let held = match subject {
        Subject::Packages(_) => read_packages(facts, packages, &sets).await?,
        Subject::Vulnerability(id) => {
            let rows = facts.findings_in_sets(id, &selection.findings, &sets, scope.moment);
            by_set(rows.await?)?
        }
    };
    let images = read_images(facts, scope, rows).await?;
    let holders = rows.iter().zip(images).map(|((set, _), image)| Holder {
        image,
        packages: held.get(set).cloned().unwrap_or_default(),
    });
    Ok(holders.collect())
}

/// Images of rows. What they counted at a past moment is not what they count now.
pub(super) async fn read_images(
    facts: &mut impl Facts,
    scope: &Scope,
    rows: &[(i64, i64)],
) -> Result<Vec<ImageSummary>> {
    let ids: Vec<i64> = rows.iter().map(|(_, image)| *image).collect();
    let mut images = facts.images(scope.tenant, &ids).await?;
    if scope.at.is_some() {
        for image in &mut images {
            image.counts = None;
            image.revision = None;
        }
    }
    Ok(images)
}

type Held = HashMap<i64, Vec<HeldPackage>>;

async fn read_packages(facts: &mut impl Facts, packages: &[i64], sets: &[i64]) -> Result<Held> {
    let mut held = Held::new();
    for (set, purl) in facts.purls_in_sets(packages, sets).await? {
        let package = HeldPackage {
            purl,
            finding: None,
        };
        held.entry(set).or_default().push(package);
    }
    Ok(held)
}

fn by_set(rows: Vec<(i64, String, String)>) -> Result<Held> {
    let mut held = Held::new();
    for (set, purl, content) in rows {
        let finding = Some(decode_finding(&content)?);
        held.entry(set)
            .or_default()
            .push(HeldPackage { purl, finding });
    }
    Ok(held)
}

/// The images that hold something, by repository.
pub(crate) async fn holders_by_repository(
    facts: &mut impl Facts,
    tenant: TenantId,
    subject: &Subject,
    selection: &Selection,
    limit: u32,
) -> Result<Vec<RepositoryImages>> {
    let scope = &resolve(facts, tenant, selection).await?;
    let packages = packages_of(facts, subject, selection, scope).await?;
    let sets = facts.sets_of_packages(&packages).await?;
    let rows = facts.images_by_repository(scope, &sets, limit.into());
    let counted = rows.await?.into_iter();
    let counted = counted.map(|(repository, images)| RepositoryImages {
        repository,
        images: read_size(images),
    });
    Ok(counted.collect())
}
