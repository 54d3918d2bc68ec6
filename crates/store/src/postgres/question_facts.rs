//! The facts that questions are answered from, each from one statement.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sqlx::query::QueryAs;

use super::columns::{read_time, text};
use super::statements::statements;
use super::{chosen_images as images, fleet_summary, held_findings as held, image_rows};
use crate::error::Result;
use crate::questions::{Facts, Moment, Scope, SummaryRow};
use crate::words::severities_from;
use crate::{FindingBounds, ImageSummary, StoreError, TenantId};

statements! {
    REVISION_AT = "SELECT coalesce(max(sequence), 0) FROM revisions WHERE processed_at <= $1";
    PROCESSED = "SELECT revision FROM fleet";
    REPOSITORIES = "SELECT id, name FROM repositories
        WHERE tenant_id = $1 AND starts_with(name, $2) ORDER BY id";
    DISTROS = "SELECT id, os_id, version FROM distros ORDER BY id";
    PROBABILITY = "SELECT max(probability) FROM exploit_predictions
        WHERE vulnerability = ANY ($1::text[])";
}

/// A connection within a snapshot.
pub(super) struct PostgresFacts<'c>(pub(super) &'c mut PgConnection);

pub(super) type Rows<O> = QueryAs<'static, Postgres, O, PgArguments>;

/// A statement about findings, with its revision and its bounds: `$1` to `$5`.
pub(super) fn about_findings<O>(
    [now, then]: [&'static str; 2],
    bounds: &FindingBounds,
    moment: Moment,
) -> Rows<O>
where
    O: for<'r> FromRow<'r, PgRow>,
{
    let statement = match moment {
        Moment::Now => now,
        Moment::Then { .. } => then,
    };
    sqlx::query_as(statement)
        .bind(moment.revision())
        .bind(bounds.min_severity.map(severities_from))
        .bind(bounds.is_fixable)
        .bind(bounds.is_known_exploited)
        .bind(bounds.min_probability)
}

/// A statement about chosen images, with its scope: `$1` to `$10`.
pub(super) fn about_images<O>(
    statement: &'static str,
    scope: &Scope,
    sets: Option<&[i64]>,
) -> Rows<O>
where
    O: for<'r> FromRow<'r, PgRow>,
{
    sqlx::query_as(statement)
        .bind(scope.tenant.0)
        .bind(scope.at)
        .bind(scope.repositories.clone())
        .bind(scope.distros.clone())
        .bind(scope.label.as_deref().map(text))
        .bind(scope.first_seen_from)
        .bind(scope.last_seen_from)
        .bind(scope.last_seen_before)
        .bind(scope.is_untagged)
        .bind(sets.map(<[i64]>::to_vec))
}

#[async_trait]
impl Facts for PostgresFacts<'_> {
    async fn revision_at(&mut self, at: DateTime<Utc>) -> Result<i64> {
        let row: (i64,) = sqlx::query_as(REVISION_AT)
            .bind(at)
            .fetch_one(&mut *self.0)
            .await?;
        Ok(row.0)
    }

    async fn processed_revision(&mut self) -> Result<i64> {
        let row: (i64,) = sqlx::query_as(PROCESSED).fetch_one(&mut *self.0).await?;
        Ok(row.0)
    }

    async fn repositories(&mut self, tenant: TenantId, prefix: &str) -> Result<Vec<(i64, String)>> {
        Ok(sqlx::query_as(REPOSITORIES)
            .bind(tenant.0)
            .bind(text(prefix))
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn distros(&mut self) -> Result<Vec<(i64, String, String)>> {
        Ok(sqlx::query_as(DISTROS).fetch_all(&mut *self.0).await?)
    }

    async fn vulnerable_packages(
        &mut self,
        id: &str,
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(i64, bool)>> {
        let statements = [held::VULNERABLE_NOW, held::VULNERABLE_THEN];
        Ok(about_findings(statements, bounds, moment)
            .bind(text(id))
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn dangerous_packages(
        &mut self,
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<i64>> {
        let statements = match bounds.is_known_exploited {
            true => [held::EXPLOITED_NOW, held::EXPLOITED_THEN],
            false => [held::PREDICTED_NOW, held::PREDICTED_THEN],
        };
        let rows: Vec<(i64,)> = about_findings(statements, bounds, moment)
            .fetch_all(&mut *self.0)
            .await?;
        Ok(first(rows))
    }

    async fn sets_of_packages(&mut self, packages: &[i64]) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = sqlx::query_as(held::SETS_OF_PACKAGES)
            .bind(packages)
            .fetch_all(&mut *self.0)
            .await?;
        Ok(first(rows))
    }

    async fn first_sets_of_packages(
        &mut self,
        packages: &[i64],
        from: i64,
        limit: i64,
    ) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = sqlx::query_as(held::FIRST_SETS_OF_PACKAGES)
            .bind(packages)
            .bind(from)
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?;
        Ok(first(rows))
    }

    async fn affected_sets(
        &mut self,
        sets: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<i64>> {
        let statements = [held::AFFECTED_SETS_NOW, held::AFFECTED_SETS_THEN];
        let rows: Vec<(i64,)> = about_findings(statements, bounds, moment)
            .bind(sets.to_vec())
            .fetch_all(&mut *self.0)
            .await?;
        Ok(first(rows))
    }

    async fn count_images(&mut self, scope: &Scope, sets: &[i64], limit: i64) -> Result<i64> {
        let query: Rows<(i64,)> = match scope.is_everything {
            true => sqlx::query_as(images::COUNT)
                .bind(scope.tenant.0)
                .bind(sets.to_vec()),
            false => about_images(images::COUNT_CHOSEN, scope, Some(sets)),
        };
        Ok(query.bind(limit).fetch_one(&mut *self.0).await?.0)
    }

    async fn images_by_set(
        &mut self,
        scope: &Scope,
        sets: Option<&[i64]>,
    ) -> Result<Vec<(i64, i64)>> {
        let query = match (scope.is_everything, sets) {
            (true, Some(sets)) => sqlx::query_as(images::BY_SET)
                .bind(scope.tenant.0)
                .bind(sets.to_vec()),
            (true, None) => sqlx::query_as(images::BY_EVERY_SET).bind(scope.tenant.0),
            (false, sets) => about_images(images::BY_SET_CHOSEN, scope, sets),
        };
        Ok(query.fetch_all(&mut *self.0).await?)
    }

    async fn images_of_sets(
        &mut self,
        scope: &Scope,
        sets: &[i64],
        (set, image): (i64, i64),
        limit: i64,
    ) -> Result<Vec<(i64, i64)>> {
        let query = match scope.is_everything {
            true => sqlx::query_as(images::OF_SETS)
                .bind(scope.tenant.0)
                .bind(sets.to_vec()),
            false => about_images(images::OF_SETS_CHOSEN, scope, Some(sets)),
        };
        let query = query.bind(set).bind(image).bind(limit);
        Ok(query.fetch_all(&mut *self.0).await?)
    }

    async fn images_by_repository(
        &mut self,
        scope: &Scope,
        sets: &[i64],
        limit: i64,
    ) -> Result<Vec<(String, i64)>> {
        Ok(about_images(images::BY_REPOSITORY, scope, Some(sets))
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn latest_images(
        &mut self,
        scope: &Scope,
        sets: Option<&[i64]>,
        (seen, image): (i64, i64),
        worst: i64,
        limit: i64,
    ) -> Result<Vec<(i64, i64, i64)>> {
        let seen = read_time(seen).map_err(|_| StoreError::InvalidCursor)?;
        let statement = match scope.moment {
            Moment::Now => images::LATEST_NOW,
            Moment::Then { .. } => images::LATEST,
        };
        Ok(about_images(statement, scope, sets)
            .bind(seen)
            .bind(image)
            .bind(worst)
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn images(&mut self, tenant: TenantId, ids: &[i64]) -> Result<Vec<ImageSummary>> {
        image_rows::read_images_by_id(self.0, tenant, ids).await
    }

    async fn findings_in_sets(
        &mut self,
        id: &str,
        bounds: &FindingBounds,
        sets: &[i64],
        moment: Moment,
    ) -> Result<Vec<(i64, String, String)>> {
        let statements = [held::FINDINGS_IN_SETS_NOW, held::FINDINGS_IN_SETS_THEN];
        Ok(about_findings(statements, bounds, moment)
            .bind(text(id))
            .bind(sets.to_vec())
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn purls_in_sets(
        &mut self,
        packages: &[i64],
        sets: &[i64],
    ) -> Result<Vec<(i64, String)>> {
        Ok(sqlx::query_as(held::PURLS_IN_SETS)
            .bind(packages)
            .bind(sets)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn findings_of_packages(
        &mut self,
        id: &str,
        packages: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(String, String)>> {
        let statements = [
            held::FINDINGS_OF_PACKAGES_NOW,
            held::FINDINGS_OF_PACKAGES_THEN,
        ];
        Ok(about_findings(statements, bounds, moment)
            .bind(text(id))
            .bind(packages.to_vec())
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn images_by_package(
        &mut self,
        scope: &Scope,
        packages: &[i64],
    ) -> Result<Vec<(i64, i64)>> {
        if scope.is_everything {
            return Ok(sqlx::query_as(images::BY_PACKAGE)
                .bind(scope.tenant.0)
                .bind(packages)
                .fetch_all(&mut *self.0)
                .await?);
        }
        let sets = self.sets_of_packages(packages).await?;
        Ok(about_images(images::BY_PACKAGE_CHOSEN, scope, Some(&sets))
            .bind(packages.to_vec())
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn probability(&mut self, ids: &[String]) -> Result<Option<f64>> {
        let row: (Option<f64>,) = sqlx::query_as(PROBABILITY)
            .bind(ids)
            .fetch_one(&mut *self.0)
            .await?;
        Ok(row.0)
    }

    async fn summary(&mut self, scope: &Scope) -> Result<SummaryRow> {
        let query = match scope.moment {
            Moment::Now if scope.is_everything => {
                sqlx::query_as(fleet_summary::SUMMARY).bind(scope.tenant.0)
            }
            Moment::Now => about_images(fleet_summary::SUMMARY_CHOSEN, scope, None),
            Moment::Then { revision } => {
                about_images(fleet_summary::SUMMARY_THEN, scope, None).bind(revision)
            }
        };
        Ok(query.fetch_one(&mut *self.0).await?)
    }
}

fn first(rows: Vec<(i64,)>) -> Vec<i64> {
    rows.into_iter().map(|(id,)| id).collect()
}
