//! Facts about what can be fixed.

use async_trait::async_trait;

use super::chosen_images::{chosen, within_scope};
use super::held_findings::{held, within_bounds, within_words};
use super::question_facts::{PostgresFacts, about_findings, about_images};
use super::statements::statements;
use crate::FindingBounds;
use crate::error::Result;
use crate::questions::{Moment, PlanFacts, Scope};

macro_rules! affected {
    ($moment:ident) => {
        concat!(
            "SELECT members.package_set_id, members.package_id, findings.id
             FROM unnest($6::bigint[]) AS sets (id)
             JOIN package_set_packages AS members ON members.package_set_id = sets.id",
            held!($moment, "held.package_id = members.package_id"),
            " JOIN findings ON findings.id = held.finding_id
             WHERE findings.status = 'affected' AND ",
            within_bounds!()
        )
    };
}

statements! {
    AFFECTED_NOW = affected!(now);
    AFFECTED_THEN = affected!(then);
    FIXABLE = "SELECT id, vulnerability FROM findings
        WHERE id = ANY ($1::bigint[]) AND is_fixable";
    CONTENTS = "SELECT content FROM findings WHERE id = ANY ($1::bigint[]) ORDER BY id";
    PURLS = "SELECT id, purl FROM packages WHERE id = ANY ($1::bigint[])";
    SET_OF_IMAGE = "SELECT package_set_id FROM images
        WHERE id = $1 AND package_set_id IS NOT NULL";
    AN_IMAGE_OF_EACH = chosen!("SELECT package_set_id, min(image_id) FROM chosen
        GROUP BY package_set_id ORDER BY package_set_id");
}

#[async_trait]
impl PlanFacts for PostgresFacts<'_> {
    async fn affected_in_sets(
        &mut self,
        sets: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(i64, i64, i64)>> {
        Ok(
            about_findings([AFFECTED_NOW, AFFECTED_THEN], bounds, moment)
                .bind(sets.to_vec())
                .fetch_all(&mut *self.0)
                .await?,
        )
    }

    async fn fixable(&mut self, findings: &[i64]) -> Result<Vec<(i64, String)>> {
        Ok(sqlx::query_as(FIXABLE)
            .bind(findings)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn contents(&mut self, findings: &[i64]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(CONTENTS)
            .bind(findings)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn purls(&mut self, packages: &[i64]) -> Result<Vec<(i64, String)>> {
        Ok(sqlx::query_as(PURLS)
            .bind(packages)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn set_of_image(&mut self, image: i64) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(SET_OF_IMAGE)
            .bind(image)
            .fetch_optional(&mut *self.0)
            .await?)
    }

    async fn an_image_of_each(&mut self, scope: &Scope, sets: &[i64]) -> Result<Vec<(i64, i64)>> {
        Ok(about_images(AN_IMAGE_OF_EACH, scope, Some(sets))
            .fetch_all(&mut *self.0)
            .await?)
    }
}
