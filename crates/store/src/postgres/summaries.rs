//! Summaries of package sets: how many findings of each severity hold.

use scanyard_package::Digest;
use sqlx::postgres::PgConnection;

use super::revisions;
use super::statements::statements;
use crate::error::Result;

statements! {
    /// Sets without a summary whose packages are all matched. Of two that make the same one the
    /// second waits and then passes over it, so that both find it made when they go on.
    WITHOUT = "SELECT id FROM package_sets
        WHERE revision = 0
          AND NOT EXISTS (
              SELECT 1 FROM package_set_packages AS members
              JOIN packages ON packages.id = members.package_id
              WHERE members.package_set_id = package_sets.id
                AND packages.revision < CASE WHEN $3::bigint >= $1::bigint THEN 1 ELSE $1 END)
        ORDER BY id LIMIT $2 FOR NO KEY UPDATE";
    /// This set, if it has none that holds for the revision. $3 is where the fleet is.
    WITHOUT_SET = "SELECT id FROM package_sets
        WHERE digest = $4 AND revision < CASE WHEN $3::bigint >= $1::bigint THEN 1 ELSE $1 END
          AND NOT EXISTS (
              SELECT 1 FROM package_set_packages AS members
              JOIN packages ON packages.id = members.package_id
              WHERE members.package_set_id = package_sets.id
                AND packages.revision < CASE WHEN $3::bigint >= $1::bigint THEN 1 ELSE $1 END)
        LIMIT $2 FOR NO KEY UPDATE";
    /// What held at the revision: some packages may be matched at a later one already, and what that
    /// changed is added when the fleet gets there.
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
                AND matches.first_revision <= $2
                AND coalesce(matches.last_revision >= $2, true)
            JOIN (SELECT id, severity, status = 'affected' AS is_affected FROM findings) AS findings
                ON findings.id = matches.finding_id
            WHERE members.package_set_id = ANY ($1::bigint[])
            GROUP BY members.package_set_id
        ), gaps AS MATERIALIZED (
            SELECT members.package_set_id AS set_id, count(*) AS gaps
            FROM package_set_packages AS members
            JOIN package_coverage AS coverage ON coverage.package_id = members.package_id
                AND coverage.first_revision <= $2
                AND coalesce(coverage.last_revision >= $2, true)
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
    /// Adds what began after a summary's own revision and takes away what ended, for the few sets
    /// that it concerns. $1 is where the fleet is, $2 where it goes: nothing changed between a
    /// summary's own revision and the former.
    ADVANCE = "WITH edges AS (
            SELECT package_id, finding_id, first_revision AS revision, 1 AS step FROM matches
            WHERE first_revision > $1 AND first_revision <= $2
            UNION ALL
            SELECT package_id, finding_id, last_revision + 1, -1 FROM matches
            WHERE last_revision >= $1 AND last_revision < $2
        ), gap_edges AS (
            SELECT package_id, first_revision AS revision, 1 AS step FROM package_coverage
            WHERE first_revision > $1 AND first_revision <= $2
            UNION ALL
            SELECT package_id, last_revision + 1, -1 FROM package_coverage
            WHERE last_revision >= $1 AND last_revision < $2
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
            revision = $2, critical = package_sets.critical + changed.critical,
            high = package_sets.high + changed.high, medium = package_sets.medium + changed.medium,
            low = package_sets.low + changed.low,
            negligible = package_sets.negligible + changed.negligible,
            unknown = package_sets.unknown + changed.unknown,
            undetermined = package_sets.undetermined + changed.undetermined,
            coverage_gaps = package_sets.coverage_gaps + changed.gaps
        FROM changed WHERE package_sets.id = changed.set_id";
}

/// Makes summaries as of a revision that the fleet is not past; how many.
pub(super) async fn refresh(
    c: &mut PgConnection,
    set: Option<Digest>,
    revision: i64,
    limit: u32,
) -> Result<u64> {
    let fleet = revisions::hold_fleet(c, revision).await?;
    let query = match &set {
        Some(_) => sqlx::query_scalar(WITHOUT_SET),
        None => sqlx::query_scalar(WITHOUT),
    };
    let query = query.bind(revision).bind(i64::from(limit)).bind(fleet);
    let query = match &set {
        Some(set) => query.bind(set.as_bytes().as_slice()),
        None => query,
    };
    let without: Vec<i64> = query.fetch_all(&mut *c).await?;
    if without.is_empty() {
        return Ok(0);
    }
    let refreshed = sqlx::query(REFRESH)
        .bind(without)
        .bind(revision)
        .execute(c)
        .await?;
    Ok(refreshed.rows_affected())
}

/// Brings the summaries that change up to the revision that the fleet moves to; how many.
pub(super) async fn advance(c: &mut PgConnection, fleet: i64, revision: i64) -> Result<u64> {
    let advanced = sqlx::query(ADVANCE)
        .bind(fleet)
        .bind(revision)
        .execute(c)
        .await?;
    Ok(advanced.rows_affected())
}
