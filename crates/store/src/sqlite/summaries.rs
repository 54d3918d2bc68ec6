//! Summaries of package sets: how many findings of each severity hold.

use scanyard_package::Digest;
use sqlx::sqlite::SqliteConnection;

use super::revisions;
use crate::error::Result;

/// Makes summaries as of a revision that the fleet is not past; how many. Some packages may be
/// matched at a later one already, and what that changed is added when the fleet gets there.
pub(super) async fn refresh(
    c: &mut SqliteConnection,
    set: Option<Digest>,
    revision: i64,
    limit: u32,
) -> Result<u64> {
    let fleet = revisions::not_past(c, revision).await?;
    // A package or summary of this revision or a later one holds for the revision.
    let since = if fleet >= revision { 1 } else { revision };
    let refreshed = sqlx::query(
        "WITH stale AS MATERIALIZED (
             SELECT id FROM package_sets
             WHERE iif(?2 IS NULL, revision = 0, digest = ?2 AND revision < ?4)
               AND NOT EXISTS (
                   SELECT 1 FROM package_set_packages AS members
                   JOIN packages ON packages.id = members.package_id
                   WHERE members.package_set_id = package_sets.id AND packages.revision < ?4)
             LIMIT ?3
         ), counted AS MATERIALIZED (
             SELECT stale.id AS set_id,
                    count(*) FILTER (WHERE is_affected AND severity = 'critical') AS critical,
                    count(*) FILTER (WHERE is_affected AND severity = 'high') AS high,
                    count(*) FILTER (WHERE is_affected AND severity = 'medium') AS medium,
                    count(*) FILTER (WHERE is_affected AND severity = 'low') AS low,
                    count(*) FILTER (WHERE is_affected AND severity = 'negligible') AS negligible,
                    count(*) FILTER (WHERE is_affected AND severity = 'unknown') AS unknown,
                    count(*) FILTER (WHERE NOT is_affected) AS undetermined
             FROM stale
             LEFT JOIN (
                 SELECT members.package_set_id, findings.severity,
                        findings.status = 'affected' AS is_affected
                 FROM package_set_packages AS members
                 JOIN matches ON matches.package_id = members.package_id
                     AND matches.first_revision <= ?1
                     AND (matches.last_revision IS NULL OR matches.last_revision >= ?1)
                 JOIN findings ON findings.id = matches.finding_id
             ) AS held ON held.package_set_id = stale.id
             GROUP BY stale.id
         )
         UPDATE package_sets SET
             revision = ?1, critical = counted.critical, high = counted.high,
             medium = counted.medium, low = counted.low, negligible = counted.negligible,
             unknown = counted.unknown, undetermined = counted.undetermined,
             coverage_gaps = (
                 SELECT count(*) FROM package_set_packages AS members
                 JOIN package_coverage AS coverage ON coverage.package_id = members.package_id
                     AND coverage.first_revision <= ?1
                     AND (coverage.last_revision IS NULL OR coverage.last_revision >= ?1)
                 WHERE members.package_set_id = package_sets.id)
         FROM counted WHERE package_sets.id = counted.set_id",
    )
    .bind(revision)
    .bind(set.map(|set| set.as_bytes().to_vec()))
    .bind(limit)
    .bind(since)
    .execute(c)
    .await?;
    Ok(refreshed.rows_affected())
}

/// Brings the summaries that change up to the revision that the fleet moves to; how many. Adds what
/// began after a summary's own revision and takes away what ended: nothing changed between that and
/// where the fleet is.
pub(super) async fn advance(c: &mut SqliteConnection, fleet: i64, revision: i64) -> Result<u64> {
    let advanced = sqlx::query(
        "WITH edges AS (
                SELECT package_id, finding_id, first_revision AS revision, 1 AS step FROM matches
                WHERE first_revision > ?1 AND first_revision <= ?2
                UNION ALL
                SELECT package_id, finding_id, last_revision + 1, -1 FROM matches
                WHERE last_revision >= ?1 AND last_revision < ?2
            ), gap_edges AS (
                SELECT package_id, first_revision AS revision, 1 AS step FROM package_coverage
                WHERE first_revision > ?1 AND first_revision <= ?2
                UNION ALL
                SELECT package_id, last_revision + 1, -1 FROM package_coverage
                WHERE last_revision >= ?1 AND last_revision < ?2
            ), counted AS (
                SELECT edges.package_id, edges.revision, edges.step,
                       CASE WHEN findings.status = 'affected' THEN findings.severity
                            ELSE 'undetermined' END AS counts_as
                FROM edges JOIN findings ON findings.id = edges.finding_id
                UNION ALL
                SELECT package_id, revision, step, 'gap' FROM gap_edges
            ), steps AS MATERIALIZED (
                SELECT package_id, revision,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'critical'), 0) AS critical,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'high'), 0) AS high,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'medium'), 0) AS medium,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'low'), 0) AS low,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'negligible'), 0) AS negligible,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'unknown'), 0) AS unknown,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'undetermined'), 0)
                           AS undetermined,
                       coalesce(sum(step) FILTER (WHERE counts_as = 'gap'), 0) AS gaps
                FROM counted GROUP BY package_id, revision
            ), changed AS MATERIALIZED (
                SELECT members.package_set_id AS set_id, sum(steps.critical) AS critical,
                       sum(steps.high) AS high, sum(steps.medium) AS medium, sum(steps.low) AS low,
                       sum(steps.negligible) AS negligible, sum(steps.unknown) AS unknown,
                       sum(steps.undetermined) AS undetermined, sum(steps.gaps) AS gaps
                FROM steps
                JOIN package_set_packages AS members ON members.package_id = steps.package_id
                JOIN package_sets AS sets ON sets.id = members.package_set_id
                    AND sets.revision > 0 AND sets.revision < steps.revision
                WHERE (steps.critical, steps.high, steps.medium, steps.low, steps.negligible,
                       steps.unknown, steps.undetermined, steps.gaps) <> (0, 0, 0, 0, 0, 0, 0, 0)
                GROUP BY members.package_set_id
            )
            UPDATE package_sets SET
                revision = ?2, critical = package_sets.critical + changed.critical,
                high = package_sets.high + changed.high, medium = package_sets.medium + changed.medium,
                low = package_sets.low + changed.low,
                negligible = package_sets.negligible + changed.negligible,
                unknown = package_sets.unknown + changed.unknown,
                undetermined = package_sets.undetermined + changed.undetermined,
                coverage_gaps = package_sets.coverage_gaps + changed.gaps
            FROM changed WHERE package_sets.id = changed.set_id",
    )
    .bind(fleet)
    .bind(revision)
    .execute(c)
    .await?;
    Ok(advanced.rows_affected())
}
