//! The summaries of package sets as they were.

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

/// The tables `since` and `sets`: what changed after revision `?11` is taken back from what the
/// summaries say now.
macro_rules! sets_then {
    () => {
        concat!(
            ", since AS (
        SELECT members.package_set_id, ",
            difference!("critical"),
            " AS critical, ",
            difference!("high"),
            " AS high, ",
            difference!("medium"),
            " AS medium, ",
            difference!("low"),
            " AS low, ",
            difference!("negligible"),
            " AS negligible, ",
            difference!("unknown"),
            " AS unknown,
        count(*) FILTER (WHERE after.status <> 'affected')
          - count(*) FILTER (WHERE before.status <> 'affected') AS undetermined
        FROM changes
        JOIN package_set_packages AS members ON members.package_id = changes.package_id
        LEFT JOIN findings AS before ON before.id = changes.finding_before_id
        LEFT JOIN findings AS after ON after.id = changes.finding_after_id
        WHERE changes.revision > ?11
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
     )"
        )
    };
}

pub(super) use difference;
pub(super) use sets_then;
