//! What is in an image, what it is built on, and what is built on it.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::scope::moment_of;
use super::{Facts, Moment};
use crate::error::Result;
use crate::stored_finding::decode_findings;
use crate::words::without_version;
use crate::{
    BaseImage, ImageContent, ImageSummary, NewerImage, Page, PageRequest, StoreError, Tag, TenantId,
};

/// Facts about layers and contents of images.
#[async_trait]
pub(crate) trait LineageFacts: Facts {
    /// Id and package set of a tenant's image, now or at a moment.
    async fn find_image(
        &mut self,
        tenant: TenantId,
        digest: Digest,
        at: Option<DateTime<Utc>>,
    ) -> Result<Option<(i64, Option<i64>)>>;

    /// Purls of a set's packages.
    async fn purls_of_set(&mut self, set: i64) -> Result<Vec<String>>;

    /// Purl and finding of what a set's packages have.
    async fn findings_of_set(&mut self, set: i64, moment: Moment) -> Result<Vec<(String, String)>>;

    /// Image, base and how many layers it gives, of the tenant's images whose layers each of these
    /// begins with; those that give most first.
    async fn bases_of_images(
        &mut self,
        tenant: TenantId,
        images: &[i64],
    ) -> Result<Vec<(i64, i64, i64)>>;

    /// Image, what a tag that has left it names now, its set, repository and name of the tag; what
    /// left last first.
    async fn moved_tags(&mut self, tenant: TenantId, images: &[i64]) -> Result<Vec<MovedTag>>;

    /// The tenant's images after one whose layers begin with those of an image.
    async fn images_built_on(
        &mut self,
        tenant: TenantId,
        base: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<i64>>;
}

/// Image, the image that the tag names now, its set, and the tag's repository and name.
pub(crate) type MovedTag = (i64, i64, i64, String, String);

/// What is in an image; `None` of one that the tenant does not have, or that is not assembled.
pub(crate) async fn image_content(
    facts: &mut impl LineageFacts,
    tenant: TenantId,
    digest: Digest,
    at: Option<DateTime<Utc>>,
) -> Result<Option<ImageContent>> {
    let moment = moment_of(facts, at).await?;
    let Some((_, Some(set))) = facts.find_image(tenant, digest, at).await? else {
        return Ok(None);
    };
    Ok(Some(ImageContent {
        packages: facts.purls_of_set(set).await?,
        findings: decode_findings(facts.findings_of_set(set, moment).await?)?,
    }))
}

/// The tenant's images that one is built on, the one that gives most layers first.
pub(crate) async fn base_images(
    facts: &mut impl LineageFacts,
    tenant: TenantId,
    digest: Digest,
) -> Result<Vec<BaseImage>> {
    let Some((image, _)) = facts.find_image(tenant, digest, None).await? else {
        return Ok(Vec::new());
    };
    let bases = facts.bases_of_images(tenant, &[image]).await?;
    let ids: Vec<i64> = bases.iter().map(|(_, base, _)| *base).collect();
    let mut moved = HashMap::new();
    for tag in facts.moved_tags(tenant, &ids).await? {
        moved.entry(tag.0).or_insert(tag);
    }
    let images = facts.images(tenant, &ids).await?;
    let mut found = Vec::new();
    for ((_, base, layers), image) in bases.into_iter().zip(images) {
        let newer = match moved.remove(&base) {
            Some(tag) => read_newer(facts, tenant, image.digest, tag).await?,
            None => None,
        };
        found.push(BaseImage {
            image,
            layers: u64::try_from(layers).unwrap_or_default(),
            newer,
        });
    }
    Ok(found)
}

/// What a tag moved on to, and what that changes.
async fn read_newer(
    facts: &mut impl LineageFacts,
    tenant: TenantId,
    base: Digest,
    (_, newer, set, repository, name): MovedTag,
) -> Result<Option<NewerImage>> {
    let Some(image) = facts.images(tenant, &[newer]).await?.pop() else {
        return Ok(None);
    };
    let Some((_, Some(old))) = facts.find_image(tenant, base, None).await? else {
        return Ok(None);
    };
    let [old, new] = [
        findings_of(facts, old).await?,
        findings_of(facts, set).await?,
    ];
    Ok(Some(NewerImage {
        digest: image.digest,
        tag: Tag { repository, name },
        fixes: old.difference(&new).count() as u64,
        adds: new.difference(&old).count() as u64,
    }))
}

/// Findings of a set by package name and vulnerability: they outlive a version of the package.
async fn findings_of(facts: &mut impl LineageFacts, set: i64) -> Result<HashSet<(String, String)>> {
    let rows = facts.findings_of_set(set, Moment::Now).await?;
    let findings = decode_findings(rows)?.into_iter();
    Ok(findings
        .map(|(purl, finding)| (without_version(&purl).to_owned(), finding.id))
        .collect())
}

/// A page of the tenant's images that are built on one, in the order in which they were recorded.
pub(crate) async fn images_built_on(
    facts: &mut impl LineageFacts,
    tenant: TenantId,
    base: Digest,
    page: &PageRequest,
) -> Result<Page<ImageSummary>> {
    let after: i64 = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => 0,
    };
    let Some((base, _)) = facts.find_image(tenant, base, None).await? else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    let limit = i64::from(page.limit) + 1;
    let ids = facts.images_built_on(tenant, base, after, limit).await?;
    let page = Page::cut(ids, page.limit, i64::to_string);
    Ok(Page {
        items: facts.images(tenant, &page.items).await?,
        next: page.next,
    })
}
