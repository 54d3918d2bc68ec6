//! A tenant's images by their package sets: all of them as they are now, from one index; or those
//! that a scope describes.

/// Bounds on `tenant_images` and `images`: tenant, moment, repositories, distros, part of the
/// labels, first and last sight, whether no tag names them, package sets, as `?1` to `?10`.
macro_rules! within_scope {
    () => {
        "tenant_images.tenant_id = ?1
         AND CASE WHEN ?2 IS NULL THEN tenant_images.gone_at IS NULL
                  ELSE tenant_images.first_seen <= ?2
                       AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > ?2) END
         AND (?3 IS NULL OR tenant_images.image_id IN (
             SELECT image_id FROM repository_images AS held
             WHERE held.repository_id IN (SELECT value FROM json_each(?3))
               AND CASE WHEN ?2 IS NULL THEN held.gone_at IS NULL
                        ELSE held.first_seen <= ?2
                             AND (held.gone_at IS NULL OR held.gone_at > ?2) END))
         AND (?4 IS NULL OR images.distro_id IN (SELECT value FROM json_each(?4)))
         AND (?5 IS NULL OR instr(images.labels, ?5) > 0)
         AND (?6 IS NULL OR tenant_images.first_seen >= ?6)
         AND (?7 IS NULL OR tenant_images.last_seen >= ?7)
         AND (?8 IS NULL OR tenant_images.last_seen < ?8)
         AND (NOT ?9 OR NOT EXISTS (
             SELECT 1 FROM tags
             WHERE tags.image_id = tenant_images.image_id AND tags.tenant_id = ?1
               AND CASE WHEN ?2 IS NULL THEN tags.valid_to IS NULL
                        ELSE tags.valid_from <= ?2
                             AND (tags.valid_to IS NULL OR tags.valid_to > ?2) END))"
    };
}

/// The images of a scope with the package sets that they had: now their own, at a moment also what
/// was replaced since.
macro_rules! chosen {
    ($rest:literal) => {
        concat!(
            "WITH chosen AS (
                SELECT tenant_images.image_id, tenant_images.package_set_id, tenant_images.last_seen
                FROM tenant_images
                JOIN images ON images.id = tenant_images.image_id
                WHERE ",
            within_scope!(),
            "     AND (?2 IS NULL OR images.assembled_at IS NULL OR images.assembled_at <= ?2)
                  AND (?10 IS NULL
                       OR tenant_images.package_set_id IN (SELECT value FROM json_each(?10)))
                UNION ALL
                SELECT tenant_images.image_id, former.package_set_id, tenant_images.last_seen
                FROM former_package_sets AS former
                JOIN tenant_images ON tenant_images.image_id = former.image_id
                JOIN images ON images.id = former.image_id
                WHERE ",
            within_scope!(),
            "     AND former.assembled_at <= ?2 AND former.replaced_at > ?2
                  AND (?10 IS NULL
                       OR former.package_set_id IN (SELECT value FROM json_each(?10)))
            ) ",
            $rest
        )
    };
}

pub(super) use {chosen, within_scope};

/// Tenant, sets, limit.
pub(super) const COUNT: &str = "SELECT count(*) FROM (
        SELECT 1 FROM tenant_images
        WHERE tenant_id = ?1 AND gone_at IS NULL
          AND package_set_id IN (SELECT value FROM json_each(?2))
        LIMIT ?3
    ) AS counted";
pub(super) const COUNT_CHOSEN: &str =
    chosen!("SELECT count(*) FROM (SELECT 1 FROM chosen LIMIT ?11) AS counted");
pub(super) const BY_SET: &str = "SELECT package_set_id, count(*) FROM tenant_images
    WHERE tenant_id = ?1 AND gone_at IS NULL
      AND package_set_id IN (SELECT value FROM json_each(?2))
    GROUP BY package_set_id ORDER BY package_set_id";
pub(super) const BY_EVERY_SET: &str = "SELECT package_set_id, count(*) FROM tenant_images
    WHERE tenant_id = ?1 AND gone_at IS NULL AND package_set_id IS NOT NULL
    GROUP BY package_set_id ORDER BY package_set_id";
pub(super) const BY_SET_CHOSEN: &str = chosen!(
    "SELECT package_set_id, count(*) FROM chosen
    WHERE package_set_id IS NOT NULL GROUP BY package_set_id ORDER BY package_set_id"
);
/// Tenant, sets, the set and the image before, limit.
pub(super) const OF_SETS: &str = "SELECT package_set_id, image_id FROM tenant_images
    WHERE tenant_id = ?1 AND gone_at IS NULL
      AND package_set_id IN (SELECT value FROM json_each(?2))
      AND (package_set_id, image_id) > (?3, ?4)
    ORDER BY package_set_id, image_id LIMIT ?5";
pub(super) const OF_SETS_CHOSEN: &str = chosen!(
    "SELECT package_set_id, image_id FROM chosen
    WHERE (package_set_id, image_id) > (?11, ?12)
    ORDER BY package_set_id, image_id LIMIT ?13"
);
pub(super) const BY_REPOSITORY: &str = chosen!(
    "SELECT repositories.name, count(*) FROM chosen
    JOIN repository_images AS held ON held.image_id = chosen.image_id AND held.tenant_id = ?1
        AND CASE WHEN ?2 IS NULL THEN held.gone_at IS NULL
                 ELSE held.first_seen <= ?2
                      AND (held.gone_at IS NULL OR held.gone_at > ?2) END
    JOIN repositories ON repositories.id = held.repository_id
    WHERE ?3 IS NULL OR held.repository_id IN (SELECT value FROM json_each(?3))
    GROUP BY repositories.id, repositories.name
    ORDER BY count(*) DESC, repositories.name LIMIT ?11"
);
/// Last sight and image before, the least rank, limit.
pub(super) const LATEST: &str = chosen!(
    "SELECT chosen.last_seen,
           chosen.image_id, coalesce(chosen.package_set_id, 0)
    FROM chosen LEFT JOIN package_sets AS sets ON sets.id = chosen.package_set_id
    WHERE (chosen.last_seen, chosen.image_id) < (?11, ?12)
      AND CASE WHEN sets.critical > 0 THEN 6 WHEN sets.high > 0 THEN 5 WHEN sets.medium > 0 THEN 4
                    WHEN sets.low > 0 THEN 3 WHEN sets.negligible > 0 THEN 2
                    WHEN sets.unknown > 0 THEN 1 ELSE 0 END >= ?13
    ORDER BY chosen.last_seen DESC, chosen.image_id DESC LIMIT ?14"
);
pub(super) const BY_PACKAGE: &str = "SELECT members.package_id, count(*)
    FROM package_set_packages AS members
    JOIN tenant_images ON tenant_images.tenant_id = ?1 AND tenant_images.gone_at IS NULL
        AND tenant_images.package_set_id = members.package_set_id
    WHERE members.package_id IN (SELECT value FROM json_each(?2))
    GROUP BY members.package_id ORDER BY members.package_id";
/// Sets of the packages are among `?10`.
pub(super) const BY_PACKAGE_CHOSEN: &str = chosen!(
    "SELECT members.package_id, count(*) FROM chosen
    JOIN package_set_packages AS members ON members.package_set_id = chosen.package_set_id
    WHERE members.package_id IN (SELECT value FROM json_each(?11))
    GROUP BY members.package_id ORDER BY members.package_id"
);
