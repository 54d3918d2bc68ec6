//! What a sweep would remove, without removing anything: both adapters ask the same.

use crate::GarbageKind;

/// Kinds that are foreseen, in the order of the statement's columns.
const KINDS: [GarbageKind; 9] = [
    GarbageKind::Scans,
    GarbageKind::UntaggedImages,
    GarbageKind::GoneImages,
    GarbageKind::Images,
    GarbageKind::PackageSets,
    GarbageKind::Changes,
    GarbageKind::FormerMatches,
    GarbageKind::Packages,
    GarbageKind::Layers,
];

/// One row of counts. Parameters are the moments until when what is kept goes back, NULL for ever:
/// of scans, untagged images, gone images and history. What goes with its last user is followed from
/// images to package sets, packages and layers.
pub(crate) const FORECAST: &str = "
    WITH going_images AS (
        SELECT id FROM images
        WHERE NOT EXISTS (
                  SELECT 1 FROM tenant_images AS held
                  WHERE held.image_id = images.id AND NOT coalesce(held.gone_at < $3, false))
          AND NOT EXISTS (
                  SELECT 1 FROM scan_images JOIN scans ON scans.id = scan_images.scan_id
                  WHERE scan_images.image_id = images.id
                    AND scans.state IN ('queued', 'cataloging'))
    ), going_sets AS (
        SELECT id FROM package_sets
        WHERE NOT EXISTS (
                  SELECT 1 FROM images
                  WHERE images.package_set_id = package_sets.id
                    AND images.id NOT IN (SELECT id FROM going_images))
          AND NOT EXISTS (
                  SELECT 1 FROM former_package_sets AS former
                  WHERE former.package_set_id = package_sets.id
                    AND former.image_id NOT IN (SELECT id FROM going_images)
                    AND NOT coalesce(former.replaced_at < $4, false))
    )
    SELECT
        (SELECT count(*) FROM scans
         WHERE state IN ('done', 'failed', 'cancelled') AND finished_at < $1),
        (SELECT count(*) FROM tenant_images AS held
         WHERE held.gone_at IS NULL AND held.last_seen < $2
           AND NOT EXISTS (SELECT 1 FROM tags
                           WHERE tags.image_id = held.image_id
                             AND tags.tenant_id = held.tenant_id
                             AND (tags.valid_to IS NULL OR tags.valid_to > $2))),
        (SELECT count(*) FROM tenant_images WHERE gone_at < $3),
        (SELECT count(*) FROM going_images),
        (SELECT count(*) FROM going_sets),
        (SELECT count(*) FROM changes
         WHERE revision <= (SELECT max(sequence) FROM revisions WHERE processed_at < $4)),
        (SELECT count(*) FROM matches
         WHERE last_revision < (SELECT max(sequence) FROM revisions WHERE processed_at < $4)),
        (SELECT count(*) FROM packages
         WHERE NOT EXISTS (
             SELECT 1 FROM package_set_packages AS members
             WHERE members.package_id = packages.id
               AND members.package_set_id NOT IN (SELECT id FROM going_sets))),
        (SELECT count(*) FROM layers
         WHERE NOT EXISTS (
             SELECT 1 FROM image_layers
             WHERE image_layers.layer_id = layers.id
               AND image_layers.image_id NOT IN (SELECT id FROM going_images)))";

/// The statement's row.
pub(crate) type Counts = (i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Counts by kind, of those of which there is something.
pub(crate) fn read_counts(counts: Counts) -> Vec<(GarbageKind, u64)> {
    let (a, b, c, d, e, f, g, h, i) = counts;
    let counts = [a, b, c, d, e, f, g, h, i].map(crate::words::read_size);
    let counts = KINDS.into_iter().zip(counts);
    counts.filter(|(_, count)| *count > 0).collect()
}
