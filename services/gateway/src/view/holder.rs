//! Images that hold what was asked for, as JSON and as lines of a table.

use axum::http::header::LINK;
use axum::http::{HeaderMap, Uri};
use scanyard_store::{Holder, Holders, RepositoryImages, Total};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::link_next;
use super::{FindingView, ImageView};
use crate::export::Row;

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Total)]
pub struct TotalView {
    /// The number.
    count: u64,
    /// How it was got: `exact`; `at_least`, where counting on would take longer than the answer is
    /// worth; `estimated` from a sample.
    #[schema(example = "exact")]
    is: &'static str,
}

impl From<Total> for TotalView {
    fn from(total: Total) -> Self {
        let is = match total {
            Total::Exact(_) => "exact",
            Total::AtLeast(_) => "at_least",
            Total::Estimated(_) => "estimated",
        };
        Self {
            count: total.count(),
            is,
        }
    }
}

/// Images that hold what was asked for, and how many there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct HolderList<T> {
    /// The images. Those with the same packages stand together.
    items: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    next_cursor: Option<String>,
    /// How many such images there are on all pages.
    total: TotalView,
}

impl<T: Serialize> HolderList<T> {
    /// A page in its JSON form.
    pub fn new(holders: Holders, view: impl Fn(Holder) -> T) -> Self {
        Self {
            items: holders.page.items.into_iter().map(view).collect(),
            next_cursor: holders.page.next,
            total: holders.total.into(),
        }
    }

    /// The header that links to the next page.
    pub fn link(&self, uri: &Uri) -> HeaderMap {
        let next = self.next_cursor.as_deref();
        let link = next.and_then(|cursor| link_next(uri, cursor));
        HeaderMap::from_iter(link.map(|link| (LINK, link)))
    }
}

/// An image that has the vulnerability.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AffectedImage)]
pub struct AffectedImageView {
    /// The image.
    image: ImageView,
    /// The finding in each package of the image that has it.
    findings: Vec<FindingView>,
}

impl From<Holder> for AffectedImageView {
    fn from(holder: Holder) -> Self {
        let findings = holder
            .packages
            .into_iter()
            .filter_map(|package| Some((package.purl, package.finding?).into()));
        Self {
            findings: findings.collect(),
            image: holder.image.into(),
        }
    }
}

impl Row for AffectedImageView {
    const COLUMNS: &'static [&'static str] = &[
        "digest",
        "platform",
        "repositories",
        "tags",
        "distro",
        "packages",
        "severity",
        "status",
        "fixed_versions",
    ];

    fn values(&self) -> Vec<String> {
        let each = |value: fn(&FindingView) -> String| {
            let mut values: Vec<String> = self.findings.iter().map(value).collect();
            values.dedup();
            values.join(" ")
        };
        let mut values = self.image.place();
        values.extend([
            each(|finding| finding.package.clone()),
            each(|finding| finding.severity.name().to_owned()),
            each(|finding| finding.status.to_owned()),
            each(|finding| finding.fixed_versions.join(" ")),
        ]);
        values
    }
}

/// An image that has the packages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoldingImage)]
pub struct HoldingImageView {
    /// The image.
    image: ImageView,
    /// Purls of the packages in it that were meant.
    packages: Vec<String>,
}

impl From<Holder> for HoldingImageView {
    fn from(holder: Holder) -> Self {
        let packages = holder.packages.into_iter().map(|package| package.purl);
        Self {
            packages: packages.collect(),
            image: holder.image.into(),
        }
    }
}

impl Row for HoldingImageView {
    const COLUMNS: &'static [&'static str] = &[
        "digest",
        "platform",
        "repositories",
        "tags",
        "distro",
        "packages",
    ];

    fn values(&self) -> Vec<String> {
        let mut values = self.image.place();
        values.push(self.packages.join(" "));
        values
    }
}

/// Images of a repository.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepositoryImages)]
pub struct RepositoryImagesView {
    /// The repository.
    repository: String,
    /// How many of its images were meant.
    images: u64,
}

impl From<RepositoryImages> for RepositoryImagesView {
    fn from(counted: RepositoryImages) -> Self {
        Self {
            repository: counted.repository,
            images: counted.images,
        }
    }
}
