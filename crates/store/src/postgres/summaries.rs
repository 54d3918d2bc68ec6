//! Summaries of package sets: how many findings of each severity hold.

use scanyard_package::Digest;
use sqlx::postgres::PgConnection;

use super::statements::statements;
use crate::error::Result;

statements! {
    /// Sets whose packages are all matched. Of two that bring the same set up the second waits and
    /// then passes over it, so that both find it up to date when they go on.
    STALE = "SELECT id FROM package_sets
        WHERE revision < $1
          AND NOT EXISTS (
              SELECT 1 FROM package_set_packages AS members
              JOIN packages ON packages.id = members.package_id
              WHERE members.package_set_id = package_sets.id AND packages.revision < $1)
        ORDER BY revision, id LIMIT $2 FOR NO KEY UPDATE";
    STALE_SET = "SELECT id FROM package_sets
        WHERE revision < $1 AND digest = $3
          AND NOT EXISTS (
              SELECT 1 FROM package_set_packages AS members
              JOIN packages ON packages.id = members.package_id
              WHERE members.package_set_id = package_sets.id AND packages.revision < $1)
        LIMIT $2 FOR NO KEY UPDATE";
    /// The counts are of what holds now, which may be a later revision's; the next call for that one
    /// brings the number up.
    REFRESH = "WITH counted AS MATERIALIZED (
            SELECT members.package_set_id AS set_id,
                   count(*) FILTER (WHERE is_affected AND severity = 'critical') AS critical,
                   count(*) FILTER (WHERE is_affected AND severity = 'high') AS high,
                   count(*) FILTER (WHERE is_affected AND severity = 'medium') AS medium,
                   count(*) FILTER (WHERE is_affected AND severity = 'low') AS low,
                   count(*) FILTER (WHERE is_affected AND severity = 'negligible') AS negligible,
                   count(*) FILTER (WHERE is_affected AND severity = 'unknown') AS unknown,
                   count(*) FILTER (WHERE NOT is_affected) AS undetermined
            FROM package_set_packages AS members
            JOIN matches ON matches.package_id = members.package_id
                AND matches.last_revision IS NULL
            JOIN (SELECT id, severity, status = 'affected' AS is_affected FROM findings) AS findings
                ON findings.id = matches.finding_id
            WHERE members.package_set_id = ANY ($1::bigint[])
            GROUP BY members.package_set_id
        ), gaps AS MATERIALIZED (
            SELECT members.package_set_id AS set_id, count(*) AS gaps
            FROM package_set_packages AS members
            JOIN package_coverage ON package_coverage.package_id = members.package_id
            WHERE members.package_set_id = ANY ($1::bigint[])
            GROUP BY members.package_set_id
        )
        UPDATE package_sets SET
            revision = $2, critical = coalesce(counted.critical, 0),
            high = coalesce(counted.high, 0), medium = coalesce(counted.medium, 0),
            low = coalesce(counted.low, 0), negligible = coalesce(counted.negligible, 0),
            unknown = coalesce(counted.unknown, 0),
            undetermined = coalesce(counted.undetermined, 0),
            coverage_gaps = coalesce(gaps.gaps, 0)
        FROM unnest($1::bigint[]) AS stale (id)
        LEFT JOIN counted ON counted.set_id = stale.id
        LEFT JOIN gaps ON gaps.set_id = stale.id
        WHERE package_sets.id = stale.id";
}

/// Brings summaries up to a revision; how many.
pub(super) async fn refresh(
    c: &mut PgConnection,
    set: Option<Digest>,
    revision: i64,
    limit: u32,
) -> Result<u64> {
    let statement = match set {
        Some(_) => STALE_SET,
        None => STALE,
    };
    let query = sqlx::query_scalar(statement)
        .bind(revision)
        .bind(i64::from(limit));
    let query = match &set {
        Some(set) => query.bind(set.as_bytes().as_slice()),
        None => query,
    };
    let stale: Vec<i64> = query.fetch_all(&mut *c).await?;
    if stale.is_empty() {
        return Ok(0);
    }
    let refreshed = sqlx::query(REFRESH)
        .bind(stale)
        .bind(revision)
        .execute(c)
        .await?;
    Ok(refreshed.rows_affected())
}
