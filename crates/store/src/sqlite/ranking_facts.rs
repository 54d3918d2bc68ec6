//! Facts that are put in order.

use async_trait::async_trait;

use super::chosen_images::{chosen, within_scope};
use super::held_findings::{held, within_bounds, within_words};
use super::question_facts::{SqliteFacts, about_findings, about_images};
use super::sets_then::{difference, sets_then};
use crate::FindingBounds;
use crate::error::Result;
use crate::questions::{Moment, RankedRow, RankingFacts, Scope, WorstRow};

/// Severities in order, 1 for unknown.
macro_rules! rank {
    () => {
        "CASE findings.severity WHEN 'critical' THEN 6 WHEN 'high' THEN 5 WHEN 'medium' THEN 4
                                WHEN 'low' THEN 3 WHEN 'negligible' THEN 2 ELSE 1 END"
    };
}

macro_rules! vulnerabilities {
    ($moment:ident) => {
        concat!(
            "SELECT found.vulnerability, max(found.rank), max(found.is_fixable),
                    max(found.is_known_exploited), max(likely.probability), sum(found.weight)
             FROM (
                 SELECT findings.vulnerability, sets.id, min(sets.weight) AS weight, max(",
            rank!(),
            ") AS rank, max(findings.is_fixable) AS is_fixable,
                    max(findings.is_known_exploited) AS is_known_exploited
                 FROM (SELECT CAST(key AS INTEGER) AS id, value AS weight
                       FROM json_each(?6)) AS sets
                 JOIN package_set_packages AS members ON members.package_set_id = sets.id",
            held!($moment, "held.package_id = members.package_id"),
            " JOIN findings ON findings.id = held.finding_id
                 WHERE findings.status = 'affected' AND ",
            within_bounds!(),
            " GROUP BY findings.vulnerability, sets.id
             ) AS found
             LEFT JOIN exploit_predictions AS likely
                 ON likely.vulnerability = found.vulnerability
             GROUP BY found.vulnerability
             ORDER BY sum(found.weight) DESC, max(found.rank) DESC, found.vulnerability
             LIMIT ?7"
        )
    };
}

const VULNERABILITIES_NOW: &str = vulnerabilities!(now);
const VULNERABILITIES_THEN: &str = vulnerabilities!(then);
const WORST: &str = chosen!(
    "SELECT sets.critical, sets.high, sets.medium, sets.low, chosen.image_id
    FROM chosen JOIN package_sets AS sets ON sets.id = chosen.package_set_id
    WHERE sets.revision > 0
      AND (sets.critical, sets.high, sets.medium, sets.low, chosen.image_id)
          < (?11, ?12, ?13, ?14, ?15)
    ORDER BY sets.critical DESC, sets.high DESC, sets.medium DESC, sets.low DESC,
             chosen.image_id DESC
    LIMIT ?16"
);
const WORST_THEN: &str = concat!(
    chosen!(""),
    sets_then!(),
    " SELECT sets.critical, sets.high, sets.medium, sets.low, chosen.image_id
    FROM chosen JOIN sets ON sets.id = chosen.package_set_id
    WHERE sets.known
      AND (sets.critical, sets.high, sets.medium, sets.low, chosen.image_id)
          < (?12, ?13, ?14, ?15, ?16)
    ORDER BY sets.critical DESC, sets.high DESC, sets.medium DESC, sets.low DESC,
             chosen.image_id DESC
    LIMIT ?17"
);
/// Images that came later have it from the beginning.
const CHANGES: &str = concat!(
    chosen!(
        ", counted AS MATERIALIZED (
            SELECT chosen.package_set_id, count(*) AS images FROM chosen
            JOIN images ON images.id = chosen.image_id AND images.assembled_revision <= ?11
            GROUP BY chosen.package_set_id
        ), concerned AS MATERIALIZED (
            SELECT changes.vulnerability, max("
    ),
    rank!(),
    ") AS rank
            FROM changes
            JOIN findings
                ON findings.id = coalesce(changes.finding_after_id, changes.finding_before_id)
            WHERE changes.revision > ?11
            GROUP BY changes.vulnerability
            ORDER BY 2 DESC, count(*) DESC, changes.vulnerability LIMIT ?12
        ), touched AS (
            SELECT DISTINCT concerned.vulnerability, concerned.rank, changes.kind,
                   members.package_set_id
            FROM concerned
            JOIN changes ON changes.vulnerability = concerned.vulnerability
                AND changes.revision > ?11
            JOIN package_set_packages AS members ON members.package_id = changes.package_id
        )
        SELECT touched.vulnerability, touched.rank, touched.kind, sum(counted.images)
        FROM touched JOIN counted ON counted.package_set_id = touched.package_set_id
        GROUP BY touched.vulnerability, touched.rank, touched.kind"
);

#[async_trait]
impl RankingFacts for SqliteFacts<'_> {
    async fn vulnerabilities_of_sets(
        &mut self,
        sets: &[(i64, i64)],
        bounds: &FindingBounds,
        moment: Moment,
        limit: i64,
    ) -> Result<Vec<RankedRow>> {
        // One object: a list beside another would be read again for each row of the join.
        let weights = sets
            .iter()
            .map(|(set, weight)| (set.to_string(), (*weight).into()));
        let weights = serde_json::Value::Object(weights.collect()).to_string();
        let statements = [VULNERABILITIES_NOW, VULNERABILITIES_THEN];
        Ok(about_findings(statements, bounds, moment)
            .bind(weights)
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn worst_images(
        &mut self,
        scope: &Scope,
        before: [i64; 5],
        limit: i64,
    ) -> Result<Vec<WorstRow>> {
        let query = match scope.moment {
            Moment::Now => about_images(WORST, scope, None),
            Moment::Then { revision } => about_images(WORST_THEN, scope, None).bind(revision),
        };
        let query = before
            .into_iter()
            .fold(query, |query, number| query.bind(number));
        Ok(query.bind(limit).fetch_all(&mut *self.0).await?)
    }

    async fn changes_after(
        &mut self,
        scope: &Scope,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64, String, i64)>> {
        Ok(about_images(CHANGES, scope, None)
            .bind(revision)
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?)
    }
}
