//! What an adapter tells.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Moment, Scope};
use crate::error::Result;
use crate::{FindingBounds, ImageSummary, TenantId};

/// Facts of one snapshot. Ids are the store's own; lists come in ascending order unless told.
#[async_trait]
pub(crate) trait Facts: Send {
    /// The newest revision that was processed by then, 0 before the first.
    async fn revision_at(&mut self, at: DateTime<Utc>) -> Result<i64>;

    /// The last revision that was processed, 0 before the first.
    async fn processed_revision(&mut self) -> Result<i64>;

    /// A tenant's repositories whose names begin so.
    async fn repositories(&mut self, tenant: TenantId, prefix: &str) -> Result<Vec<(i64, String)>>;

    /// Every distro: its id, `ID` and `VERSION_ID`.
    async fn distros(&mut self) -> Result<Vec<(i64, String, String)>>;

    /// Packages that have a vulnerability, each with whether every such finding is fixable.
    async fn vulnerable_packages(
        &mut self,
        id: &str,
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(i64, bool)>>;

    /// Packages that are affected within bounds that only few findings are within: known to be
    /// exploited, or likely to be.
    async fn dangerous_packages(
        &mut self,
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<i64>>;

    /// Sets that hold any of these packages.
    async fn sets_of_packages(&mut self, packages: &[i64]) -> Result<Vec<i64>>;

    /// The first of these sets from one on.
    async fn first_sets_of_packages(
        &mut self,
        packages: &[i64],
        from: i64,
        limit: i64,
    ) -> Result<Vec<i64>>;

    /// Those of these sets that are affected within bounds.
    async fn affected_sets(
        &mut self,
        sets: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<i64>>;

    /// How many images have any of these sets, counted up to a limit.
    async fn count_images(&mut self, scope: &Scope, sets: &[i64], limit: i64) -> Result<i64>;

    /// How many images have each of these sets, or each set at all.
    async fn images_by_set(
        &mut self,
        scope: &Scope,
        sets: Option<&[i64]>,
    ) -> Result<Vec<(i64, i64)>>;

    /// Sets and images, of these sets, after a set and image.
    async fn images_of_sets(
        &mut self,
        scope: &Scope,
        sets: &[i64],
        after: (i64, i64),
        limit: i64,
    ) -> Result<Vec<(i64, i64)>>;

    /// Repositories and how many of their images have any of these sets; the most first.
    async fn images_by_repository(
        &mut self,
        scope: &Scope,
        sets: &[i64],
        limit: i64,
    ) -> Result<Vec<(String, i64)>>;

    /// Last sight in microseconds, image and set of images that were seen before this one (by last
    /// sight and id), those seen last first. As of now, only those whose worst finding ranks so.
    async fn latest_images(
        &mut self,
        scope: &Scope,
        sets: Option<&[i64]>,
        before: (i64, i64),
        worst: i64,
        limit: i64,
    ) -> Result<Vec<(i64, i64, i64)>>;

    /// A tenant's images of these ids, in their order.
    async fn images(&mut self, tenant: TenantId, ids: &[i64]) -> Result<Vec<ImageSummary>>;

    /// Set, purl and finding for each package of these sets that has a vulnerability.
    async fn findings_in_sets(
        &mut self,
        id: &str,
        bounds: &FindingBounds,
        sets: &[i64],
        moment: Moment,
    ) -> Result<Vec<(i64, String, String)>>;

    /// Set and purl for each of these packages in these sets.
    async fn purls_in_sets(&mut self, packages: &[i64], sets: &[i64])
    -> Result<Vec<(i64, String)>>;

    /// Purl and finding for each of these packages that has a vulnerability.
    async fn findings_of_packages(
        &mut self,
        id: &str,
        packages: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(String, String)>>;

    /// Each of these packages and how many images it is in, if it is in any.
    async fn images_by_package(
        &mut self,
        scope: &Scope,
        packages: &[i64],
    ) -> Result<Vec<(i64, i64)>>;

    /// How likely the likeliest of these vulnerabilities is to be exploited.
    async fn probability(&mut self, ids: &[String]) -> Result<Option<f64>>;

    /// The summaries of the selected images' sets, added up over the images.
    async fn summary(&mut self, scope: &Scope) -> Result<SummaryRow>;
}

/// Summaries of sets, added up over the images that have them.
#[derive(Debug, FromRow)]
pub(crate) struct SummaryRow {
    pub(crate) images: i64,
    pub(crate) unassessed: i64,
    pub(crate) incomplete: i64,
    pub(crate) worst_critical: i64,
    pub(crate) worst_high: i64,
    pub(crate) worst_medium: i64,
    pub(crate) worst_low: i64,
    pub(crate) worst_negligible: i64,
    pub(crate) worst_unknown: i64,
    pub(crate) without_findings: i64,
    pub(crate) critical: i64,
    pub(crate) high: i64,
    pub(crate) medium: i64,
    pub(crate) low: i64,
    pub(crate) negligible: i64,
    pub(crate) unknown: i64,
    pub(crate) undetermined: i64,
    pub(crate) package_sets: i64,
}
