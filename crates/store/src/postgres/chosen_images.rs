//! A tenant's images by their package sets: all of them as they are now, from one index; or those
//! that a scope describes.

use super::statements::statements;

/// Bounds on `tenant_images` and `images`: tenant, moment, repositories, distros, part of the
/// labels, first and last sight, whether no tag names them, package sets, as `$1` to `$10`.
macro_rules! within_scope {
    () => {
        "tenant_images.tenant_id = $1
         AND CASE WHEN $2::timestamptz IS NULL THEN tenant_images.gone_at IS NULL
                  ELSE tenant_images.first_seen <= $2
                       AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > $2) END
         AND ($3::bigint[] IS NULL OR tenant_images.image_id = ANY (ARRAY(
             SELECT image_id FROM repository_images AS held
             WHERE held.repository_id = ANY ($3)
               AND CASE WHEN $2 IS NULL THEN held.gone_at IS NULL
                        ELSE held.first_seen <= $2
                             AND (held.gone_at IS NULL OR held.gone_at > $2) END)))
         AND ($4::bigint[] IS NULL OR images.distro_id = ANY ($4))
         AND ($5::text IS NULL OR strpos(images.labels, $5) > 0)
         AND ($6::timestamptz IS NULL OR tenant_images.first_seen >= $6)
         AND ($7::timestamptz IS NULL OR tenant_images.last_seen >= $7)
         AND ($8::timestamptz IS NULL OR tenant_images.last_seen < $8)
         AND (NOT $9::boolean OR NOT EXISTS (
             SELECT 1 FROM tags
             WHERE tags.image_id = tenant_images.image_id AND tags.tenant_id = $1
               AND CASE WHEN $2 IS NULL THEN tags.valid_to IS NULL
                        ELSE tags.valid_from <= $2
                             AND (tags.valid_to IS NULL OR tags.valid_to > $2) END))"
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
            "     AND ($2 IS NULL OR images.assembled_at IS NULL OR images.assembled_at <= $2)
                  AND ($10::bigint[] IS NULL
                       OR tenant_images.package_set_id = ANY ($10))
                UNION ALL
                SELECT tenant_images.image_id, former.package_set_id, tenant_images.last_seen
                FROM former_package_sets AS former
                JOIN tenant_images ON tenant_images.image_id = former.image_id
                JOIN images ON images.id = former.image_id
                WHERE ",
            within_scope!(),
            "     AND former.assembled_at <= $2 AND former.replaced_at > $2
                  AND ($10::bigint[] IS NULL
                       OR former.package_set_id = ANY ($10))
            ) ",
            $rest
        )
    };
}

pub(super) use {chosen, within_scope};

statements! {
    /// Tenant, sets, limit.
    COUNT = "SELECT count(*) FROM (
            SELECT 1 FROM tenant_images
            WHERE tenant_id = $1 AND gone_at IS NULL
              AND package_set_id = ANY (ARRAY(SELECT unnest($2::bigint[])))
            LIMIT $3
        ) AS counted";
    COUNT_CHOSEN = chosen!("SELECT count(*) FROM (SELECT 1 FROM chosen LIMIT $11) AS counted");
    BY_SET = "SELECT package_set_id, count(*) FROM tenant_images
        WHERE tenant_id = $1 AND gone_at IS NULL
          AND package_set_id = ANY (ARRAY(SELECT unnest($2::bigint[])))
        GROUP BY package_set_id ORDER BY package_set_id";
    BY_EVERY_SET = "SELECT package_set_id, count(*) FROM tenant_images
        WHERE tenant_id = $1 AND gone_at IS NULL AND package_set_id IS NOT NULL
        GROUP BY package_set_id ORDER BY package_set_id";
    BY_SET_CHOSEN = chosen!("SELECT package_set_id, count(*) FROM chosen
        WHERE package_set_id IS NOT NULL GROUP BY package_set_id ORDER BY package_set_id");
    /// Tenant, sets, the set and the image before, limit.
    OF_SETS = "SELECT image.package_set_id, image.image_id FROM unnest($2::bigint[]) AS sets (id)
        CROSS JOIN LATERAL (
            SELECT package_set_id, image_id FROM tenant_images
            WHERE tenant_id = $1 AND gone_at IS NULL AND package_set_id = sets.id
              AND (package_set_id, image_id) > ($3, $4)
            ORDER BY image_id LIMIT $5
        ) AS image
        LIMIT $5";
    OF_SETS_CHOSEN = chosen!("SELECT package_set_id, image_id FROM chosen
        WHERE (package_set_id, image_id) > ($11, $12)
        ORDER BY package_set_id, image_id LIMIT $13");
    BY_REPOSITORY = chosen!("SELECT repositories.name, count(*) FROM chosen
        JOIN repository_images AS held ON held.image_id = chosen.image_id AND held.tenant_id = $1
            AND CASE WHEN $2 IS NULL THEN held.gone_at IS NULL
                     ELSE held.first_seen <= $2
                          AND (held.gone_at IS NULL OR held.gone_at > $2) END
        JOIN repositories ON repositories.id = held.repository_id
        WHERE $3 IS NULL OR held.repository_id = ANY ($3)
        GROUP BY repositories.id, repositories.name
        ORDER BY count(*) DESC, repositories.name COLLATE \"C\" LIMIT $11");
    /// As of now; last sight and image before, the least rank, limit. It walks the index by last
    /// sight, which no union would let it.
    LATEST_NOW = concat!("SELECT (extract(epoch FROM tenant_images.last_seen) * 1000000)::bigint,
               tenant_images.image_id, coalesce(tenant_images.package_set_id, 0)
        FROM tenant_images
        JOIN images ON images.id = tenant_images.image_id
        LEFT JOIN package_sets AS sets ON sets.id = tenant_images.package_set_id
        WHERE ", within_scope!(), "
          AND ($10::bigint[] IS NULL OR tenant_images.package_set_id = ANY ($10))
          AND (tenant_images.last_seen, tenant_images.image_id) < ($11::timestamptz, $12)
          AND coalesce(sets.worst, 0) >= $13
        ORDER BY tenant_images.last_seen DESC, tenant_images.image_id DESC LIMIT $14");
    /// Last sight and image before, the least rank, limit.
    LATEST = chosen!("SELECT (extract(epoch FROM chosen.last_seen) * 1000000)::bigint,
               chosen.image_id, coalesce(chosen.package_set_id, 0)
        FROM chosen LEFT JOIN package_sets AS sets ON sets.id = chosen.package_set_id
        WHERE (chosen.last_seen, chosen.image_id) < ($11::timestamptz, $12)
          AND coalesce(sets.worst, 0) >= $13
        ORDER BY chosen.last_seen DESC, chosen.image_id DESC LIMIT $14");
    BY_PACKAGE = "SELECT members.package_id, count(*)
        FROM package_set_packages AS members
        JOIN tenant_images ON tenant_images.tenant_id = $1 AND tenant_images.gone_at IS NULL
            AND tenant_images.package_set_id = members.package_set_id
        WHERE members.package_id = ANY ($2::bigint[])
        GROUP BY members.package_id ORDER BY members.package_id";
    /// Sets of the packages are among `$10`.
    BY_PACKAGE_CHOSEN = chosen!("SELECT members.package_id, count(*) FROM chosen
        JOIN package_set_packages AS members ON members.package_set_id = chosen.package_set_id
        WHERE members.package_id = ANY ($11::bigint[])
        GROUP BY members.package_id ORDER BY members.package_id");
}
