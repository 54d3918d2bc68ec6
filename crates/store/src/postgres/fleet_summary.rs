//! The summaries of package sets, added up over the images that have them.

use super::chosen_images::{chosen, within_scope};
use super::statements::statements;

/// Adds up `counted`: sets with how many images have them, and `sets` with their summaries.
macro_rules! add_up {
    () => {
        "SELECT coalesce(sum(counted.images), 0)::bigint AS images,
            coalesce(sum(counted.images) FILTER (WHERE known IS NOT TRUE), 0)::bigint AS unassessed,
            coalesce(sum(counted.images) FILTER (
                WHERE known AND (gaps OR undetermined > 0)), 0)::bigint AS incomplete,
            coalesce(sum(counted.images) FILTER (WHERE worst = 6), 0)::bigint AS worst_critical,
            coalesce(sum(counted.images) FILTER (WHERE worst = 5), 0)::bigint AS worst_high,
            coalesce(sum(counted.images) FILTER (WHERE worst = 4), 0)::bigint AS worst_medium,
            coalesce(sum(counted.images) FILTER (WHERE worst = 3), 0)::bigint AS worst_low,
            coalesce(sum(counted.images) FILTER (WHERE worst = 2), 0)::bigint AS worst_negligible,
            coalesce(sum(counted.images) FILTER (WHERE worst = 1), 0)::bigint AS worst_unknown,
            coalesce(sum(counted.images) FILTER (WHERE known AND worst = 0), 0)::bigint
                AS without_findings,
            coalesce(sum(counted.images * critical), 0)::bigint AS critical,
            coalesce(sum(counted.images * high), 0)::bigint AS high,
            coalesce(sum(counted.images * medium), 0)::bigint AS medium,
            coalesce(sum(counted.images * low), 0)::bigint AS low,
            coalesce(sum(counted.images * negligible), 0)::bigint AS negligible,
            coalesce(sum(counted.images * unknown), 0)::bigint AS unknown,
            coalesce(sum(counted.images * undetermined), 0)::bigint AS undetermined,
            count(counted.package_set_id) AS package_sets
         FROM counted"
    };
}

macro_rules! with_sets {
    () => {
        " LEFT JOIN (
            SELECT id, revision > 0 AS known, coverage_gaps > 0 AS gaps, worst, critical, high,
                   medium, low, negligible, unknown, undetermined
            FROM package_sets
         ) AS sets ON sets.id = counted.package_set_id"
    };
}

/// Findings of one severity before and after a change.
macro_rules! difference {
    ($severity:literal) => {
        concat!(
            "count(*) FILTER (WHERE after.status = 'affected' AND after.severity = '",
            $severity,
            "') - count(*) FILTER (WHERE before.status = 'affected' AND before.severity = '",
            $severity,
            "')"
        )
    };
}

statements! {
    /// A tenant's images as they are.
    SUMMARY = concat!(
        "WITH counted AS (
            SELECT package_set_id, count(*) AS images FROM tenant_images
            WHERE tenant_id = $1 AND gone_at IS NULL GROUP BY package_set_id
         ) ", add_up!(), with_sets!());
    SUMMARY_CHOSEN = concat!(
        chosen!(", counted AS (
            SELECT package_set_id, count(*) AS images FROM chosen GROUP BY package_set_id
         ) "), add_up!(), with_sets!());
    /// What changed after revision `$11` is taken back from what the summaries say now.
    SUMMARY_THEN = concat!(
        chosen!(", counted AS (
            SELECT package_set_id, count(*) AS images FROM chosen GROUP BY package_set_id
         ), since AS (
            SELECT members.package_set_id, "),
        difference!("critical"), " AS critical, ",
        difference!("high"), " AS high, ",
        difference!("medium"), " AS medium, ",
        difference!("low"), " AS low, ",
        difference!("negligible"), " AS negligible, ",
        difference!("unknown"), " AS unknown,
            count(*) FILTER (WHERE after.status <> 'affected')
              - count(*) FILTER (WHERE before.status <> 'affected') AS undetermined
            FROM changes
            JOIN package_set_packages AS members ON members.package_id = changes.package_id
            LEFT JOIN findings AS before ON before.id = changes.finding_before_id
            LEFT JOIN findings AS after ON after.id = changes.finding_after_id
            WHERE changes.revision > $11
            GROUP BY members.package_set_id
         ), ",
        "sets AS (
            SELECT id, known, gaps, critical, high, medium, low, negligible, unknown, undetermined,
                   CASE WHEN critical > 0 THEN 6 WHEN high > 0 THEN 5 WHEN medium > 0 THEN 4
                        WHEN low > 0 THEN 3 WHEN negligible > 0 THEN 2 WHEN unknown > 0 THEN 1
                        ELSE 0 END AS worst
            FROM (
                SELECT id, revision > 0 AS known, coverage_gaps > 0 AS gaps,
                       now.critical - coalesce(since.critical, 0) AS critical,
                       now.high - coalesce(since.high, 0) AS high,
                       now.medium - coalesce(since.medium, 0) AS medium,
                       now.low - coalesce(since.low, 0) AS low,
                       now.negligible - coalesce(since.negligible, 0) AS negligible,
                       now.unknown - coalesce(since.unknown, 0) AS unknown,
                       now.undetermined - coalesce(since.undetermined, 0) AS undetermined
                FROM package_sets AS now LEFT JOIN since ON since.package_set_id = now.id
            ) AS taken_back
         ) ", add_up!(), " LEFT JOIN sets ON sets.id = counted.package_set_id");
}
