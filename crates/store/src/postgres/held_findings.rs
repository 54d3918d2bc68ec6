//! Which packages and sets have findings, now or at a revision.

use super::statements::statements;

/// Findings that hold: `now`, or at revision `$1` (of a package that was first matched later, at
/// that one). Now, `$1` is after every revision.
macro_rules! held {
    (now, $on:literal) => {
        concat!(
            " JOIN matches AS held ON ",
            $on,
            " AND held.last_revision IS NULL AND held.first_revision <= $1"
        )
    };
    (then, $on:literal) => {
        concat!(
            " JOIN matches AS held ON ",
            $on,
            " AND (held.last_revision IS NULL OR held.last_revision >= $1)
             JOIN packages AS matched ON matched.id = held.package_id
                 AND held.first_revision <= greatest($1, matched.first_revision)
                 AND (held.last_revision IS NULL
                      OR held.last_revision >= greatest($1, matched.first_revision))"
        )
    };
}

/// Bounds on what `findings` say themselves: severities, fixable and known exploited, as `$2` to
/// `$4`.
macro_rules! within_words {
    () => {
        "($2::text[] IS NULL OR findings.severity = ANY ($2))
         AND (NOT $3::boolean OR findings.is_fixable)
         AND (NOT $4::boolean OR findings.is_known_exploited)"
    };
}

/// The same, and the least probability as `$5`.
macro_rules! within_bounds {
    () => {
        concat!(
            within_words!(),
            " AND ($5::double precision IS NULL OR findings.vulnerability IN (
                SELECT vulnerability FROM exploit_predictions WHERE probability >= $5))"
        )
    };
}

pub(super) use {held, within_bounds, within_words};

macro_rules! vulnerable {
    ($moment:ident) => {
        concat!(
            "SELECT held.package_id, bool_and(findings.is_fixable) FROM finding_ids
             JOIN findings ON findings.id = finding_ids.finding_id",
            held!($moment, "held.finding_id = findings.id"),
            " WHERE finding_ids.vulnerability = $6 AND ",
            within_bounds!(),
            " GROUP BY held.package_id ORDER BY held.package_id"
        )
    };
}

macro_rules! exploited {
    ($moment:ident) => {
        concat!(
            "SELECT DISTINCT held.package_id FROM findings",
            held!($moment, "held.finding_id = findings.id"),
            " WHERE findings.is_known_exploited AND findings.status = 'affected' AND ",
            within_bounds!(),
            " ORDER BY held.package_id"
        )
    };
}

macro_rules! predicted {
    ($moment:ident) => {
        concat!(
            "SELECT DISTINCT held.package_id FROM exploit_predictions AS likely
             JOIN finding_ids ON finding_ids.vulnerability = likely.vulnerability
             JOIN findings ON findings.id = finding_ids.finding_id
                 AND findings.vulnerability = likely.vulnerability",
            held!($moment, "held.finding_id = findings.id"),
            " WHERE likely.probability >= $5 AND findings.status = 'affected' AND ",
            within_words!(),
            " ORDER BY held.package_id"
        )
    };
}

macro_rules! affected_sets {
    ($moment:ident) => {
        concat!(
            "SELECT sets.id FROM unnest($6::bigint[]) AS sets (id)
             WHERE EXISTS (
                 SELECT 1 FROM package_set_packages AS members",
            held!($moment, "held.package_id = members.package_id"),
            " JOIN findings ON findings.id = held.finding_id
                 WHERE members.package_set_id = sets.id AND findings.status = 'affected' AND ",
            within_bounds!(),
            ") ORDER BY sets.id"
        )
    };
}

macro_rules! findings_in_sets {
    ($moment:ident) => {
        concat!(
            "SELECT members.package_set_id, packages.purl, findings.content FROM finding_ids
             JOIN findings ON findings.id = finding_ids.finding_id",
            held!($moment, "held.finding_id = findings.id"),
            " JOIN package_set_packages AS members ON members.package_id = held.package_id
                 AND members.package_set_id = ANY ($7::bigint[])
             JOIN packages ON packages.id = held.package_id
             WHERE finding_ids.vulnerability = $6 AND ",
            within_bounds!(),
            " ORDER BY members.package_set_id, packages.purl COLLATE \"C\", findings.id"
        )
    };
}

macro_rules! findings_of_packages {
    ($moment:ident) => {
        concat!(
            "SELECT packages.purl, findings.content FROM finding_ids
             JOIN findings ON findings.id = finding_ids.finding_id",
            held!(
                $moment,
                "held.finding_id = findings.id AND held.package_id = ANY ($7::bigint[])"
            ),
            " JOIN packages ON packages.id = held.package_id
             WHERE finding_ids.vulnerability = $6 AND ",
            within_bounds!(),
            " ORDER BY packages.purl COLLATE \"C\", findings.id"
        )
    };
}

statements! {
    VULNERABLE_NOW = vulnerable!(now);
    VULNERABLE_THEN = vulnerable!(then);
    EXPLOITED_NOW = exploited!(now);
    EXPLOITED_THEN = exploited!(then);
    PREDICTED_NOW = predicted!(now);
    PREDICTED_THEN = predicted!(then);
    AFFECTED_SETS_NOW = affected_sets!(now);
    AFFECTED_SETS_THEN = affected_sets!(then);
    FINDINGS_IN_SETS_NOW = findings_in_sets!(now);
    FINDINGS_IN_SETS_THEN = findings_in_sets!(then);
    FINDINGS_OF_PACKAGES_NOW = findings_of_packages!(now);
    FINDINGS_OF_PACKAGES_THEN = findings_of_packages!(then);
    SETS_OF_PACKAGES = "SELECT DISTINCT package_set_id FROM package_set_packages
        WHERE package_id = ANY ($1::bigint[]) ORDER BY package_set_id";
    /// The first distinct sets from one on. Of each package no more than that are looked at: a flaw
    /// that is everywhere is answered as fast as another.
    FIRST_SETS_OF_PACKAGES = "SELECT DISTINCT first.package_set_id
        FROM unnest($1::bigint[]) AS packages (id)
        CROSS JOIN LATERAL (
            SELECT members.package_set_id FROM package_set_packages AS members
            WHERE members.package_id = packages.id AND members.package_set_id >= $2
            ORDER BY members.package_set_id LIMIT $3
        ) AS first
        ORDER BY first.package_set_id LIMIT $3";
    PURLS_IN_SETS = "SELECT members.package_set_id, packages.purl
        FROM package_set_packages AS members
        JOIN packages ON packages.id = members.package_id
        WHERE members.package_set_id = ANY ($2::bigint[]) AND members.package_id = ANY ($1::bigint[])
        ORDER BY members.package_set_id, packages.purl COLLATE \"C\"";
}
