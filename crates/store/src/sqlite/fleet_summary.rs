//! The summaries of package sets, added up over the images that have them.

use super::chosen_images::{chosen, within_scope};
use super::sets_then::{difference, sets_then};
/// Adds up `counted`: sets with how many images have them, and `sets` with their summaries.
macro_rules! add_up {
    () => {
        "SELECT coalesce(sum(counted.images), 0) AS images,
            coalesce(sum(counted.images) FILTER (WHERE known IS NOT TRUE), 0) AS unassessed,
            coalesce(sum(counted.images) FILTER (
                WHERE known AND (gaps OR undetermined > 0)), 0) AS incomplete,
            coalesce(sum(counted.images) FILTER (WHERE worst = 6), 0) AS worst_critical,
            coalesce(sum(counted.images) FILTER (WHERE worst = 5), 0) AS worst_high,
            coalesce(sum(counted.images) FILTER (WHERE worst = 4), 0) AS worst_medium,
            coalesce(sum(counted.images) FILTER (WHERE worst = 3), 0) AS worst_low,
            coalesce(sum(counted.images) FILTER (WHERE worst = 2), 0) AS worst_negligible,
            coalesce(sum(counted.images) FILTER (WHERE worst = 1), 0) AS worst_unknown,
            coalesce(sum(counted.images) FILTER (WHERE known AND worst = 0), 0)
                AS without_findings,
            coalesce(sum(counted.images * critical), 0) AS critical,
            coalesce(sum(counted.images * high), 0) AS high,
            coalesce(sum(counted.images * medium), 0) AS medium,
            coalesce(sum(counted.images * low), 0) AS low,
            coalesce(sum(counted.images * negligible), 0) AS negligible,
            coalesce(sum(counted.images * unknown), 0) AS unknown,
            coalesce(sum(counted.images * undetermined), 0) AS undetermined,
            count(counted.package_set_id) AS package_sets
         FROM counted"
    };
}

macro_rules! with_sets {
    () => {
        " LEFT JOIN (
            SELECT id, revision > 0 AS known, coverage_gaps > 0 AS gaps, critical, high,
                   medium, low, negligible, unknown, undetermined,
                   CASE WHEN critical > 0 THEN 6 WHEN high > 0 THEN 5 WHEN medium > 0 THEN 4
                        WHEN low > 0 THEN 3 WHEN negligible > 0 THEN 2 WHEN unknown > 0 THEN 1
                        ELSE 0 END AS worst
            FROM package_sets
         ) AS sets ON sets.id = counted.package_set_id"
    };
}

/// A tenant's images as they are.
pub(super) const SUMMARY: &str = concat!(
    "WITH counted AS (
        SELECT package_set_id, count(*) AS images FROM tenant_images
        WHERE tenant_id = ?1 AND gone_at IS NULL GROUP BY package_set_id
     ) ",
    add_up!(),
    with_sets!()
);
pub(super) const SUMMARY_CHOSEN: &str = concat!(
    chosen!(
        ", counted AS (
        SELECT package_set_id, count(*) AS images FROM chosen GROUP BY package_set_id
     ) "
    ),
    add_up!(),
    with_sets!()
);
/// What changed after revision `?11` is taken back from what the summaries say now.
pub(super) const SUMMARY_THEN: &str = concat!(
    chosen!(
        ", counted AS (
        SELECT package_set_id, count(*) AS images FROM chosen GROUP BY package_set_id
     ) "
    ),
    sets_then!(),
    " ",
    add_up!(),
    " LEFT JOIN sets ON sets.id = counted.package_set_id"
);
