//! Questions across images: who has this vulnerability.

use std::collections::{BTreeMap, HashMap};

use scanyard_matching::Finding;
use sqlx::sqlite::SqliteConnection;

use super::images::read_images_by_id;
use crate::error::Result;
use crate::stored_finding::decode_finding;
use crate::words::{read_cursor, without_version};
use crate::{AffectedImage, Page, PageRequest, TenantId, VulnerabilityDetail};

pub(super) async fn vulnerability(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: &str,
) -> Result<Option<VulnerabilityDetail>> {
    let images: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM images
         JOIN tenant_images ON tenant_images.tenant_id = ?1 AND tenant_images.image_id = images.id
             AND tenant_images.gone_at IS NULL
         WHERE images.package_set_id IN (
             SELECT members.package_set_id FROM finding_ids
             JOIN matches ON matches.finding_id = finding_ids.finding_id
                 AND matches.last_revision IS NULL
             JOIN package_set_packages AS members ON members.package_id = matches.package_id
             WHERE finding_ids.vulnerability = ?2)",
    )
    .bind(tenant.0)
    .bind(id)
    .fetch_one(&mut *c)
    .await?;
    if images == 0 {
        return Ok(None);
    }
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT packages.purl, findings.content FROM finding_ids
         JOIN findings ON findings.id = finding_ids.finding_id
         JOIN matches ON matches.finding_id = findings.id AND matches.last_revision IS NULL
         JOIN packages ON packages.id = matches.package_id
         WHERE finding_ids.vulnerability = ?2
           AND EXISTS (
               SELECT 1 FROM package_set_packages AS members
               JOIN images ON images.package_set_id = members.package_set_id
               JOIN tenant_images ON tenant_images.tenant_id = ?1
                   AND tenant_images.image_id = images.id
                   AND tenant_images.gone_at IS NULL
               WHERE members.package_id = packages.id)
         ORDER BY packages.purl, findings.id",
    )
    .bind(tenant.0)
    .bind(id)
    .fetch_all(c)
    .await?;
    let mut findings = BTreeMap::new();
    for (purl, content) in rows {
        findings.insert(without_version(&purl).to_owned(), content);
    }
    let findings = findings
        .into_iter()
        .map(|(purl, content)| Ok((purl, decode_finding(&content)?)))
        .collect::<Result<_>>()?;
    Ok(Some(VulnerabilityDetail {
        findings,
        images: u64::try_from(images).unwrap_or_default(),
    }))
}

/// Images come in the order of their package sets, so that a page is read off an index.
pub(super) async fn affected_images(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: &str,
    page: &PageRequest,
) -> Result<Page<AffectedImage>> {
    let (set_id, image_id) = match &page.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (0, 0),
    };
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT images.package_set_id, images.id FROM images
         JOIN tenant_images ON tenant_images.tenant_id = ?1 AND tenant_images.image_id = images.id
             AND tenant_images.gone_at IS NULL
         WHERE images.package_set_id IN (
             SELECT members.package_set_id FROM finding_ids
             JOIN matches ON matches.finding_id = finding_ids.finding_id
                 AND matches.last_revision IS NULL
             JOIN package_set_packages AS members ON members.package_id = matches.package_id
                 AND members.package_set_id >= ?3
             WHERE finding_ids.vulnerability = ?2)
           AND (images.package_set_id, images.id) > (?3, ?4)
         ORDER BY images.package_set_id, images.id
         LIMIT ?5",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(set_id)
    .bind(image_id)
    .bind(i64::from(page.limit) + 1)
    .fetch_all(&mut *c)
    .await?;
    let page = Page::cut(rows, page.limit, |(set, image)| format!("{set}.{image}"));
    let ids: Vec<i64> = page.items.iter().map(|(_, image)| *image).collect();
    let images = read_images_by_id(c, tenant, &ids).await?;
    let mut findings = read_findings(c, id, &page.items).await?;
    let items = page.items.iter().zip(images).map(|((_, id), image)| {
        let findings = findings.remove(id).unwrap_or_default();
        AffectedImage { image, findings }
    });
    Ok(Page {
        items: items.collect(),
        next: page.next,
    })
}

/// Findings of a vulnerability by image.
async fn read_findings(
    c: &mut SqliteConnection,
    id: &str,
    images: &[(i64, i64)],
) -> Result<HashMap<i64, Vec<(String, Finding)>>> {
    let ids: serde_json::Value = images.iter().map(|(_, image)| *image).collect();
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT images.id, packages.purl, findings.content
         FROM json_each(?2) AS ids
         JOIN images ON images.id = ids.value
         JOIN finding_ids ON finding_ids.vulnerability = ?1
         JOIN findings ON findings.id = finding_ids.finding_id
         JOIN matches ON matches.finding_id = findings.id AND matches.last_revision IS NULL
         JOIN package_set_packages AS members
             ON members.package_set_id = images.package_set_id
             AND members.package_id = matches.package_id
         JOIN packages ON packages.id = matches.package_id
         ORDER BY packages.purl, findings.id",
    )
    .bind(id)
    .bind(ids.to_string())
    .fetch_all(c)
    .await?;
    let mut findings: HashMap<_, Vec<_>> = HashMap::new();
    for (image, purl, content) in rows {
        let finding = decode_finding(&content)?;
        findings.entry(image).or_default().push((purl, finding));
    }
    Ok(findings)
}
