//! Which packages and sets have findings, now or at a revision.

/// Findings that hold: `now`, or at revision `?1` (of a package that was first matched later, at
/// that one). Now, `?1` is after every revision.
macro_rules! held {
    (now, $on:literal) => {
        concat!(
            " JOIN matches AS held ON ",
            $on,
            " AND held.last_revision IS NULL AND held.first_revision <= ?1"
        )
    };
    (then, $on:literal) => {
        concat!(
            " JOIN matches AS held ON ",
            $on,
            " AND (held.last_revision IS NULL OR held.last_revision >= ?1)
             JOIN packages AS matched ON matched.id = held.package_id
                 AND held.first_revision <= max(?1, matched.first_revision)
                 AND (held.last_revision IS NULL
                      OR held.last_revision >= max(?1, matched.first_revision))"
        )
    };
}

/// Bounds on what `findings` say themselves: severities, fixable and known exploited, as `?2` to
/// `?4`.
macro_rules! within_words {
    () => {
        "(?2 IS NULL OR findings.severity IN (SELECT value FROM json_each(?2)))
         AND (NOT ?3 OR findings.is_fixable)
         AND (NOT ?4 OR findings.is_known_exploited)"
    };
}

/// The same, and the least probability as `?5`.
macro_rules! within_bounds {
    () => {
        concat!(
            within_words!(),
            " AND (?5 IS NULL OR findings.vulnerability IN (
                SELECT vulnerability FROM exploit_predictions WHERE probability >= ?5))"
        )
    };
}

pub(super) use {held, within_bounds, within_words};

macro_rules! vulnerable {
    ($moment:ident) => {
        concat!(
            "SELECT held.package_id, min(findings.is_fixable) FROM finding_ids
             JOIN findings ON findings.id = finding_ids.finding_id",
            held!($moment, "held.finding_id = findings.id"),
            " WHERE finding_ids.vulnerability = ?6 AND ",
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
            " WHERE likely.probability >= ?5 AND findings.status = 'affected' AND ",
            within_words!(),
            " ORDER BY held.package_id"
        )
    };
}

macro_rules! affected_sets {
    ($moment:ident) => {
        concat!(
            "SELECT sets.id FROM (SELECT value AS id FROM json_each(?6)) AS sets
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
                 AND members.package_set_id IN (SELECT value FROM json_each(?7))
             JOIN packages ON packages.id = held.package_id
             WHERE finding_ids.vulnerability = ?6 AND ",
            within_bounds!(),
            " ORDER BY members.package_set_id, packages.purl, findings.id"
        )
    };
}

macro_rules! findings_of_packages {
    ($moment:ident) => {
        concat!(
            "SELECT packages.purl, findings.content FROM finding_ids
             JOIN findings ON findings.id = finding_ids.finding_id",
            held!($moment, "held.finding_id = findings.id AND held.package_id IN (SELECT value FROM json_each(?7))"),
            " JOIN packages ON packages.id = held.package_id
             WHERE finding_ids.vulnerability = ?6 AND ",
            within_bounds!(),
            " ORDER BY packages.purl, findings.id"
        )
    };
}

pub(super) const VULNERABLE_NOW: &str = vulnerable!(now);
pub(super) const VULNERABLE_THEN: &str = vulnerable!(then);
pub(super) const EXPLOITED_NOW: &str = exploited!(now);
pub(super) const EXPLOITED_THEN: &str = exploited!(then);
pub(super) const PREDICTED_NOW: &str = predicted!(now);
pub(super) const PREDICTED_THEN: &str = predicted!(then);
pub(super) const AFFECTED_SETS_NOW: &str = affected_sets!(now);
pub(super) const AFFECTED_SETS_THEN: &str = affected_sets!(then);
pub(super) const FINDINGS_IN_SETS_NOW: &str = findings_in_sets!(now);
pub(super) const FINDINGS_IN_SETS_THEN: &str = findings_in_sets!(then);
pub(super) const FINDINGS_OF_PACKAGES_NOW: &str = findings_of_packages!(now);
pub(super) const FINDINGS_OF_PACKAGES_THEN: &str = findings_of_packages!(then);
pub(super) const SETS_OF_PACKAGES: &str = "SELECT DISTINCT package_set_id FROM package_set_packages
    WHERE package_id IN (SELECT value FROM json_each(?1)) ORDER BY package_set_id";
/// The first distinct sets from one on.
pub(super) const FIRST_SETS_OF_PACKAGES: &str =
    "SELECT DISTINCT package_set_id FROM package_set_packages
    WHERE package_id IN (SELECT value FROM json_each(?1)) AND package_set_id >= ?2
    ORDER BY package_set_id LIMIT ?3";
pub(super) const PURLS_IN_SETS: &str = "SELECT members.package_set_id, packages.purl
    FROM package_set_packages AS members
    JOIN packages ON packages.id = members.package_id
    WHERE members.package_set_id IN (SELECT value FROM json_each(?2))
      AND members.package_id IN (SELECT value FROM json_each(?1))
    ORDER BY members.package_set_id, packages.purl";
