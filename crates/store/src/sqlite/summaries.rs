//! Summaries of package sets: how many findings of each severity hold.

use scanyard_package::Digest;
use sqlx::sqlite::SqliteConnection;

use crate::error::Result;

/// Brings summaries up to a revision. The counts are of what holds now, which may be a later
/// revision's; the next call for that one brings the number up.
pub(super) async fn refresh(
    c: &mut SqliteConnection,
    set: Option<Digest>,
    revision: i64,
    limit: u32,
) -> Result<u64> {
    let refreshed = sqlx::query(
        "WITH stale AS MATERIALIZED (
             SELECT id FROM package_sets
             WHERE revision < ?1 AND (?2 IS NULL OR digest = ?2)
               AND NOT EXISTS (
                   SELECT 1 FROM package_set_packages AS members
                   JOIN packages ON packages.id = members.package_id
                   WHERE members.package_set_id = package_sets.id AND packages.revision < ?1)
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
                     AND matches.last_revision IS NULL
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
                 JOIN package_coverage ON package_coverage.package_id = members.package_id
                 WHERE members.package_set_id = package_sets.id)
         FROM counted WHERE package_sets.id = counted.set_id",
    )
    .bind(revision)
    .bind(set.map(|set| set.as_bytes().to_vec()))
    .bind(limit)
    .execute(c)
    .await?;
    Ok(refreshed.rows_affected())
}
